"""Which layout a recurrence of a given size takes, and how much memory its kernels need; plain Python."""

import math
from typing import Any

from rhoscope.kernels import double
from rhoscope.kernels.backpropagation import DRAWN_BEYOND, regions
from rhoscope.kernels.double import COLUMNS_FROM
from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.strides import regions as regions_of_strides
from rhoscope.kernels.strides import usual_error

__all__ = ["COLUMNS_FROM"]

CELL_BYTES = 64  # in either precision
# Larger sizes gain nothing from long blocks, whose vectors push the matrix out of the cache.
LONG_BLOCKS = 64
# Two samples, or groups of them, go side by side up to so many cells of a matrix where a lane is a column, and rows
# where it is a matrix; see `two_samples`.
CELLS_SIDE_BY_SIDE = 150
ROWS_SIDE_BY_SIDE = 12
# States kept by one thread before backpropagation turns to checkpoints.
STATE_BYTES = 1 << 22
# Shorter horizons are walked in single steps; longer ones in strides of at most 2^MOST_DOUBLINGS.
STRIDES_FROM = 128
MOST_DOUBLINGS = 4
# What a step costs beside its products, in multiply-adds.
STEP_WORK = 200.0
# What a multiply-add of a step costs against one in the product of two matrices, up to a size: from the first-level
# cache, the second-level, and the third.
STEP_COST = (79, 1.0), (360, 1.5), (math.inf, 1.9)


def block_length(n: int, precision: Any) -> int:
    """Steps of a block, so many that it grows no vector beyond what the precision allows."""
    longest = precision.FEW_ROWS_BLOCK if n <= precision.FEW_ROWS else precision.BLOCK
    return min(longest, precision.SPAN // (2 * n - 1).bit_length())


def norm_times(n: int, precision: Any) -> tuple[int, int]:
    """Steps of a block where only norms are wanted, and those between two looks at whether it is in range.

    Between two looks it grows no vector beyond what the precision allows.
    """
    longest = precision.NORM_BLOCK if n <= LONG_BLOCKS else precision.BLOCK
    look = min(longest, precision.NORM_SPAN // (2 * n - 1).bit_length())
    return longest // look * look, look


def _shape(n: int, columns: bool, lanes: int = WIDTH) -> tuple[int, int, int]:
    """Elements of a matrix in a cell, cells of a vector, and cells of a matrix."""
    width = lanes if columns else 1
    count = -(-n // width)
    return width, count, n * (count if columns else leading(n))


def step_norms_cells(n: int, columns: bool, block: int = BLOCK, lanes: int = WIDTH) -> int:
    """Cells (of so many lanes) of the work array of `step_norms`."""
    _, count, matrix = _shape(n, columns, lanes)
    return matrix + (block + 1) * (count + 1)


def side_by_side_cells(n: int, columns: bool, block: int, lanes: int) -> int:
    """`step_norms_cells` of the CPU, which takes few cells by two samples, one work array after the other."""
    few = _shape(n, columns, lanes)[2] <= CELLS_SIDE_BY_SIDE if columns else n <= ROWS_SIDE_BY_SIDE
    return (2 if few else 1) * step_norms_cells(n, columns, block, lanes)


def segment_length(
    n: int, m: int, horizon: int, columns: bool, block: int = BLOCK, lanes: int = WIDTH
) -> int:
    """States `bptt` keeps: all that fit STATE_BYTES with their inputs, else about sqrt(horizon).

    It is a multiple of block.
    """
    width, count, _ = _shape(n, columns, lanes)
    kept = horizon
    if ((horizon + 1) * (count + 1) + horizon * m // width) * CELL_BYTES > STATE_BYTES:
        kept = math.isqrt(horizon)
    return -(-kept // block) * block


def bptt_cells(
    n: int, m: int, horizon: int, segment: int, columns: bool, block: int = BLOCK, lanes: int = WIDTH
) -> int:
    """Cells (of so many lanes) of the work array of `bptt`."""
    width, count, matrix = _shape(n, columns, lanes)
    free = 2 * matrix + m * count + 1
    step, drawn = -(-m // width), -(-(segment * m + DRAWN_BEYOND) // width)
    return regions(free, count, n, m, step, drawn, segment, -(-horizon // segment), block)[-1]


def stride_doublings(n: int, m: int, horizon: int, precision: Any = double) -> int:
    """The p for which strides of 2^p steps cost least, 0 for single steps; part of the numerics version."""
    if horizon < STRIDES_FROM:
        return 0
    accurate = [
        p
        for p in range(MOST_DOUBLINGS + 1)
        if usual_error(n, p) <= precision.USUAL_SHARE * precision.MOST_ERROR
    ]
    return min(accurate, key=lambda p: stride_work(n, m, horizon, p, precision))


def stride_work(n: int, m: int, horizon: int, doublings: int, precision: Any = double) -> float:
    """What both passes cost in strides of 2^doublings steps, in multiply-adds of a product of two matrices."""
    width = -(-n // precision.WIDTH) * precision.WIDTH if n >= precision.COLUMNS_FROM else n
    cost = next(cost for upto, cost in STEP_COST if n <= upto)
    step = (3.0 * cost * n * width + STEP_WORK) / 2**doublings + 2.0 * m * width
    return 3.0 * doublings * n * n * width + horizon * step


def stride_plan(
    n: int,
    m: int,
    horizon: int,
    columns: bool,
    doublings: int,
    results: int,
    block: int = BLOCK,
    lanes: int = WIDTH,
) -> tuple[int, int]:
    """Strides that `bptt_by_strides` keeps, and cells (of so many lanes) of its work array; `results` counts cells."""
    width, count, matrix = _shape(n, columns, lanes)
    length = 1 << doublings
    strides = horizon // length
    wide = m * length
    map_end = 2 * matrix + wide * count + 1
    free = regions_of_strides(map_end, n, count, matrix // n, length, doublings, results)[-1]
    segment = segment_length(n, wide, strides, columns, block, lanes)
    step, drawn = -(-wide // width), -(-(segment * wide + DRAWN_BEYOND) // width)
    end = regions(free, count, n, wide, step, drawn, segment, -(-strides // segment), block)[-1]
    single = segment_length(n, m, horizon, columns, block, lanes)
    return segment, max(end, free + bptt_cells(n, m, horizon, single, columns, block, lanes))
