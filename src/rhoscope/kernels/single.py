"""What kernels ask of float32; the names are those of `double`."""

WIDTH = 16

FRACTION = 23
BIAS = 127
EXPONENT = 0x7F800000
EPS = 2.0**-23
TINY = 2.0**-126
LARGEST = 3.4028234663852886e38

UNSEEN = 1e-22
SMALL = 1e-15
LARGE = 1e15
SMALL_NORM = 1e-15
NEGLIGIBLE = 2.0**-80
SHORT = 2.0**-20
FACTORS = 2
DOWN = 2.0**-60

BLOCK = 32
FEW_ROWS = 4
FEW_ROWS_BLOCK = 16
# Products of two vectors grow no faster, and so many of them, HEADROOM included, still add up within range.
SPAN = 64
LOW = 2.0**-30
HIGH = 2.0**100
NORM_BLOCK = 48
NORM_SPAN = 40
LOWEST = 2.0**-62
HIGHEST = 2.0**120
HEADROOM = 16.0
COLUMNS_FROM = 29
# Exponents are held as float32, where whole numbers are exact to 2^24; past this one they are not trusted.
LAST_EXPONENT = 2.0**22
# A sixteenth by the bound; of 4,000 Ginibre matrices of each size from 4 to 32 none was off by more than 2e-5.
MOST_ERROR = 2.0**19
USUAL_SHARE = 0.25
RESULT_CELLS = 2
