"""Vectors and products for larger matrices: a lane is a column, a cell holds neighbours of one vector.

The counterpart of `interleaved` for the CPU alone: rows are padded with zeros to whole cells, every number
that belongs to the matrix as a whole (an exponent, a norm) stands in all lanes. A matrix is named by
the tuple (first cell, step down, rows); row i, of `count` cells, starts `i * down` cells after the first.
"""

from typing import Any

from rhoscope.kernels import tiles
from rhoscope.kernels.streams import INPUTS
from rhoscope.kernels.vector import ACCUMULATORS

# Columns of a tile of outer products, four rows high.
BROAD = ACCUMULATORS // 4


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement, as `interleaved.build`."""
    width = lane.WIDTH

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
                p = b + first
                q = z
                for _ in range(b_rows // parts):
                    tile = tiles.add_rows(tile, w, p, b_down, q, 1, panel, parts)
                    p += parts * b_down
                    q += parts
                for _ in range(b_rows % parts):
                    tile = tiles.add_rows(tile, w, p, b_down, q, 1, panel, 1)
                    p += b_down
                    q += 1
                p = a + first
                q = x
                for _ in range(rows // parts):
                    tile = tiles.add_rows(tile, w, p, down, q, 1, panel, parts)
                    p += parts * down
                    q += parts
                for _ in range(rows % parts):
                    tile = tiles.add_rows(tile, w, p, down, q, 1, panel, 1)
                    p += down
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
        while count >= 8:
            kit.combine_8(w, y, b, b_down, b_rows, z, a, down, rows, x)
            count -= 8
            y += 8 * width
            b += 8 * width
            a += 8 * width
        if count >= 4:
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
        @inlined
        def outer_tile(w, g, g_down, u, u_down, v, v_down, terms):
            tile = tiles.load(w, g, g_down, columns, rows)
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

    @jit
    def draw_inputs(w, x, start, stop, k0, k1, sample):
        """Elements start..stop-1 of the input stream to numbers of x; returns the place of `start` in x."""
        first = start >> 1
        for block in range(first, (stop + 1) >> 1, width):
            z0, z1 = kit.normals(k0, k1, INPUTS, lane.numbers() + block, sample)
            low, high = tiles.alternate(z0, z1)
            cell = x + (block - first) // (width // 2)
            lane.store(w, cell, low)
            lane.store(w, cell + 1, high)
        return start & 1

    @jit
    def scale_inputs(w, to, x, place, m, e):
        """m inputs from number `place` of x on, times 2^e, in whole cells."""
        first, second = kit.factors(e)
        for q in range(0, m, width):
            lane.store_at(w, to * width + q, lane.load_at(w, x * width + place + q) * first * second)

    @jit
    def emit(out, results, index, i, value):
        """Result i, of `results`, of sample `index`, in groups as for the other layout."""
        at = (index // width * results + i) * width + index % width
        lane.put(out, at, lane.extract(value, 0))

    @jit
    def cells(elements):
        """Cells that hold this many elements of one matrix."""
        return (elements + width - 1) // width

    @jit
    def place_rows(w, to, source, at, down, across, rows, columns):
        """Element (i, j), number at + i * down + j * across, to padded rows from cell `to` on."""
        count = kit.cells(columns)
        for i in range(rows):
            lane.store(w, to + (i + 1) * count - 1, lane.const(0.0))
            for j in range(columns):
                x = lane.get(source, at + i * down + j * across)
                lane.put(w, (to + i * count) * width + j, x)

    @jit
    def place_vector(w, to, source, at, step, n):
        """Plain elements, `step` numbers apart, as a scaled vector of exponent 0."""
        kit.place_rows(w, to, source, at, 0, step, 1, n)
        lane.store(w, to + kit.cells(n), lane.const(0.0))

    @jit
    def place_matrix(w, source, at, down, across, n, copies):
        """Matrix to cell 0, largest entry in [1, 2), and its transpose if copies = 2; returns its exponent."""
        count = kit.cells(n)
        kit.place_rows(w, 0, source, at, down, across, n, n)
        if copies == 2:
            kit.place_rows(w, n * count, source, at, across, down, n, n)
        largest = lane.const(0.0)
        for i in range(n * count):
            largest = lane.maximum(lane.abs(lane.load(w, i)), largest)
        e = lane.to_float(kit.exponent(lane.const(lane.highest(largest))))
        kit.scale_vector(w, 0, copies * n * count, -e)
        return e

    @jit
    def step_norms(w, a, a_steps, delta, delta_steps, n, lags, block, out, start, stop):
        """Log norms of (A^T)^k delta at the lags k for samples start..stop-1.

        Steps are in numbers, from a group of samples to the next, from one sample of a group to the
        next, from row to row, from column to column; for delta without the third.
        """
        count = kit.cells(n)
        v = n * count
        group, single, down, across = a_steps
        delta_group, delta_single, delta_step = delta_steps
        for index in range(start, stop):
            g = index // width
            s = index % width
            shift = kit.place_matrix(w, a, g * group + s * single, down, across, n, 1)
            kit.place_vector(w, v, delta, g * delta_group + s * delta_single, delta_step, n)
            kit.norms_by_steps(w, v, shift, count, (0, count, n), lags, block, out, index)

    @jit
    def bptt(
        w, a, stride, b, h0, y, samples, n, ld, m, horizon, segment, block, k0, k1, lags, out, start, stop
    ):  # fmt: skip
        """`backpropagate` for samples start..stop-1, the lanes of groups that lie as for the other layout."""
        count = kit.cells(n)
        transposed = n * count
        input_map = 2 * n * count
        free = input_map + m * count + 1
        for index in range(start, stop):
            g = index // width
            s = index % width
            shift = kit.place_matrix(w, a, g * stride * width + s, ld * width, width, n, 2)
            kit.place_rows(w, input_map, b, g * n * m * width + s, width, m * width, m, n)
            lane.store(w, input_map + m * count, lane.const(0.0))
            floor = kit.input_exponent(w, input_map, m * count) - shift
            kit.place_vector(w, free, y, g * n * width + s, width, n)
            kit.place_vector(w, free + count + 1, h0, g * n * width + s, width, n)
            sample = lane.index(lane.get(samples, index))
            kit.backpropagate(
                w, free, shift, floor, count, (transposed, count, n), (0, count, n), (input_map, count, m),
                horizon, segment, block, k0, k1, sample, lags, out, index,
            )  # fmt: skip

    return (
        vector_size,
        vector_square,
        combining(8, 1),
        combining(4, 2) if ACCUMULATORS >= 8 else taking_turns(4),
        combining(3, 2),
        combining(2, 2),
        combining(1, 4),
        *(multiplying(columns, rows) for columns, rows in ((2, 8), (BROAD, 4), (1, 4), (4, 1), (1, 1))),
        apply_matrices,
        outer_products,
        draw_inputs,
        scale_inputs,
        emit,
        cells,
        place_rows,
        place_vector,
        place_matrix,
        step_norms,
        bptt,
    )
