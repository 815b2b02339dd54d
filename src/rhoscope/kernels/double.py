"""What kernels ask of float64: its format, and how far powers and squares may go before they leave its range.

A lane module offers these names as its own (`lane.EPS`), so that one text serves both precisions; `single` has the
same names for float32.
"""

from rhoscope.kernels.layout import WIDTH

__all__ = ["WIDTH"]

# The format: bits of the fraction, bias of the exponent, its bits; 2 - 1 in the last place, ends of the normal range.
FRACTION = 52
BIAS = 1023
EXPONENT = 0x7FF0000000000000
EPS = 2.220446049250313e-16
TINY = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308

# The square of an entry this far below its neighbours underflows beside theirs, and no reflection sees it.
UNSEEN = 1e-160
# Squares of numbers between these are far from both ends of the range, and so are their sums.
SMALL = 1e-100
LARGE = 1e100
# Squares of entries below this may have underflowed; norms as small as that are taken by the largest entry.
SMALL_NORM = 1e-150
# Squares of a column below this may have lost digits to underflow, beside a matrix with an entry of at least 1.
NEGLIGIBLE = 2.0**-900
# A step relative to x that ends an iteration: 8 units in the last place.
SHORT = 2.0**-49
# Terms of a product of differences between two rescalings.
FACTORS = 4
# Entries of a solution above LARGE are multiplied by this.
DOWN = 2.0**-400

# Steps between two rescalings of a recurrence, at most; a block of them grows a vector by at most 2^SPAN.
BLOCK = 32
# The same up to FEW_ROWS rows. Long blocks save what a block costs beside its steps, up to half of the time; in too
# long ones vectors leave the safe range, and the block is done twice.
FEW_ROWS = 4
FEW_ROWS_BLOCK = 64
SPAN = 800
# A block that ends between these was in range throughout, and products of two such vectors are.
LOW = 2.0**-200
HIGH = 2.0**200
# Where only norms are wanted, blocks are longer, and looked at after steps that grow a vector by at most 2^NORM_SPAN.
NORM_BLOCK = 128
NORM_SPAN = 400
LOWEST = 2.0**-600
HIGHEST = 2.0**900
# The exponent of a sum follows its terms only when they pass it by this much, which spares most rescaling.
HEADROOM = 64.0
# From this size on a lane is a column: the interleaved matrices of a group no longer fit the first-level cache.
COLUMNS_FROM = 17
# Of the error of A^K relative to |A^K|, in Frobenius norms and units of the last place, by a bound that is far from
# sharp: in float64, for Ginibre matrices of size 32 and K = 16, it is 6e-11 where this is 1e-9 and the error 1e-15.
MOST_ERROR = 4.5e6
# How much of it is usual at most where strides are tried: matrices differ, less so the larger they are.
USUAL_SHARE = 0.5
# Cells that a result, which is float64 in either precision, takes in a work array.
RESULT_CELLS = 1
