"""Samples where a lane is a column: their way into cells and out, and what is run over them one by one."""

from typing import Any

from rhoscope.kernels import lane_memory, shuffles
from rhoscope.kernels.streams import INPUTS
from rhoscope.kernels.turns import PANEL


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""
    width = lane.WIDTH

    @jit
    def draw_inputs(w, x, start, stop, k0, k1, sample):
        """Elements start..stop-1 of the input stream to numbers of x; returns the place of `start` in x."""
        block = start >> 1
        end = (stop + 1) >> 1
        here = lane.numbers() + block
        begun = kit.begin_two(k0, k1, INPUTS, here, here + width, sample)
        while block < end:
            now = begun
            here = here + 2 * width
            if block + 2 * width < end:
                begun = kit.begin_two(k0, k1, INPUTS, here, here + width, sample)
            z0, z1, z2, z3 = kit.end_two(now)
            low, high = shuffles.alternate(z0, z1)
            lane.store(w, x, low)
            lane.store(w, x + 1, high)
            if block + width < end:
                low, high = shuffles.alternate(z2, z3)
                lane.store(w, x + 2, low)
                lane.store(w, x + 3, high)
            block += 2 * width
            x += 4
        return start & 1

    @jit
    def scale_inputs(w, to, x, place, m, e):
        """m inputs from number `place` of x on, times 2^e, in whole cells."""
        first, second = kit.factors(e)
        for q in range(0, m, width):
            lane.store_at(w, to * width + q, lane.load_at(w, x * width + place + q) * first * second)

    @inlined
    def place_of(results, index, i):
        """Where result i, of `results`, of sample `index` lies, in groups as for the other layout."""
        return (index // width * results + i) * width + index % width

    @jit
    def emit(out, results, index, i, value):
        """Result i, of `results`, of sample `index`."""
        lane.put(out, kit.place_of(results, index, i), lane.extract(value, 0))

    @inlined
    def note(held, out, results, index, i, last, square, e):
        """`emit` the logarithm of sqrt(square) 2^e, later: with those of the results after it, as many as lanes, or
        the `last` of them. Held are both for each, and their number; at first (0, 0, 0).
        """
        squares, exponents, count = held
        here = lane.numbers() == count
        squares = lane.where(here, square, squares)
        exponents = lane.where(here, e, exponents)
        count += 1
        if last or count == width:
            values = kit.log_of(squares, exponents)
            for k in range(count):
                lane.put(out, kit.place_of(results, index, i - count + 1 + k), lane.extract(values, k))
            count = 0
        return squares, exponents, count

    @jit
    def cells(elements):
        """Cells that hold this many elements of one matrix."""
        return (elements + width - 1) // width

    @jit
    def place_rows(w, to, source, at, down, across, rows, columns):
        """Element (i, j), number at + i * down + j * across, to padded rows from cell `to` on."""
        count = kit.cells(columns)
        by_vectors = across == 1 and columns >= width
        for i in range(rows):
            lane.store(w, to + (i + 1) * count - 1, lane.const(0.0))
            row = at + i * down
            place = (to + i * count) * width
            j = 0
            while by_vectors and j < columns:
                # The last vector overlaps the one before, rather than end beyond the row.
                j = min(j, columns - width)
                lane.store_at(w, place + j, lane_memory.load_rounded(w, source, row + j))
                j += width
            while j < columns:
                lane.put(w, place + j, lane.get(source, row + j * across))
                j += 1

    @jit
    def place_vector(w, to, source, at, step, n):
        """Plain elements, `step` numbers apart, as a scaled vector of exponent 0."""
        kit.place_rows(w, to, source, at, 0, step, 1, n)
        lane.store(w, to + kit.cells(n), lane.const(0.0))

    @jit
    def place_square(w, to, source, at, down, across, n, full):
        """As `place_rows` for n rows and columns, the first `full` of these in panels."""
        for c in range(0, full, PANEL * width):
            kit.place_rows(w, to, source, at + c * across, down, across, n, PANEL * width)
            to += n * PANEL
        if full < n:
            kit.place_rows(w, to, source, at + full * across, down, across, n, n - full)

    @jit
    def largest_entry(w, first, count):
        """The largest absolute value of each lane in `count` cells."""
        # Four chains, since a maximum waits for the one before.
        m0 = m1 = m2 = m3 = lane.const(0.0)
        end = first + count
        while first + 4 <= end:
            m0 = lane.maximum(lane.abs(lane.load(w, first)), m0)
            m1 = lane.maximum(lane.abs(lane.load(w, first + 1)), m1)
            m2 = lane.maximum(lane.abs(lane.load(w, first + 2)), m2)
            m3 = lane.maximum(lane.abs(lane.load(w, first + 3)), m3)
            first += 4
        while first < end:
            m0 = lane.maximum(lane.abs(lane.load(w, first)), m0)
            first += 1
        return lane.maximum(lane.maximum(m0, m1), lane.maximum(m2, m3))

    @jit
    def place_matrix(w, source, at, down, across, n, copies, divided):
        """Matrix to cell 0, largest entry in [1, 2), and its transpose if copies = 2; returns its exponent."""
        count = kit.cells(n)
        full = kit.divided(count) * width if divided else 0
        kit.place_square(w, 0, source, at, down, across, n, full)
        if copies == 2:
            kit.place_square(w, n * count, source, at, across, down, n, full)
        e = kit.matrix_exponent(lane.const(lane.highest(kit.largest_entry(w, 0, n * count))))
        kit.scale_vector(w, 0, copies * n * count, -e)
        return e

    @jit
    def place_sample(w, a, a_steps, delta, delta_steps, n, index):
        """Matrix and delta of a sample to w, steps as for `step_norms`; returns the exponent of the matrix."""
        group, single, down, across = a_steps
        delta_group, delta_single, delta_step = delta_steps
        g = index // width
        s = index % width
        kit.place_vector(w, n * kit.cells(n), delta, g * delta_group + s * delta_single, delta_step, n)
        return kit.place_matrix(w, a, g * group + s * single, down, across, n, 1, True)

    @jit
    def step_norms(w, a, a_steps, delta, delta_steps, n, lags, times, out, start, stop):
        """Log norms of (A^T)^k delta at the lags k for samples start..stop-1.

        Steps are in numbers, from a group of samples to the next, from one sample of a group to the
        next, from row to row, from column to column; for delta without the third.
        """
        count = kit.cells(n)
        v = n * count
        matrix = kit.panels_at(0, (0, count, n), count)
        index = start
        if kit.goes_with_another(count, matrix):
            other = lane.part(w, v + (times[0] + 1) * (count + 1))
            while index + 1 < stop:
                shift = kit.place_sample(w, a, a_steps, delta, delta_steps, n, index)
                second = kit.place_sample(other, a, a_steps, delta, delta_steps, n, index + 1)
                kit.norms_of_two(w, other, v, shift, second, count, matrix, lags, times, out, index)
                index += 2
        while index < stop:
            shift = kit.place_sample(w, a, a_steps, delta, delta_steps, n, index)
            kit.norms_by_steps(w, v, shift, count, matrix, lags, times, out, index)
            index += 1

    @jit
    def bptt(
        w, a, stride, b, h0, y, samples, n, ld, m, horizon, segment, block, k0, k1, lags, out, start, stop
    ):  # fmt: skip
        """`backpropagate` for samples start..stop-1, the lanes of groups that lie as for the other layout."""
        count = kit.cells(n)
        transposed = n * count
        input_map = 2 * n * count
        free = input_map + m * count + 1
        forward = kit.panels_at(transposed, (transposed, count, n), count)
        adjoint = kit.panels_at(0, (0, count, n), count)
        for index in range(start, stop):
            g = index // width
            s = index % width
            shift = kit.place_matrix(w, a, g * stride * width + s, ld * width, width, n, 2, True)
            kit.place_rows(w, input_map, b, g * n * m * width + s, width, m * width, m, n)
            lane.store(w, input_map + m * count, lane.const(0.0))
            floor = kit.state_floor(kit.input_exponent(w, input_map, m * count), shift)
            kit.place_vector(w, free, y, g * n * width + s, width, n)
            kit.place_vector(w, free + count + 1, h0, g * n * width + s, width, n)
            sample = lane.index(lane.get(samples, index))
            kit.backpropagate(
                w, free, shift, floor, count, forward, adjoint, (input_map, count, m), horizon, segment, block, k0,
                k1, sample, lags, out, index,
            )  # fmt: skip

    return (
        draw_inputs,
        scale_inputs,
        place_of,
        emit,
        note,
        cells,
        place_rows,
        place_vector,
        place_square,
        largest_entry,
        place_matrix,
        place_sample,
        step_norms,
        bptt,
    )
