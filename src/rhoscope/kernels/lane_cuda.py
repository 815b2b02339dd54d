"""What a lane is on CUDA: one thread. The lanes of a warp are interleaved, so that a warp's loads are contiguous.

The names and meanings are those of `lane_cpu`, with a group as wide as a warp. A thread sees an interleaved
array from its own lane on, `beyond(a, start(elements, thread))`: element i of it lies at [i * WIDTH].
"""

from numba import uint64

from rhoscope.kernels import double as precision
from rhoscope.kernels.jit_cuda import SIMULATED, inlined
from rhoscope.kernels.layout import WARP as WIDTH

if SIMULATED:
    from rhoscope.kernels import scalars_simulated as scalars
else:
    from rhoscope.kernels import scalars_cuda as scalars

__all__ = ["precision"]

# A thread has registers for eight running sums and more.
EIGHT_SUMS = True
# Whether the last four rows of the QR iteration stay in local variables.
FINISH_IN_REGISTERS = False

abs = scalars.absolute
beyond = scalars.beyond
bits = scalars.bits
floor = scalars.floor
fma = scalars.fma
from_bits = scalars.from_bits
part = scalars.part
sqrt = scalars.sqrt
to_float = to_float_53 = scalars.to_float
to_int = scalars.to_int


@inlined
def start(elements, thread):
    """Where the lane of a thread begins in an array of groups of `elements` elements."""
    return thread // WIDTH * (elements * WIDTH) + thread % WIDTH


@inlined
def load(a, i):
    """Element i of the lane a."""
    return a[uint64(i * WIDTH)]  # unsigned: negative indices would cost a comparison each


@inlined
def store(a, i, v):
    """Write element i of the lane a."""
    a[uint64(i * WIDTH)] = v


@inlined
def take(a, i):
    """Element i, which may differ from lane to lane."""
    return a[uint64(i * WIDTH)]


@inlined
def scatter(a, i, v, mask):
    """Write v to element i, which may differ from lane to lane, where the mask holds."""
    if mask:
        a[uint64(i * WIDTH)] = v


@inlined
def get(a, i):
    """Scalar a[i] of a contiguous array."""
    return a[uint64(i)]


@inlined
def put(a, i, x):
    """Write scalar a[i] of a contiguous array."""
    a[uint64(i)] = x


@inlined
def const(x):
    """The float x."""
    return to_float(x)


@inlined
def iconst(x):
    """The integer x."""
    return x


index = iconst
load_index = load


@inlined
def where(mask, x, y):
    """x where the mask holds, y elsewhere."""
    return x if mask else y


@inlined
def maximum(x, y):
    """The larger of x and y; y where either is NaN."""
    return x if x > y else y


@inlined
def minimum(x, y):
    """The smaller of x and y; y where either is NaN."""
    return x if x < y else y


@inlined
def any(mask):
    """The mask itself: no other lane has a say."""
    return mask


@inlined
def all(mask):
    """The mask itself: no other lane has a say."""
    return mask


@inlined
def highest(x):
    """The lane's own value."""
    return x


@inlined
def lowest(x):
    """The lane's own value."""
    return x


@inlined
def align_frame():
    """Nothing: a lane is one number."""
