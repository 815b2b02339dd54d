"""Squares of larger matrices, and products with two vectors at once: a lane is a column, rows are whole cells.

The counterpart of `powers_interleaved` for the CPU alone. Tiles of a few rows by one cell stay in registers.
"""

import math
from typing import Any

from rhoscope.kernels import tiles
from rhoscope.kernels.ladder_space import GOLDEN
from rhoscope.kernels.paired import START
from rhoscope.kernels.turns import PANEL
from rhoscope.kernels.vector import ACCUMULATORS

# From this size on the rows of a block of eight columns fall on too few cache sets, and are copied together.
PACK_FROM = 96
# From twice as many products on a sum is several chains of about as many, whose errors add up to less.
CHAIN = 64
# Cells of a row that products with two vectors take at a time, and those of a panel.
WIDE = ACCUMULATORS // 2
NARROW = min(WIDE, PANEL)


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS

    def product(rows: int, cells: int) -> Any:
        size = rows * cells

        @inlined
        def product_tiles(w, q, a, down, b, b_down, count, terms, more):
            """`count` rows of the sums of `terms` products, and what Q holds if there have been more."""
            for r in range(0, count * down, rows * down):
                tile = tiles.start(w, q, True, cells, rows)
                p = b
                for k in range(a + r, a + r + terms):
                    tile = tiles.add_product(tile, w, p, k, down, cells)
                    p += b_down
                if more:
                    tile = tiles.plus(tile, tiles.load(w, q + r, down, cells, size))
                tiles.store(tile, w, q + r, down, cells)

        return product_tiles

    @jit
    def pack(w, to, source, down, n, cells):
        """The first cells of n rows, one row after another; offsets are numbers."""
        for row in range(source, source + n * down, down):
            for c in range(row, row + cells * width, width):
                lane.store_at(w, to, lane.load_at(w, c))
                to += width

    @inlined
    def chain_of(n):
        """How many products of an entry of a square are one chain of multiply-adds; sums of chains are added."""
        return n if n < 2 * CHAIN else -(-n // (n // CHAIN))

    @jit
    def square(w, q, p, down, n, spare):
        """Q = P P, at cells q and p; 2n cells from `spare` on are work space."""
        q *= width
        p *= width
        down *= width
        spare *= width
        end = kit.cells(n) * width
        pairs = end // (2 * width) * (2 * width) if wide else 0
        kit.square_pairs(w, q, p, down, n, spare, 0, pairs)
        kit.square_cells(w, q, p, down, n, spare, pairs, end)

    def squaring(cells: int) -> Any:
        @jit
        def square_strips(w, q, p, down, n, spare, first, end):
            """Q = P P from offset `first` of a row to `end`, in strips of `cells` cells; offsets are numbers."""
            chain = kit.chain_of(n)
            for c in range(first, end, cells * width):
                b = p + c
                b_down = down
                if n >= PACK_FROM:
                    kit.pack(w, spare, b, down, n, cells)
                    b = spare
                    b_down = cells * width
                for k in range(0, n, chain):
                    terms = min(chain, n - k)
                    if cells == 2:
                        kit.multiply_pairs(w, q + c, p + k, down, b, b_down, n, terms, k > 0)
                    else:
                        kit.multiply_cells(w, q + c, p + k, down, b, b_down, n, terms, k > 0)
                    b += chain * b_down

        return square_strips

    @jit
    def multiply_pairs(w, q, a, down, b, b_down, n, terms, more):
        """Two cells of the n rows of a product: of `terms` columns from a on, and as many rows from b on."""
        left = n % 12
        twelves = n - left
        # Two tiles of eight rows take less time than one of twelve and one of four.
        if 4 <= left < 8 and twelves > 0:
            twelves -= 12
        eights = twelves + (n - twelves) // 8 * 8
        fours = eights + (n - eights) // 4 * 4
        kit.pairs_12(w, q, a, down, b, b_down, twelves, terms, more)
        r = twelves * down
        kit.pairs_8(w, q + r, a + r, down, b, b_down, eights - twelves, terms, more)
        r = eights * down
        kit.pairs_4(w, q + r, a + r, down, b, b_down, fours - eights, terms, more)
        r = fours * down
        kit.pairs_1(w, q + r, a + r, down, b, b_down, n - fours, terms, more)

    @jit
    def multiply_cells(w, q, a, down, b, b_down, n, terms, more):
        """The same for one cell."""
        twelves = n // 12 * 12 if wide else 0
        left = n - twelves
        # Eight rows are left to two tiles of four: six and two would take longer.
        sixes = twelves + (left - 8 if left >= 8 and left % 6 == 2 else left) // 6 * 6
        fours = sixes + (n - sixes) // 4 * 4
        twos = fours + (n - fours) // 2 * 2
        kit.product_12(w, q, a, down, b, b_down, twelves, terms, more)
        r = twelves * down
        kit.product_6(w, q + r, a + r, down, b, b_down, sixes - twelves, terms, more)
        r = sixes * down
        kit.product_4(w, q + r, a + r, down, b, b_down, fours - sixes, terms, more)
        r = fours * down
        kit.product_2(w, q + r, a + r, down, b, b_down, twos - fours, terms, more)
        r = twos * down
        kit.product_1(w, q + r, a + r, down, b, b_down, n - twos, terms, more)

    @inlined
    def add_row_pair(w, at, low, high, rest, s, c):
        """The number at w[at], in two parts, times a vector in two parts, onto a sum."""
        return kit.add_pair(lane.const(lane.get(w, at)), lane.const(lane.get(w, at + low)), high, rest, s, c)

    @inlined
    def end_row_pair(w, to, low, s, c):
        """Write a sum."""
        high, rest = kit.end_pair(s, c)
        lane.store_at(w, to, high)
        lane.store_at(w, to + low, rest)

    def square_rows(rows: int) -> Any:
        # The additions of a sum wait for one another; four rows of sums fill the time where registers hold them.
        @inlined
        def square_tile(w, to, a0, a1, a2, a3, b, low, down, n):
            s0 = s1 = s2 = s3 = lane.const(START)
            c0 = c1 = c2 = c3 = lane.const(0.0)
            for k in range(n):
                high = lane.load_at(w, b)
                rest = lane.load_at(w, b + low)
                s0, c0 = kit.add_row_pair(w, a0 + k, low, high, rest, s0, c0)
                s1, c1 = kit.add_row_pair(w, a1 + k, low, high, rest, s1, c1)
                if rows == 4:
                    s2, c2 = kit.add_row_pair(w, a2 + k, low, high, rest, s2, c2)
                    s3, c3 = kit.add_row_pair(w, a3 + k, low, high, rest, s3, c3)
                b += down
            kit.end_row_pair(w, to, low, s0, c0)
            kit.end_row_pair(w, to + a1 - a0, low, s1, c1)
            if rows == 4:
                kit.end_row_pair(w, to + a2 - a0, low, s2, c2)
                kit.end_row_pair(w, to + a3 - a0, low, s3, c3)

        return square_tile

    @jit
    def square_pair(w, q, p, low, down, n):
        """Q = P P for P in two parts, the second `low` cells after the first, with |P|_F < 2; see `paired`."""
        q *= width
        p *= width
        low *= width
        down *= width
        rows = 4 if wide else 2
        for i in range(0, n, rows):
            # Beyond the last row a tile computes that one again.
            a0 = p + i * down
            a1 = p + min(i + 1, n - 1) * down
            a2 = p + min(i + 2, n - 1) * down
            a3 = p + min(i + 3, n - 1) * down
            for c in range(0, kit.cells(n) * width, width):
                to = a0 - p + q + c
                kit.square_tile(w, to, a0, a1, a2, a3, p + c, low, down, n)

    @jit
    def move_apart(w, n, count, down):
        """The rows of a matrix at cell 0, so far one after another, to every `down`-th cell."""
        for i in range(n - 1, -1, -1):
            for j in range(count - 1, -1, -1):
                lane.store(w, i * down + j, lane.load(w, i * count + j))

    @jit
    def whole(x):
        """The sum over the parts of one matrix that lie in different lanes, in every lane."""
        return lane.const(lane.total(x))

    @jit
    def fill_spread(w, x, n):
        """As `fill_spread` of `powers_interleaved`."""
        lane.store(w, x + (n - 1) // width, lane.const(0.0))
        for i in range(n):
            y = (i + 1) * GOLDEN
            lane.put(w, x * width + i, y - math.floor(y) - 0.4)

    def product_with_two(cells: int) -> Any:
        @inlined
        def apply_tile(w, y, y_down, a, down, rows, x, x_down):
            tile = tiles.start(w, y, True, cells, 2)
            for k in range(x, x + rows):
                tile = tiles.add_product(tile, w, a, tiles.unforeseen(k), x_down, cells)
                a += down
            tiles.store(tile, w, y, y_down, cells)

        return apply_tile

    @jit
    def apply_to_two(w, y0, y1, count, matrix, x0, x1):
        """y0 and y1 = (transpose of the matrix) x0 and x1; the matrix is read once for both."""
        a, down, rows = matrix
        y_down = (y1 - y0) * width
        x_down = (x1 - x0) * width
        if kit.in_turns(count, matrix):
            full = kit.divided(count)
            for c in range(0, full, PANEL):
                for s in range(c, c + PANEL, NARROW):
                    p = (a + s - c) * width
                    kit.narrow_two(w, (y0 + s) * width, y_down, p, PANEL * width, rows, x0 * width, x_down)
                a += PANEL * rows
            y0 += full
            y1 += full
            count -= full
            down = count
        while count >= WIDE:
            kit.wide_two(w, y0 * width, y_down, a * width, down * width, rows, x0 * width, x_down)
            y0 += WIDE
            y1 += WIDE
            a += WIDE
            count -= WIDE
        if count > 0:
            kit.apply_matrices(w, y0, count, (0, 0, 0), 0, (a, down, rows), x0)
            kit.apply_matrices(w, y1, count, (0, 0, 0), 0, (a, down, rows), x1)

    return (
        *(product(rows, 1) for rows in (12, 6, 4, 2, 1)),
        *(product(rows, 2) for rows in (12, 8, 4, 1)),
        pack,
        chain_of,
        square,
        squaring(2),
        squaring(1),
        multiply_pairs,
        multiply_cells,
        add_row_pair,
        end_row_pair,
        square_rows(4 if wide else 2),
        square_pair,
        move_apart,
        whole,
        fill_spread,
        product_with_two(WIDE),
        product_with_two(NARROW),
        apply_to_two,
    )
