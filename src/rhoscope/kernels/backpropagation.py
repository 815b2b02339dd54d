"""Backpropagation through time in scaled arithmetic: both passes and their sums, over the steps of `recurrence`."""

from typing import Any

from rhoscope.kernels.scaled import ZERO

# Elements that drawing inputs by whole vectors may write beyond those asked for.
DRAWN_BEYOND = 32


def regions(free, count, n, m, input_cells, segment_cells, segment, segments, block):
    """First cells of what `backpropagate` keeps from cell `free` on, and the end; also called from Python."""
    stride = count + 1
    states = free + stride
    adjoints = states + (segment + 1) * stride
    checkpoints = adjoints + (block + 1) * stride
    inputs = checkpoints + segments * stride
    scaled_inputs = inputs + segment_cells
    sum_a = scaled_inputs + block * input_cells
    sum_b = sum_a + n * count + 1
    return free, states, adjoints, checkpoints, inputs, scaled_inputs, sum_a, sum_b, sum_b + m * count + 1


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""
    precision = lane.precision

    @jit
    def add_vector(w, x, y, sign, count):
        """x <- x + sign y of scaled vectors, sign being 1 or -1; both are rescaled first."""
        floor = lane.const(ZERO)
        every = floor == floor
        kit.rescale_vector(w, x, count, floor, every)
        kit.rescale_vector(w, y, count, floor, every)
        e = lane.load(w, x + count)
        f = lane.load(w, y + count)
        top = lane.maximum(e, f)
        kit.scale_vector(w, x, count, e - top)
        kit.scale_vector(w, y, count, f - top)
        for i in range(count):
            lane.store(w, x + i, lane.load(w, x + i) + lane.load(w, y + i) * sign)
        lane.store(w, x + count, top)

    @jit
    def clear_sum(w, total, cells):
        """The empty sum, whose exponent is below that of any product."""
        for i in range(cells):
            lane.store(w, total + i, lane.const(0.0))
        lane.store(w, total + cells, lane.const(4.0 * ZERO))

    @jit
    def raise_sum(w, total, cells, e):
        """Raise the exponent of a sum towards that of its next terms, e; returns the exponent it now has."""
        old = lane.load(w, total + cells)
        new = lane.where(e > old + precision.HEADROOM, e, old)
        if lane.any(new > old):
            kit.scale_vector(w, total, cells, old - new)
            lane.store(w, total + cells, new)
        return new

    @jit
    def add_states(w, total, n, count, u, v, steps):
        """total += sum_j v_j u_{-j}^T over a block; the v are scaled in place to the exponent of the sum."""
        stride = count + 1
        high = lane.const(4.0 * ZERO)
        for j in range(steps):
            e = lane.load(w, v + j * stride + count) + lane.load(w, u - j * stride + count)
            high = lane.maximum(e, high)
        new = kit.raise_sum(w, total, n * count, high)
        for j in range(steps):
            e = lane.load(w, v + j * stride + count) + lane.load(w, u - j * stride + count) - new
            if not lane.all(e == 0.0):
                kit.scale_vector(w, v + j * stride, count, e)
        kit.outer_products(w, total, n, count, u, -stride, v, stride, steps)

    @jit
    def add_inputs(w, total, m, count, x, place, scaled, v, steps):
        """total += sum_j x_{-j} v_j^T over a block, x_0 being the m inputs from element `place` of x on."""
        stride = count + 1
        width = kit.cells(m)
        high = lane.const(4.0 * ZERO)
        for j in range(steps):
            high = lane.maximum(lane.load(w, v + j * stride + count), high)
        new = kit.raise_sum(w, total, m * count, high)
        for j in range(steps):
            e = lane.load(w, v + j * stride + count) - new
            kit.scale_inputs(w, scaled + j * width, x, place - j * m, m, e)
        kit.outer_products(w, total, m, count, v, stride, scaled, width, steps)

    @jit
    def input_exponent(w, b, cells):
        """A bound of the exponent of B x for normal x, |x| < 16; b holds B's entries as a scaled vector."""
        return kit.vector_exponent(w, b, cells) + 4.0

    @jit
    def run_segment(w, u, start, stop, block, floor, shift, count, matrix, inputs, drawn, k0, k1, sample):
        """States of times start..stop from the one at u; returns the place of input start + 1 in x.

        `drawn` tells where inputs x and those scaled are kept, and how many elements of the stream precede input 1.
        """
        m = inputs[2]
        x, scaled, skipped = drawn
        place = 0
        if m > 0:
            place = kit.draw_inputs(w, x, skipped + start * m, skipped + stop * m, k0, k1, sample)
        for t in range(start, stop, block):
            v = u + (t - start) * (count + 1)
            steps = min(block, stop - t)
            here = place + (t - start) * m
            kit.advance(w, v, steps, floor, shift, count, matrix, inputs, x, here, scaled)
        return place

    @jit
    def pass_forward(
        w, u, checkpoints, floor, shift, count, matrix, inputs, drawn, times, k0, k1, sample,
    ):  # fmt: skip
        """States up to the horizon, those of the last segment from u on, and at the checkpoints the first of each.

        `times` are horizon, segment and block. Returns the place of the last segment's first input in x.
        """
        horizon, segment, block = times
        place = 0
        for start in range(0, horizon, segment):
            if start > 0:
                kit.copy_vector(w, u, u + segment * (count + 1), count)
            kit.copy_vector(w, checkpoints + start // segment * (count + 1), u, count)
            stop = min(horizon, start + segment)
            place = kit.run_segment(
                w, u, start, stop, block, floor, shift, count, matrix, inputs, drawn, k0, k1, sample
            )
        return place

    def passing_back(by_strides: bool) -> Any:
        @jit
        def pass_back(
            w, u, checkpoints, v, sums, floor, shift, count, forward, adjoint, inputs, drawn, times, k0, k1, sample,
            place, lags, position, within, single, out, index,
        ):  # fmt: skip
            """Adjoints from the one at v, of the horizon, down to time 0, and the sums for A and B.

            With `by_strides` an adjoint is `within[0]` lags from the next; see `record_between`. Returns how many
            lags are done.
            """
            n = forward[2]
            m = inputs[2]
            stride = count + 1
            horizon, segment, block = times
            x, scaled, _ = drawn
            sum_a, sum_b = sums
            results = lags.size + 3
            zero = lane.const(ZERO)
            kit.clear_sum(w, sum_a, n * count)
            kit.clear_sum(w, sum_b, m * count)
            last = (horizon - 1) // segment
            for g in range(last, -1, -1):
                start = g * segment
                stop = min(horizon, start + segment)
                if g < last:
                    kit.copy_vector(w, u, checkpoints + g * stride, count)
                    place = kit.run_segment(
                        w, u, start, stop, block, floor, shift, count, forward, inputs, drawn, k0, k1, sample
                    )
                while stop > start:
                    first = (stop - 1) // block * block
                    steps = stop - first
                    kit.advance(w, v, steps, zero, shift, count, adjoint, (0, 0, 0), 0, 0, 0)
                    lag = horizon - stop
                    if by_strides:
                        position = kit.record_between(
                            w, v, count, lag, steps, lags, position, within, single, out, results, index
                        )
                    else:
                        position = kit.record(w, v, count, lag, steps, lags, position, out, results, index)
                    before = stop - 1 - start
                    if m > 0:
                        kit.add_inputs(w, sum_b, m, count, x, place + before * m, scaled, v, steps)
                    kit.add_states(w, sum_a, n, count, u + before * stride, v, steps)
                    kit.copy_vector(w, v, v + steps * stride, count)
                    stop = first
            return position

        return pass_back

    @jit
    def start_back(w, v, last, y, count, lags, out, index):
        """The adjoint of the horizon to v, from the last state and y; returns how many lags are done."""
        results = lags.size + 3
        kit.copy_vector(w, v, last, count)
        kit.add_vector(w, v, y, -1.0, count)
        kit.emit(out, results, index, lags.size, kit.log_norm(w, v, count))
        return kit.record(w, v, count, 0, 0, lags, 0, out, results, index)

    @jit
    def backpropagate(
        w, free, shift, floor, count, forward, adjoint, inputs,
        horizon, segment, block, k0, k1, sample, lags, out, index,
    ):  # fmt: skip
        """Both passes of one study sample; y and h_0 lie in the first two regions from `free` on.

        The state keeps an exponent of at least `floor`, so that its inputs stay in range. `segment`, a
        multiple of `block`, is how many states are kept; earlier ones are recomputed from checkpoints.
        Results: log|delta_{T-k}| at the lags k, then log|delta_T|, log|dL/dA|, log|dL/dB|.
        """
        n = forward[2]
        m = inputs[2]
        segments = (horizon + segment - 1) // segment
        y, u, v, checkpoints, x, scaled, sum_a, sum_b, _ = kit.regions(
            free, count, n, m, kit.cells(m), kit.cells(segment * m + DRAWN_BEYOND), segment, segments, block
        )
        times = (horizon, segment, block)
        drawn = (x, scaled, 0)
        place = kit.pass_forward(
            w, u, checkpoints, floor, shift, count, forward, inputs, drawn, times, k0, k1, sample
        )
        last = u + (horizon - (segments - 1) * segment) * (count + 1)
        position = kit.start_back(w, v, last, y, count, lags, out, index)
        kit.pass_back(
            w, u, checkpoints, v, (sum_a, sum_b), floor, shift, count, forward, adjoint, inputs, drawn, times,
            k0, k1, sample, place, lags, position, (1, 0, adjoint), shift, out, index,
        )  # fmt: skip
        kit.end_back(w, sum_a, n * count, sum_b, m * count, lags.size, out, index)

    @jit
    def end_back(w, sum_a, cells_a, sum_b, cells_b, position, out, index):
        """The last two results, the log norms of the sums."""
        results = position + 3
        kit.emit(out, results, index, position + 1, kit.log_norm(w, sum_a, cells_a))
        kit.emit(out, results, index, position + 2, kit.log_norm(w, sum_b, cells_b))

    return (
        add_vector,
        clear_sum,
        raise_sum,
        add_states,
        add_inputs,
        input_exponent,
        run_segment,
        pass_forward,
        passing_back(False),
        passing_back(True),
        start_back,
        end_back,
        jit(regions),
        backpropagate,
    )
