"""Samples where a lane is a column: their way into cells and out, and what is run over them one by one."""

from typing import Any

from rhoscope.kernels import shuffles
from rhoscope.kernels.streams import INPUTS
from rhoscope.kernels.turns import PANEL


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""
    width = lane.WIDTH

    @jit
    def draw_inputs(w, x, start, stop, k0, k1, sample):
        """Elements start..stop-1 of the input stream to numbers of x; returns the place of `start` in x."""
        block = start >> 1
        end = (stop + 1) >> 1
        while block < end:
            here = lane.numbers() + block
            if block + width < end:
                z0, z1, z2, z3 = kit.normals_of_two(k0, k1, INPUTS, here, here + width, sample)
                low, high = shuffles.alternate(z2, z3)
                lane.store(w, x + 2, low)
                lane.store(w, x + 3, high)
            else:
                z0, z1 = kit.normals(k0, k1, INPUTS, here, sample)
            low, high = shuffles.alternate(z0, z1)
            lane.store(w, x, low)
            lane.store(w, x + 1, high)
            block += 2 * width
            x += 4
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
    def place_square(w, to, source, at, down, across, n, full):
        """As `place_rows` for n rows and columns, the first `full` of these in panels."""
        for c in range(0, full, PANEL * width):
            kit.place_rows(w, to, source, at + c * across, down, across, n, PANEL * width)
            to += n * PANEL
        if full < n:
            kit.place_rows(w, to, source, at + full * across, down, across, n, n - full)

    @jit
    def place_matrix(w, source, at, down, across, n, copies, divided):
        """Matrix to cell 0, largest entry in [1, 2), and its transpose if copies = 2; returns its exponent."""
        count = kit.cells(n)
        full = kit.divided(count) * width if divided else 0
        kit.place_square(w, 0, source, at, down, across, n, full)
        if copies == 2:
            kit.place_square(w, n * count, source, at, across, down, n, full)
        largest = lane.const(0.0)
        for i in range(n * count):
            largest = lane.maximum(lane.abs(lane.load(w, i)), largest)
        e = kit.matrix_exponent(lane.const(lane.highest(largest)))
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
        emit,
        cells,
        place_rows,
        place_vector,
        place_square,
        place_matrix,
        place_sample,
        step_norms,
        bptt,
    )
