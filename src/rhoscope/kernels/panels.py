"""`combine` of `interleaved` on the CPU: as many columns at a time as registers hold, in panels of fixed widths.

A panel reads an element of the vector once for all its columns, and its sums are independent of one another, so that
none waits for the sum before. The terms of a sum, and their order, are those of `interleaved`.
"""

from typing import Any

from rhoscope.kernels import registers, tiles

# Columns of the panels that more than eight registers can hold, and of those that any can.
WIDE = (16, 12, 11, 10, 9, 8)
NARROW = (4, 2, 1)


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels `panel_16` to `panel_1`, and `combine`."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS

    def of_columns(columns: int) -> Any:
        @inlined
        def panel(w, y, b, b_down, b_rows, z, a, down, rows, x, step, fresh):
            tile = tiles.start(w, y * width, fresh, columns, 1)
            p = b * width
            for q in range(z, z + b_rows):
                tile = registers.add_scaled(tile, w, p, lane.load(w, q))
                p += b_down * width
            p = a * width
            q = x
            for _ in range(rows):
                tile = registers.add_scaled(tile, w, p, lane.load(w, q))
                p += down * width
                q += step
            tiles.store(tile, w, y * width, 0, columns)

        return panel

    @inlined
    def combine(w, y, count, second, z, first, x, step, fresh):
        """As `combine` of `interleaved`."""
        a, down, rows = first
        b, b_down, b_rows = second
        j = 0
        while wide and j + 16 <= count:
            kit.panel_16(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 16
        if wide and j + 12 <= count:
            kit.panel_12(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 12
        elif wide and j + 11 == count:
            kit.panel_11(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 11
        elif wide and j + 10 == count:
            kit.panel_10(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 10
        elif wide and j + 9 == count:
            kit.panel_9(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 9
        if wide and j + 8 <= count:
            kit.panel_8(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 8
        while j + 4 <= count:
            kit.panel_4(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 4
        if j + 2 <= count:
            kit.panel_2(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)
            j += 2
        if j < count:
            kit.panel_1(w, y + j, b + j, b_down, b_rows, z, a + j, down, rows, x, step, fresh)

    return *(of_columns(columns) for columns in WIDE + NARROW), combine
