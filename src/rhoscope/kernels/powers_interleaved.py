"""Squares of small matrices: a lane is a matrix, named by its first cell and the step from row to row.

The counterpart of `powers_columns`. An entry is one chain of multiply-adds over ascending k.
"""

import math
from typing import Any

from rhoscope.kernels.ladder_space import GOLDEN
from rhoscope.kernels.paired import START


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""

    @jit
    def square(w, q, p, down, n, spare):
        """Q = P P, at cells q and p; no spare cells are needed here."""
        for i in range(0, n * down, down):
            kit.apply_matrices(w, q + i, n, (0, 0, 0), 0, (p, down, n), p + i)

    @jit
    def chain_of(n):
        """How many products of an entry of a square are one chain of multiply-adds: all."""
        return n

    @jit
    def square_pair(w, q, p, low, down, n):
        """Q = P P for P in two parts, the second `low` cells after the first, with |P|_F < 2; see `paired`."""
        for i in range(0, n * down, down):
            for j in range(n):
                s = lane.const(START)
                c = lane.const(0.0)
                a = p + i
                b = p + j
                for _ in range(n):
                    s, c = kit.add_pair(
                        lane.load(w, a), lane.load(w, a + low), lane.load(w, b), lane.load(w, b + low), s, c
                    )
                    a += 1
                    b += down
                high, rest = kit.end_pair(s, c)
                lane.store(w, q + i + j, high)
                lane.store(w, q + i + j + low, rest)

    @jit
    def whole(x):
        """The sum over the parts of one matrix that lie in different lanes: each lane is a matrix."""
        return x

    @jit
    def fill_spread(w, x, n):
        """Mantissas in -0.4 to 0.6 without a pattern."""
        for i in range(n):
            y = (i + 1) * GOLDEN
            lane.store(w, x + i, lane.const(y - math.floor(y) - 0.4))

    @jit
    def apply_to_two(w, y0, y1, count, matrix, x0, x1):
        """y0 and y1 = (transpose of the matrix) x0 and x1."""
        kit.apply_matrices(w, y0, count, (0, 0, 0), 0, matrix, x0)
        kit.apply_matrices(w, y1, count, (0, 0, 0), 0, matrix, x1)

    @jit
    def panels_at(to, matrix, count):
        """The matrix itself: such small ones are not laid in panels (see `turns`)."""
        return matrix

    @jit
    def lay_in_panels(w, to, matrix, count):
        """Nothing."""

    return square, chain_of, square_pair, whole, fill_spread, apply_to_two, panels_at, lay_in_panels
