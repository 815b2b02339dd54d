"""Which layout a recurrence of a given size takes, and how much memory its kernels need; plain Python."""

from math import isqrt

from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence import BLOCK, regions
from rhoscope.kernels.vector import WIDTH

# From this size on a lane is a column: eight interleaved matrices no longer fit the first-level cache.
COLUMNS_FROM = 17
# States kept by one thread before backpropagation turns to checkpoints.
STATE_BYTES = 1 << 22


def _shape(n: int, columns: bool) -> tuple[int, int, int]:
    """Elements of a matrix in a cell, cells of a vector, and cells of a matrix."""
    width = WIDTH if columns else 1
    count = -(-n // width)
    return width, count, n * (count if columns else leading(n))


def step_norms_cells(n: int, columns: bool, block: int = BLOCK) -> int:
    """Cells (of eight float64) of the work array of `step_norms`."""
    _, count, matrix = _shape(n, columns)
    return matrix + (block + 1) * (count + 1)


def segment_length(n: int, horizon: int, columns: bool, block: int = BLOCK) -> int:
    """States `bptt` keeps: all that fit STATE_BYTES, else about sqrt(horizon); a multiple of block."""
    _, count, _ = _shape(n, columns)
    kept = horizon
    if (horizon + 1) * (count + 1) * WIDTH * 8 > STATE_BYTES:
        kept = isqrt(horizon)
    return -(-kept // block) * block


def bptt_cells(n: int, m: int, horizon: int, segment: int, columns: bool, block: int = BLOCK) -> int:
    """Cells (of eight float64) of the work array of `bptt`."""
    width, count, matrix = _shape(n, columns)
    free = 2 * matrix + m * count + 1
    step, drawn = -(-m // width), -(-(segment * m + 16) // width)
    return regions(free, count, n, m, step, drawn, segment, -(-horizon // segment), block)[-1]
