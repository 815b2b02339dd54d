"""Backpropagation in strides for the groups of a study: what a thread of the CPU runs, in either layout."""

from typing import Any

from rhoscope.kernels import shuffles, tiles


def build_interleaved(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement, where a lane is a matrix."""
    result_cells = lane.precision.RESULT_CELLS

    @jit
    def turn(w, to, source, down, n):
        """The transpose of a matrix."""
        kit.transpose(w, to, w, source, down, n, n, down)

    @jit
    def multiply_both(w, to, x, p, n, count, down, spare):
        """P X + X P, for X whose rows lie `count` cells apart and P of rows `down` cells apart."""
        for r in range(n):
            row = x + r * count
            kit.apply_matrices(w, to + r * count, count, (x, count, n), p + r * down, (p, down, n), row)

    @jit
    def fetch(out, results, index, i):
        """What `emit` has written."""
        return lane.load_result(out, index * results + i)

    @jit
    def bptt_by_strides(
        w, a, stride, b, h0, y, samples, n, ld, m, doublings, times, segment, k0, k1, lags, out, start, stop
    ):  # fmt: skip
        """`bptt` in strides of 2^doublings steps; `times` are horizon, segment of strides, block."""
        length = 1 << doublings
        input_map = 2 * n * ld
        after = input_map + n * m * length + 1
        places = kit.stride_regions(after, n, n, ld, length, doublings, (lags.size + 3) * result_cells)
        free = places[9]
        for g in range(start, stop):
            shift = kit.place_matrix(w, a, g * stride, n, ld)
            kit.turn(w, n * ld, 0, ld, n)
            kit.transpose(w, after - 1 - n * m, b, g * n * m, m, n, m, n)
            lane.store(w, after - 1, lane.const(0.0))
            kit.place_vector(w, free, y, g * n, n)
            kit.place_vector(w, free + n + 1, h0, g * n, n)
            kit.backpropagate_by_strides(
                w, free, places, input_map, shift, n, n, ld, m, doublings, times, segment, k0, k1,
                lane.load_index(samples, g), lags, out, g,
            )  # fmt: skip

    return turn, multiply_both, fetch, bptt_by_strides


def build_columns(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement, where a lane is a column."""
    width = lane.WIDTH
    result_cells = lane.precision.RESULT_CELLS

    @jit
    def turn(w, to, source, down, n):
        """The transpose of a matrix of at least as many rows as a cell has lanes."""
        count = kit.cells(n)
        for i in range(n):
            lane.store(w, to + (i + 1) * count - 1, lane.const(0.0))
        for row in range(0, n, width):
            # The last blocks overlap those before, rather than end beyond the matrix.
            i = min(row, n - width)
            rows = shuffles.places(i, n - 1, down * width, width)
            for column in range(0, n, width):
                j = min(column, n - width)
                turned = shuffles.load_turned(w, rows, source * width + j)
                tiles.store(turned, w, (to + j * count) * width + i, count * width, 1)

    @jit
    def multiply_both(w, to, x, p, n, count, down, spare):
        """P X + X P; spare has room for two matrices."""
        for i in range(to, to + n * count):
            lane.store(w, i, lane.const(0.0))
        turned = spare + n * count
        kit.turn(w, turned, p, down, n)
        kit.outer_products(w, to, n, count, x, count, turned, count, n)
        kit.turn(w, turned, x, count, n)
        kit.outer_products(w, to, n, count, p, down, turned, count, n)

    @jit
    def fetch(out, results, index, i):
        """What `emit` has written, in every lane."""
        at = (index // width * results + i) * width + index % width
        return lane.result(lane.get(out, at))

    @jit
    def bptt_by_strides(
        w, a, stride, b, h0, y, samples, n, ld, m, doublings, times, segment, k0, k1, lags, out, start, stop
    ):  # fmt: skip
        """`bptt` in strides of 2^doublings steps; `times` are horizon, segment of strides, block."""
        count = kit.cells(n)
        length = 1 << doublings
        input_map = 2 * n * count
        after = input_map + m * count * length + 1
        places = kit.stride_regions(after, n, count, count, length, doublings, (lags.size + 3) * result_cells)
        free = places[9]
        for index in range(start, stop):
            g = index // width
            s = index % width
            shift = kit.place_matrix(w, a, g * stride * width + s, ld * width, width, n, 2, False)
            kit.place_rows(w, after - 1 - m * count, b, g * n * m * width + s, width, m * width, m, n)
            lane.store(w, after - 1, lane.const(0.0))
            kit.place_vector(w, free, y, g * n * width + s, width, n)
            kit.place_vector(w, free + count + 1, h0, g * n * width + s, width, n)
            sample = lane.index(lane.get(samples, index))
            kit.backpropagate_by_strides(
                w, free, places, input_map, shift, n, count, count, m, doublings, times, segment, k0, k1, sample,
                lags, out, index,
            )  # fmt: skip

    return turn, multiply_both, fetch, bptt_by_strides
