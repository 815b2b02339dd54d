"""How far binary powers are climbed, what that costs beside stepping, and its memory; plain Python."""

import numpy as np
from numpy.typing import NDArray

from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.recurrence_space import COLUMNS_FROM

# Cells that a vector of the ladder has after its mantissas.
FIELDS = 6
# Multiples of it, less their whole parts, are spread evenly.
GOLDEN = 0.6180339887498949
# The last doublings of the lag go step by step with the highest power: a square costs more than these steps.
SKIPPED = 2

# The cost model: times in units of a multiply-add in the product of two matrices, measured on one machine.
# It decides which way "auto" takes, and with that the last digits of its results.
_VECTOR = 1.5  # a multiply-add in a product with a vector, while the matrix is in the first-level cache, ...
_FAR_VECTOR = 2.0  # ... and beyond it
_FAR_FROM = 80
_SQUARE = 1.15  # a multiply-add in a square, its share of finding the norm included
_PAIR = 5.5  # the same in two parts
_STEP = (
    40.0,
    250.0,
)  # what a step costs beside its product, for a lane that is a matrix and one that is a column
_MOVE = (250.0, 1200.0)  # what a product of the ladder costs beside it
_LAG = (150.0, 1000.0)  # a logarithm


def height(highest: int) -> int:
    """The j of the highest power A^(2^j) that is computed for lags up to `highest`."""
    return max(0, highest.bit_length() - 1 - SKIPPED)


def regions(n, down, count, parts, top):
    """First cells of what the kernels keep, and the end; also called from Python.

    Powers 0..top of `parts` parts each, four cells for each power, then vectors: those at lags 0, 1, 2, 4, ...,
    2^top; at 3, 6, ..., 3 2^(top - 1); one for each binary digit; three to try the powers on; n spare cells.
    """
    stride = count + FIELDS
    rungs = (top + 1) * parts * n * down
    chain = rungs + 4 * (top + 1)
    thirds = chain + (top + 2) * stride
    levels = thirds + top * stride
    trial = levels + (top + 1) * stride
    spare = trial + 3 * stride
    return rungs, chain, thirds, levels, trial, spare, spare + n


def ladder_cells(n: int, parts: int, top: int) -> int:
    """Cells (of eight float64) of the work array of `ladder_norms`."""
    columns = n >= COLUMNS_FROM
    count = -(-n // WIDTH) if columns else n
    return regions(n, count if columns else leading(n), count, parts, top)[-1]


def step_work(n: int, lags: NDArray[np.int64]) -> float:
    """What stepping through the lags costs for one sample."""
    columns = n >= COLUMNS_FROM
    return float(lags[-1]) * (_product(n) + _STEP[columns]) + len(lags) * _LAG[columns]


def ladder_work(n: int, lags: NDArray[np.int64], parts: int) -> float:
    """What the ladder costs for one sample, as long as its error stays within bounds."""
    columns = n >= COLUMNS_FROM
    top = height(int(lags[-1]))
    move = parts * _product(n) + _MOVE[columns]
    square = n * n * _width(n) * (_PAIR if parts == 2 else _SQUARE)
    moves = 1 + 3 * top + 2 * int(lags[-1] >> top) + _digits(lags, top)
    return top * (square + _product(n)) + moves * move + len(lags) * _LAG[columns]


def _width(n: int) -> int:
    """Columns of a matrix with those that fill up its last cell."""
    return -(-n // WIDTH) * WIDTH if n >= COLUMNS_FROM else n


def _product(n: int) -> float:
    return n * _width(n) * (_VECTOR if n < _FAR_FROM else _FAR_VECTOR)


def _digits(lags: NDArray[np.int64], top: int) -> int:
    """Lower binary digits that cost a product each: those that the lag before does not share."""
    changed = lags ^ np.concatenate([[0], lags[:-1]])
    count = 0
    for j in range(top):
        first = lags >> (j + 1) <= 1  # one of the two highest digits, which the powers' own vectors have
        count += int(np.sum((lags >> j & 1 == 1) & (changed >> j > 0) & ~first))
    return count
