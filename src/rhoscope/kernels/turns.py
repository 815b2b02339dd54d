"""Products with a matrix larger than the first-level cache, on the CPU where a lane is a column.

A matrix that many steps take is laid in panels, so that it is read from the first byte to the last. Row by row a panel
of columns is pieces that lie far apart, which prefetching does not foresee. The panels are taken forth at one step and
back at the next: those that the one has left in the cache come first in the other. Sums, and their order, are those of
`columns`.

Such a matrix is named like any other, by (first cell, PANEL, rows). The columns that fill no two panels lie at the end,
as a matrix of their own.
"""

from typing import Any

# Cells of a row of a panel.
PANEL = 4
# Cells of a row up to which a matrix has no panels: one pass takes all.
UNDIVIDED = 2 * PANEL


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""
    width = lane.WIDTH

    @inlined
    def divided(count):
        """Cells of a row that lie in panels."""
        return count // UNDIVIDED * UNDIVIDED if count > UNDIVIDED else 0

    @inlined
    def in_turns(count, matrix):
        """Whether a matrix with rows of so many cells lies in panels."""
        return count > UNDIVIDED and matrix[1] == PANEL

    @inlined
    def panels_at(to, matrix, count):
        """The name of what `lay_in_panels` has laid at cell `to`, or the matrix itself where it has no panels."""
        divides = count > UNDIVIDED
        return to if divides else matrix[0], PANEL if divides else matrix[1], matrix[2]

    @jit
    def lay_in_panels(w, to, matrix, count):
        """Copy a matrix in panels to cell `to`, if it has any."""
        a, down, rows = matrix
        full = kit.divided(count)
        c = 0
        while full > 0 and c < count:
            cells = PANEL if c < full else count - full
            for i in range(a + c, a + c + rows * down, down):
                for j in range(i, i + cells):
                    lane.store(w, to, lane.load(w, j))
                    to += 1
            c += cells

    @jit
    def apply_in_turns(w, y, count, second, z, first, x, back):
        """`apply_matrices` for a first matrix in panels, from the last of them to the first if `back` holds."""
        b, b_down, b_rows = second
        a, _, rows = first
        full = kit.divided(count)
        panels = full // PANEL
        for k in range(panels + 1):
            panel = panels - k if back else k
            c = panel * PANEL
            p = a + c * rows
            if panel == panels:
                rest = count - c
                kit.apply_matrices(w, y + c, rest, (b + c, b_down, b_rows), z, (p, rest, rows), x)
                continue
            kit.combine_panel(
                w, (y + c) * width, (b + c) * width, b_down * width, b_rows, z * width, p * width, PANEL * width,
                rows, x * width,
            )  # fmt: skip

    @jit
    def walk_in_turns(w, v, steps, shift, count, matrix, inputs, x, place, scaled):
        """Steps from the vector at v into those after it, for a matrix in panels."""
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

    return divided, in_turns, panels_at, lay_in_panels, apply_in_turns, walk_in_turns
