"""Steps of a matrix larger than a cache, on the CPU where a lane is a column.

Its panels of columns are taken forth at one step and back at the next, so that the panels which the one has left in
the cache come first in the other. Sums, and their order, are those of `columns`.
"""

import math
from typing import Any

# Cells of a row of a panel. Of the narrow ones the first-level cache holds one of so many rows.
WIDE, NARROW = 8, 4
FITS = 104
# Cells of a matrix from which on the second-level cache does not hold it. Between the two turning gains nothing.
BEYOND = 12_800


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `apply_in_turns`, `walk_in_turns` and `turns`."""
    width = lane.WIDTH
    most = FITS // width
    least = math.isqrt(BEYOND // width)
    wide = lane.EIGHT_SUMS

    @jit
    def apply_in_turns(w, y, count, second, z, first, x, back):
        """`apply_matrices` from the last panel to the first if `back` holds."""
        b, b_down, b_rows = second
        a, down, rows = first
        cells = NARROW if count <= most else WIDE
        panels = count // WIDE * WIDE // cells
        for k in range(panels + 1):
            panel = panels - k if back else k
            c = panel * cells
            if panel == panels:
                kit.apply_matrices(w, y + c, count - c, (b + c, b_down, b_rows), z, (a + c, down, rows), x)
                continue
            to = (y + c) * width
            p = (b + c) * width
            q = (a + c) * width
            if cells == NARROW:
                kit.combine_half(
                    w, to, p, b_down * width, b_rows, z * width, q, down * width, rows, x * width
                )
            else:
                kit.combine_8(w, to, p, b_down * width, b_rows, z * width, q, down * width, rows, x * width)

    @jit
    def walk_in_turns(w, v, steps, shift, count, matrix, inputs, x, place, scaled):
        """Steps from the vector at v into those after it."""
        m = inputs[2]
        e = lane.load(w, v + count)
        for j in range(steps):
            e = e + shift
            there = v + count + 1
            lane.store(w, there + count, e)
            if m > 0:
                kit.scale_inputs(w, scaled, x, place, m, -e)
                place += m
            kit.apply_in_turns(w, there, count, inputs, scaled, matrix, v, j % 2 == 1)
            v = there

    @inlined
    def turns(count):
        """Whether steps of so many cells, more than eight, are faster with their panels in turns."""
        return wide and (count <= most or count >= least)

    return apply_in_turns, walk_in_turns, turns
