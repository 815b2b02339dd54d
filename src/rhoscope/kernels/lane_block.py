"""What a lane is where a block of threads shares one matrix: its elements lie one after the other.

The names and meanings are those of `lane_cuda`; every thread of the block sees the whole lane. `thread`, `sync` and
`sync_any` are of the block.
"""

from numba import uint64

from rhoscope.kernels import lane_cuda
from rhoscope.kernels.jit_cuda import inlined

scalars = lane_cuda.scalars

EIGHT_SUMS = lane_cuda.EIGHT_SUMS
FINISH_IN_REGISTERS = lane_cuda.FINISH_IN_REGISTERS

abs = lane_cuda.abs
align_frame = lane_cuda.align_frame
all = lane_cuda.all
any = lane_cuda.any
bits = lane_cuda.bits
const = lane_cuda.const
floor = lane_cuda.floor
fma = lane_cuda.fma
from_bits = lane_cuda.from_bits
get = lane_cuda.get
highest = lane_cuda.highest
iconst = lane_cuda.iconst
lowest = lane_cuda.lowest
maximum = lane_cuda.maximum
minimum = lane_cuda.minimum
part = scalars.beyond
precision = lane_cuda.precision
put = lane_cuda.put
sqrt = lane_cuda.sqrt
sync = scalars.sync
sync_any = scalars.sync_any
thread = scalars.thread
to_float = lane_cuda.to_float
to_int = lane_cuda.to_int
where = lane_cuda.where


@inlined
def load(a, i):
    """Element i of the lane a."""
    return a[uint64(i)]  # unsigned: negative indices would cost a comparison each


@inlined
def store(a, i, v):
    """Write element i of the lane a."""
    a[uint64(i)] = v


@inlined
def take(a, i):
    """Element i, which may differ from thread to thread."""
    return a[uint64(i)]


@inlined
def scatter(a, i, v, mask):
    """Write v to element i, which may differ from thread to thread, where the mask holds."""
    if mask:
        a[uint64(i)] = v
