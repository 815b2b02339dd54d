"""Vectors and products for small matrices: a lane is a matrix, a cell holds one element of eight of them.

A matrix is named by a tuple (first cell, step down, rows): element (i, j) lies `i * down + j` cells after the
first. Everything lives in one work array, since every array argument costs seven registers a call.
"""

from typing import Any

from rhoscope.kernels.streams import INPUTS

# Cells of one of the two vectors of a sum of outer products that are read again and again.
TERM_CELLS = 128


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""

    @jit
    def vector_size(w, vector, count):
        """Sum of absolute values; NaN or infinite if any is."""
        total = lane.const(0.0)
        for i in range(vector, vector + count):
            total = total + lane.abs(lane.load(w, i))
        return total

    @jit
    def vector_square(w, vector, count, first, second):
        """Sum of squares after multiplication by two powers of two."""
        total = lane.const(0.0)
        for i in range(vector, vector + count):
            x = lane.load(w, i) * first * second
            total = lane.fma(x, x, total)
        return total

    @inlined
    def combine(w, y, count, second, z, first, x, step, fresh):
        """y_j = [y_j +] sum_i b_ij z_i + sum_i a_ij x_i, b being `second` and a `first`; `fresh` drops the old y.

        The terms of b come before those of a, rows i in ascending order; x_i lies at the cell x + i * step.
        """
        a, down, rows = first
        b, b_down, b_rows = second
        zero = lane.const(0.0)
        j = 0
        while j + 8 <= count:
            c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero
            t = y + j
            if not fresh:
                c0 = lane.load(w, t)
                c1 = lane.load(w, t + 1)
                c2 = lane.load(w, t + 2)
                c3 = lane.load(w, t + 3)
                c4 = lane.load(w, t + 4)
                c5 = lane.load(w, t + 5)
                c6 = lane.load(w, t + 6)
                c7 = lane.load(w, t + 7)
            p = b + j
            for q in range(z, z + b_rows):
                s = lane.load(w, q)
                c0 = lane.fma(lane.load(w, p), s, c0)
                c1 = lane.fma(lane.load(w, p + 1), s, c1)
                c2 = lane.fma(lane.load(w, p + 2), s, c2)
                c3 = lane.fma(lane.load(w, p + 3), s, c3)
                c4 = lane.fma(lane.load(w, p + 4), s, c4)
                c5 = lane.fma(lane.load(w, p + 5), s, c5)
                c6 = lane.fma(lane.load(w, p + 6), s, c6)
                c7 = lane.fma(lane.load(w, p + 7), s, c7)
                p += b_down
            p = a + j
            q = x
            for _ in range(rows):
                s = lane.load(w, q)
                c0 = lane.fma(lane.load(w, p), s, c0)
                c1 = lane.fma(lane.load(w, p + 1), s, c1)
                c2 = lane.fma(lane.load(w, p + 2), s, c2)
                c3 = lane.fma(lane.load(w, p + 3), s, c3)
                c4 = lane.fma(lane.load(w, p + 4), s, c4)
                c5 = lane.fma(lane.load(w, p + 5), s, c5)
                c6 = lane.fma(lane.load(w, p + 6), s, c6)
                c7 = lane.fma(lane.load(w, p + 7), s, c7)
                p += down
                q += step
            lane.store(w, t, c0)
            lane.store(w, t + 1, c1)
            lane.store(w, t + 2, c2)
            lane.store(w, t + 3, c3)
            lane.store(w, t + 4, c4)
            lane.store(w, t + 5, c5)
            lane.store(w, t + 6, c6)
            lane.store(w, t + 7, c7)
            j += 8
        while j + 4 <= count:
            c0 = c1 = c2 = c3 = zero
            t = y + j
            if not fresh:
                c0 = lane.load(w, t)
                c1 = lane.load(w, t + 1)
                c2 = lane.load(w, t + 2)
                c3 = lane.load(w, t + 3)
            p = b + j
            for q in range(z, z + b_rows):
                s = lane.load(w, q)
                c0 = lane.fma(lane.load(w, p), s, c0)
                c1 = lane.fma(lane.load(w, p + 1), s, c1)
                c2 = lane.fma(lane.load(w, p + 2), s, c2)
                c3 = lane.fma(lane.load(w, p + 3), s, c3)
                p += b_down
            p = a + j
            q = x
            for _ in range(rows):
                s = lane.load(w, q)
                c0 = lane.fma(lane.load(w, p), s, c0)
                c1 = lane.fma(lane.load(w, p + 1), s, c1)
                c2 = lane.fma(lane.load(w, p + 2), s, c2)
                c3 = lane.fma(lane.load(w, p + 3), s, c3)
                p += down
                q += step
            lane.store(w, t, c0)
            lane.store(w, t + 1, c1)
            lane.store(w, t + 2, c2)
            lane.store(w, t + 3, c3)
            j += 4
        while j < count:
            c0 = zero
            if not fresh:
                c0 = lane.load(w, y + j)
            p = b + j
            for q in range(z, z + b_rows):
                c0 = lane.fma(lane.load(w, p), lane.load(w, q), c0)
                p += b_down
            p = a + j
            q = x
            for _ in range(rows):
                c0 = lane.fma(lane.load(w, p), lane.load(w, q), c0)
                p += down
                q += step
            lane.store(w, y + j, c0)
            j += 1

    @inlined
    def apply_matrices(w, y, count, second, z, first, x):
        """y = (transpose of the second matrix) z + (transpose of the first) x."""
        kit.combine(w, y, count, second, z, first, x, 1, True)

    @jit
    def outer_products(w, g, rows, count, u, down, v, step, terms):
        """g_rj += sum_t v_tr u_tj over `terms` vectors u, `down` cells apart, and v, `step` cells apart."""
        # So few terms at a time that their vectors stay in the first-level cache; every sum keeps its order.
        few = max(1, TERM_CELLS // count)
        for t in range(0, terms, few):
            some = min(few, terms - t)
            for r in range(rows):
                first = (u + t * down, down, some)
                kit.combine(w, g + r * count, count, (0, 0, 0), 0, first, v + r + t * step, step, False)

    @jit
    def draw_inputs(w, x, start, stop, k0, k1, sample):
        """Elements start..stop-1 of the input stream to x; returns the place of element `start` in x."""
        block = start >> 1
        end = (stop + 1) >> 1
        to = x
        begun = kit.begin_two(k0, k1, INPUTS, lane.index(block), lane.index(block + 1), sample)
        while block + 2 <= end:
            here = begun
            if block + 2 < end:
                begun = kit.begin_two(k0, k1, INPUTS, lane.index(block + 2), lane.index(block + 3), sample)
            z0, z1, z2, z3 = kit.end_two(here)
            lane.store(w, to, z0)
            lane.store(w, to + 1, z1)
            lane.store(w, to + 2, z2)
            lane.store(w, to + 3, z3)
            block += 2
            to += 4
        if block < end:
            z0, z1, _, _ = kit.end_two(begun)
            lane.store(w, to, z0)
            lane.store(w, to + 1, z1)
        return start & 1

    @jit
    def scale_inputs(w, to, x, place, m, e):
        """m inputs from element `place` of x on, times 2^e."""
        first, second = kit.factors(e)
        for q in range(m):
            lane.store(w, to + q, lane.load(w, x + place + q) * first * second)

    @jit
    def emit(out, results, index, i, value):
        """Result i, of `results`, of group `index`."""
        lane.store(out, index * results + i, value)

    @inlined
    def note(held, out, results, index, i, last, square, e):
        """`emit` the logarithm of sqrt(square) 2^e; what is held for later is returned."""
        kit.emit(out, results, index, i, kit.log_of(square, e))
        return held

    @jit
    def cells(elements):
        """Cells that hold this many elements of one matrix."""
        return elements

    @jit
    def place_matrix(w, source, at, n, ld):
        """Matrix of a group to cell 0, largest entry scaled to [1, 2); returns the exponent taken out."""
        # Two chains, since a maximum waits for the one before.
        even = odd = lane.const(0.0)
        for row in range(at, at + n * ld, ld):
            for j in range(row, row + n - 1, 2):
                even = lane.maximum(lane.abs(lane.load(source, j)), even)
                odd = lane.maximum(lane.abs(lane.load(source, j + 1)), odd)
            if n % 2 == 1:
                even = lane.maximum(lane.abs(lane.load(source, row + n - 1)), even)
        e = kit.matrix_exponent(lane.maximum(even, odd))
        first, second = kit.factors(-e)
        for i in range(0, n * ld, ld):
            for j in range(i, i + n):
                lane.store(w, j, lane.load(source, at + j) * first * second)
        return e

    @jit
    def place_vector(w, to, source, at, count):
        """Plain elements as a scaled vector of exponent 0."""
        for i in range(count):
            lane.store(w, to + i, lane.load(source, at + i))
        lane.store(w, to + count, lane.const(0.0))

    @jit
    def transpose(w, to, source, at, ld, rows, columns, stride):
        """Element (i, j) of the source, `ld` cells a row, to cell j * stride + i after `to`."""
        for i in range(rows):
            for j in range(columns):
                lane.store(w, to + j * stride + i, lane.load(source, at + i * ld + j))

    @jit
    def step_norms(w, a, stride, delta, n, ld, lags, times, out, start, stop):
        """Log norms of (A^T)^k delta at the lags k for groups start..stop-1.

        Group g has its matrix at cell g * stride of a, delta at g * n, results at g * lags.size of out.
        """
        v = n * ld
        for g in range(start, stop):
            shift = kit.place_matrix(w, a, g * stride, n, ld)
            kit.place_vector(w, v, delta, g * n, n)
            kit.norms_by_steps(w, v, shift, n, (0, ld, n), lags, times, out, g)

    @jit
    def bptt(
        w, a, stride, b, h0, y, samples, n, ld, m, horizon, segment, block, k0, k1, lags, out, start, stop
    ):  # fmt: skip
        """`backpropagate` for groups start..stop-1, with lags.size + 3 results each.

        Group g has A at cell g * stride of a, B at g * n * m of b, h_0 and y at g * n.
        """
        transposed = n * ld
        input_map = 2 * n * ld
        free = input_map + n * m + 1
        for g in range(start, stop):
            shift = kit.place_matrix(w, a, g * stride, n, ld)
            kit.transpose(w, transposed, w, 0, ld, n, n, ld)
            kit.transpose(w, input_map, b, g * n * m, m, n, m, n)
            lane.store(w, input_map + n * m, lane.const(0.0))
            floor = kit.state_floor(kit.input_exponent(w, input_map, n * m), shift)
            kit.place_vector(w, free, y, g * n, n)
            kit.place_vector(w, free + n + 1, h0, g * n, n)
            kit.backpropagate(
                w, free, shift, floor, n, (transposed, ld, n), (0, ld, n), (input_map, n, m),
                horizon, segment, block, k0, k1, lane.load_index(samples, g), lags, out, g,
            )  # fmt: skip

    return (
        vector_size,
        vector_square,
        combine,
        apply_matrices,
        outer_products,
        draw_inputs,
        scale_inputs,
        emit,
        note,
        cells,
        place_matrix,
        place_vector,
        transpose,
        step_norms,
        bptt,
    )
