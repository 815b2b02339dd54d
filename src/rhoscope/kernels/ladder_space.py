"""How far binary powers are climbed, what that costs beside stepping, and its memory; plain Python."""

import math

import numpy as np
from numpy.typing import NDArray

from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.recurrence_space import COLUMNS_FROM

# Cells that a vector of the ladder has after its mantissas.
FIELDS = 6
# Powers of two that numbers of steps can reach.
MARKS = 64
# Multiples of it, less their whole parts, are spread evenly.
GOLDEN = 0.6180339887498949

# The cost model: times in units of a multiply-add in the product of two matrices, measured on one machine.
# It decides which way "auto" takes, and with that the last digits of its results.
# A multiply-add of a matrix with one vector, and with two at once, up to a size: the first-level cache holds the
# matrix; so it does, and two are no longer one after the other; the second-level cache; none of one's own.
_VECTORS = (63, 1.28, 2.6), (79, 1.28, 2.2), (360, 2.1, 2.15), (math.inf, 2.8, 2.9)
# The same in a step, where some sizes have the vector and a part of the matrix in registers.
_STEPS = (8, 1.05), (16, 1.4), (64, 1.2), (360, 2.1), (math.inf, 2.8)
_SQUARE = 1.15  # a multiply-add in a square, its share of finding the norm included
_PAIR = 5.5  # the same in two parts
# What a step costs beside its product, up to a size: groups go side by side, first those of two rows, a lane is a
# matrix, and a column.
_STEP = (2, 4.0), (8, 5.0), (COLUMNS_FROM - 1, 10.0), (math.inf, 100.0)
_MOVE = 250.0, 2200.0  # what a product of the ladder costs beside it
_LAG = 150.0, 1000.0  # a logarithm


def height(n: int, lags: NDArray[np.int64], parts: int) -> int:
    """The j of the highest power A^(2^j) that is computed: with it the whole costs least."""
    return int(np.argmin(_works(n, lags, parts)))


def regions(n, down, count, parts, top):
    """First cells of what the kernels keep; also called from Python.

    Powers 0..top of `parts` parts each, four cells for each power, then vectors: those at lags 0, 1, 2, 4, ...,
    2^top; at 3, 6, ..., 3 2^(top - 1); one for each binary digit; three to try the powers on; 2n spare cells; the
    highest power in panels (`turns`); the fields of MARKS vectors, and a norm and its exponent for each step ahead.
    """
    stride = count + FIELDS
    rungs = (top + 1) * parts * n * down
    chain = rungs + 4 * (top + 1)
    thirds = chain + (top + 2) * stride
    levels = thirds + top * stride
    trial = levels + (top + 1) * stride
    spare = trial + 3 * stride
    panels = spare + 2 * n
    marks = panels + n * down
    return rungs, chain, thirds, levels, trial, spare, panels, marks, marks + MARKS * FIELDS


def rows_apart(count):
    """Cells from one row of `count` cells to the next: rows a multiple of 4 KB apart would share few cache sets."""
    return count + 1 if count % 64 == 0 else count


def ladder_cells(n: int, parts: int, top: int, highest: int) -> int:
    """Cells (of eight float64) of the work array of `ladder_norms` for lags up to `highest`."""
    columns = n >= COLUMNS_FROM
    count = -(-n // WIDTH) if columns else n
    steps = (highest >> top) + 1
    down = rows_apart(count) if columns else leading(n)
    return regions(n, down, count, parts, top)[-1] + 2 * steps


def step_work(n: int, lags: NDArray[np.int64]) -> float:
    """What stepping through the lags costs for one sample."""
    columns = n >= COLUMNS_FROM
    product = n * _width(n) * next(cost for upto, cost in _STEPS if n <= upto)
    beside = next(cost for upto, cost in _STEP if n <= upto)
    return float(lags[-1]) * (product + beside) + len(lags) * _LAG[columns]


def ladder_work(n: int, lags: NDArray[np.int64], parts: int) -> float:
    """What the ladder costs for one sample, as long as its error stays within bounds."""
    return float(_works(n, lags, parts).min())


def _works(n: int, lags: NDArray[np.int64], parts: int) -> NDArray[np.float64]:
    """The same with A^(2^j) as the highest power, for j = 0, 1, ..."""
    columns = n >= COLUMNS_FROM
    top = np.arange(max(1, int(lags[-1]).bit_length()))
    one, two = _products(n)
    move = parts * one + _MOVE[columns]
    ahead = (two if parts == 1 else 2 * parts * one) + 2 * _MOVE[columns]
    square = n * n * _width(n) * (_PAIR if parts == 2 else _SQUARE)
    moves = 1 + 3 * top + _digits(lags, top)
    return top * (square + one) + moves * move + (lags[-1] >> top) * ahead + len(lags) * _LAG[columns]


def _width(n: int) -> int:
    """Columns of a matrix with those that fill up its last cell."""
    return -(-n // WIDTH) * WIDTH if n >= COLUMNS_FROM else n


def _products(n: int) -> tuple[float, float]:
    """A product with one vector, and with two at once."""
    one, two = next(costs for upto, *costs in _VECTORS if n <= upto)
    return n * _width(n) * one, n * _width(n) * two


def _digits(lags: NDArray[np.int64], top: NDArray[np.int64]) -> NDArray[np.int64]:
    """Binary digits below `top` that cost a product each: those that the lag before does not share."""
    changed = (lags ^ np.concatenate([[0], lags[:-1]]))[:, None]
    first = (
        lags[:, None] >> (top + 1) <= 1
    )  # one of the two highest digits, which the powers' own vectors have
    costs = np.sum((lags[:, None] >> top & 1 == 1) & (changed >> top > 0) & ~first, axis=0)
    return np.cumsum(costs) - costs
