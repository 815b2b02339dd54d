"""Vectors and products for larger matrices: a lane is a column, a cell holds neighbours of one vector.

The counterpart of `interleaved` for the CPU alone: rows are padded with zeros to whole cells, every number
that belongs to the matrix as a whole (an exponent, a norm) stands in all lanes. A matrix is named by
the tuple (first cell, step down, rows); row i, of `count` cells, starts `i * down` cells after the first.
"""

from typing import Any

from rhoscope.kernels import tiles
from rhoscope.kernels.few_rows import partial_sums, two_cells
from rhoscope.kernels.vector import ACCUMULATORS

# Columns of a tile of outer products, four rows high.
BROAD = ACCUMULATORS // 4


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement, as `interleaved.build`."""
    width = lane.WIDTH
    narrow = two_cells(lane)

    @jit
    def vector_size(w, vector, count):
        """Sum of absolute values; NaN or infinite if any is."""
        total = lane.const(0.0)
        for i in range(vector, vector + count):
            total = total + lane.abs(lane.load(w, i))
        return lane.const(lane.total(total))

    @jit
    def vector_square(w, vector, count, first, second):
        """Sum of squares after multiplication by two powers of two."""
        total = lane.const(0.0)
        for i in range(vector, vector + count):
            x = lane.load(w, i) * first * second
            total = lane.fma(x, x, total)
        return lane.const(lane.total(total))

    def combining(columns: int, parts: int) -> Any:
        # `parts` partial sums over rows congruent modulo it: chains of multiply-adds enough to hide their latency.
        fits = 2 * columns * parts <= 3 * ACCUMULATORS
        panel = columns if fits else max(1, ACCUMULATORS // parts)

        @inlined
        def combine(w, y, b, b_down, b_rows, z, a, down, rows, x):
            for first in range(0, columns * width, panel * width):
                tile = tiles.start(w, y + first, True, panel, parts)
                for p, step, count, q in ((b + first, b_down, b_rows, z), (a + first, down, rows, x)):
                    for _ in range(count // parts):
                        tile = tiles.add_rows(tile, w, p, step, tiles.unforeseen(q), 1, panel, parts)
                        p += parts * step
                        q += parts
                    for _ in range(count % parts):
                        tile = tiles.add_rows(tile, w, p, step, q, 1, panel, 1)
                        p += step
                        q += 1
                tiles.finish(tile, w, y + first, panel, 0)

        return combine

    def taking_turns(columns: int) -> Any:
        """As `combining(columns, 2)`, the partial sums one after the other: both would not fit the registers."""

        @inlined
        def combine(w, y, b, b_down, b_rows, z, a, down, rows, x):
            tile = tiles.start(w, y, True, columns, 1)
            p = b
            q = z
            for _ in range(b_rows // 2 + b_rows % 2):
                tile = tiles.add_rows(tile, w, p, b_down, q, 1, columns, 1)
                p += 2 * b_down
                q += 2
            p = a
            q = x
            for _ in range(rows // 2 + rows % 2):
                tile = tiles.add_rows(tile, w, p, down, q, 1, columns, 1)
                p += 2 * down
                q += 2
            tiles.finish(tile, w, y, columns, 0)
            tile = tiles.start(w, y, True, columns, 1)
            p = b + b_down
            q = z + 1
            for _ in range(b_rows // 2):
                tile = tiles.add_rows(tile, w, p, b_down, q, 1, columns, 1)
                p += 2 * b_down
                q += 2
            p = a + down
            q = x + 1
            for _ in range(rows // 2):
                tile = tiles.add_rows(tile, w, p, down, q, 1, columns, 1)
                p += 2 * down
                q += 2
            tiles.finish(tile, w, y, columns, 1)

        return combine

    @inlined
    def apply_matrices(w, y, count, second, z, first, x):
        """y = (transpose of the second matrix) z + (transpose of the first) x."""
        b, b_down, b_rows = second
        a, down, rows = first
        y *= width
        b *= width
        a *= width
        b_down *= width
        down *= width
        z *= width
        x *= width
        if narrow and count == 2:
            kit.combine_narrow(w, y, b, b_down, b_rows, z, a, down, rows, x)
            return
        while count >= 8:
            kit.combine_8(w, y, b, b_down, b_rows, z, a, down, rows, x)
            count -= 8
            y += 8 * width
            b += 8 * width
            a += 8 * width
        if count == 5:
            # Three and two, each sum in two parts like those of all other counts from two to seven.
            kit.combine_3(w, y, b, b_down, b_rows, z, a, down, rows, x)
            count -= 3
            y += 3 * width
            b += 3 * width
            a += 3 * width
        elif count >= 4:
            kit.combine_4(w, y, b, b_down, b_rows, z, a, down, rows, x)
            count -= 4
            y += 4 * width
            b += 4 * width
            a += 4 * width
        if count == 3:
            kit.combine_3(w, y, b, b_down, b_rows, z, a, down, rows, x)
        elif count == 2:
            kit.combine_2(w, y, b, b_down, b_rows, z, a, down, rows, x)
        elif count == 1:
            kit.combine_1(w, y, b, b_down, b_rows, z, a, down, rows, x)

    def multiplying(columns: int, rows: int) -> Any:
        size = columns * rows

        @inlined
        def outer_tile(w, g, g_down, u, u_down, v, v_down, terms):
            tile = tiles.load(w, g, g_down, columns, size)
            for _ in range(terms):
                tile = tiles.add_product(tile, w, u, v, 1, columns)
                u += u_down
                v += v_down
            tiles.store(tile, w, g, g_down, columns)

        return outer_tile

    @jit
    def outer_products(w, g, rows, count, u, down, v, step, terms):
        """g_rj += sum_t v_tr u_tj over `terms` vectors u, `down` cells apart, and v, `step` cells apart."""
        g *= width
        g_down = count * width
        u *= width
        down *= width
        step *= width
        r = 0
        while count == 2 and r + 8 <= rows:
            kit.outer_high(w, g + r * g_down, g_down, u, down, v * width + r, step, terms)
            r += 8
        while r < rows:
            height = 4 if r + 4 <= rows else 1
            row = g + r * g_down
            x = v * width + r
            c = 0
            while c < g_down:
                if height == 4 and c + BROAD * width <= g_down:
                    kit.outer_broad(w, row + c, g_down, u + c, down, x, step, terms)
                    c += BROAD * width
                elif height == 4:
                    kit.outer_tall(w, row + c, g_down, u + c, down, x, step, terms)
                    c += width
                elif c + 4 * width <= g_down:
                    kit.outer_flat(w, row + c, g_down, u + c, down, x, step, terms)
                    c += 4 * width
                else:
                    kit.outer_single(w, row + c, g_down, u + c, down, x, step, terms)
                    c += width
            r += height

    return (
        vector_size,
        vector_square,
        combining(8, 1),
        combining(4, 2) if ACCUMULATORS >= 8 else taking_turns(4),
        combining(3, 2),
        combining(2, partial_sums(lane, 2)),
        combining(2, 2),
        combining(1, 4),
        combining(4, 1),
        *(multiplying(columns, rows) for columns, rows in ((2, 8), (BROAD, 4), (1, 4), (4, 1), (1, 1))),
        apply_matrices,
        outer_products,
    )
