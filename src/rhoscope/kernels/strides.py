"""Backpropagation in strides of K = 2^p steps, written once for both layouts of vectors.

    h_{t+K} = A^K h_t + W (x_{t+1}, ..., x_{t+K}),    W = (W_1, ..., W_K),    W_j = A^(K-j) B

is a recurrence like that of single steps, with K m inputs. Both passes through it leave

    S = sum_t delta_{t+K} h_t^T,    C_j = sum_t delta_{t+K} x_{t+j}^T    over t = 0, K, 2K, ...,

and with E_1 = C_1, E_j = A^T E_{j-1} + C_j the gradients of all steps are

    dL/dB = E_K,    dL/dA = F_K + sum_{j<K} E_j W_{j+1}^T,    F_K = sum_{j=1}^K (A^T)^(K-j) S (A^T)^(j-1),

where F_1 = S and F_2k = (A^T)^k F_k + F_k (A^T)^k. So a stride costs what a step would, and 3p products of two
matrices are added once. A horizon that K does not divide begins with single steps.

The error of the powers relative to their norm is bounded as they are squared. Where it passes MOST_ERROR a sample is
computed by single steps, as one is whose numbers leave the range.
"""

from typing import Any

from rhoscope.kernels.backpropagation import DRAWN_BEYOND
from rhoscope.kernels.scaled import ZERO


def regions(after, n, count, down, length, doublings, results):
    """First cells of what strides keep beside both passes, from cell `after` on, and the end; also for Python.

    `results` counts cells.
    """
    matrix = n * down
    stride = count + 1
    turned = after + doublings * matrix
    exponents = turned + matrix
    other = exponents + doublings + 1
    early = other + n * count + 1
    between = early + length * stride
    saved = between + length * stride
    kept = saved + 2 * stride
    spare = kept + results
    return after, turned, exponents, other, early, between, saved, kept, spare, spare + 2 * matrix


def usual_error(n, doublings):
    """About what the bound of the error is for Ginibre matrices, where |A|^2 is the root of n times |A^2|."""
    return n * (2.0 * n**0.5) ** doublings / 2.0


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""
    precision = lane.precision

    @jit
    def matrix_square(w, p, down, n, count):
        """Sum of squares of a matrix."""
        one = lane.const(1.0)
        total = lane.const(0.0)
        for row in range(p, p + n * down, down):
            total = total + kit.vector_square(w, row, count, one, one)
        return total

    @jit
    def raise_powers(w, at, places, shift, n, count, down, doublings):
        """Powers 2, 4, ..., K of the matrix at cell `at`, exponents beside them; returns where they are good enough."""
        powers, _, exponents, _, _, _, _, _, spare, _ = places
        error = lane.const(0.0)
        e = shift
        lane.store(w, exponents, e)
        p = at
        before = kit.matrix_square(w, p, down, n, count)
        for j in range(doublings):
            q = powers + j * n * down
            kit.square(w, q, p, down, n, spare)
            after = kit.matrix_square(w, q, down, n, count)
            error = (error * 2.0 + n) * (before / lane.sqrt(after))
            d = lane.floor(lane.to_float(kit.exponent(after)) * 0.5)
            kit.scale_vector(w, q, n * down, -d)
            first, second = kit.factors(d * -2.0)
            before = after * first * second
            e = e + e + d
            lane.store(w, exponents + j + 1, e)
            p = q
        return error <= precision.MOST_ERROR

    @jit
    def add_image(w, to, count, matrix, x, factor, work):
        """The vector at `to` plus `factor` times the transpose of the matrix times x."""
        kit.apply_matrices(w, work, count, (0, 0, 0), 0, matrix, x)
        for i in range(count):
            lane.store(w, to + i, lane.fma(lane.load(w, work + i), factor, lane.load(w, to + i)))

    @jit
    def map_inputs(w, input_map, count, matrix, shift, m, length, work):
        """W_{K-1}, ..., W_1 from W_K = B, which lies last of the K maps of m rows."""
        first, second = kit.factors(shift)
        for row in range((length - 1) * m - 1, -1, -1):
            to = input_map + row * count
            for i in range(count):
                lane.store(w, to + i, lane.const(0.0))
            kit.add_image(w, to, count, matrix, to + m * count, first * second, work)

    @jit
    def record_between(w, v, count, lag, steps, lags, position, within, shift, out, results, index):
        """`record` where v and what follows are strides apart and `lag` counts strides; single steps lead between."""
        length, between, adjoint = within
        lag *= length
        done = -1
        while position < lags.size and lags[position] <= lag + steps * length:
            j = (lags[position] - lag) // length
            rest = lags[position] - lag - j * length
            x = v + j * (count + 1)
            if rest > 0:
                if j != done:
                    kit.copy_vector(w, between, x, count)
                    kit.advance(
                        w, between, length - 1, lane.const(ZERO), shift, count, adjoint, (0, 0, 0), 0, 0, 0
                    )
                    done = j
                x = between + rest * (count + 1)
            kit.emit(out, results, index, position, kit.log_norm(w, x, count))
            position += 1
        return position

    @jit
    def unfold_sums(w, sum_a, sum_b, input_map, at, places, shift, n, count, down, m, doublings):
        """The sums for A and B over all steps, from those over strides; returns where they lie."""
        powers, _, exponents, other, _, between, _, _, spare, _ = places
        length = 1 << doublings
        first, second = kit.factors(shift)
        for row in range(m, length * m):
            to = sum_b + row * count
            kit.add_image(w, to, count, (0, down, n), to - m * count, first * second, between)
        total = sum_a
        p = at
        for j in range(doublings):
            kit.multiply_both(w, other, total, p, n, count, down, spare)
            e = lane.load(w, total + n * count) + lane.load(w, exponents + j)
            lane.store(w, other + n * count, e)
            total, other = other, total
            p = powers + j * n * down
        if m > 0:
            kit.clear_sum(w, other, n * count)
            lane.store(w, other + n * count, lane.load(w, sum_b + length * m * count))
            kit.outer_products(
                w, other, n, count, input_map + m * count, count, sum_b, count, (length - 1) * m
            )
            kit.add_vector(w, total, other, 1.0, n * count)
        return total, sum_b + (length - 1) * m * count

    @jit
    def run_strides(
        w, free, places, input_map, shift, n, count, down, m, doublings, times, k0, k1, sample, lags, out, index
    ):  # fmt: skip
        """`backpropagate` by strides; A lies at cell 0, its transpose behind it, B last in the input map.

        Returns where all numbers stayed in range.
        """
        powers, turned, exponents, _, early, between, _, _, spare, _ = places
        horizon, segment, block = times
        length = 1 << doublings
        strides = horizon // length
        rest = horizon - strides * length
        segments = (strides + segment - 1) // segment
        at = n * down
        wide = length * m
        stride = count + 1
        y, u, v, checkpoints, x, scaled, sum_a, sum_b, _ = kit.regions(
            free,
            count,
            n,
            wide,
            kit.cells(wide),
            kit.cells(segment * wide + DRAWN_BEYOND),
            segment,
            segments,
            block,
        )
        b = input_map + (wide - m) * count
        zero = lane.const(ZERO)
        kit.copy_vector(w, early, u, count)
        if rest > 0:
            place = 0
            if m > 0:
                place = kit.draw_inputs(w, x, 0, rest * m, k0, k1, sample)
            floor = kit.state_floor(kit.input_exponent(w, b, m * count), shift)
            kit.advance(w, early, rest, floor, shift, count, (at, down, n), (b, count, m), x, place, scaled)
            kit.copy_vector(w, u, early + rest * stride, count)
        kit.map_inputs(w, input_map, count, (at, down, n), shift, m, length, between)
        long_shift = lane.load(w, exponents + doublings)
        forward = (powers + (doublings - 1) * n * down, down, n)
        adjoint = (turned, down, n)
        kit.turn(w, turned, forward[0], down, n)
        # What `spare` is for, squares and the products of the end, comes before and after all strides.
        kit.lay_in_panels(w, spare, forward, count)
        kit.lay_in_panels(w, spare + n * down, adjoint, count)
        forward = kit.panels_at(spare, forward, count)
        adjoint = kit.panels_at(spare + n * down, adjoint, count)
        # Not `state_floor`, for a power may lie beyond all exponents. Where the states then lose their digits, so does
        # S, each of whose terms in F_K has a factor A^(K/2): |A^K| >= |A^(K/2)|^2 / MOST_ERROR in a good power, so
        # that beside the term E_(K-1) B^T they are nothing.
        floor = kit.input_exponent(w, input_map, wide * count) - long_shift
        inputs = (input_map, count, wide)
        drawn = (x, scaled, rest * m)
        times = (strides, segment, block)
        place = kit.pass_forward(
            w, u, checkpoints, floor, long_shift, count, forward, inputs, drawn, times, k0, k1, sample
        )
        last = u + (strides - (segments - 1) * segment) * stride
        position = kit.start_back(w, v, last, y, count, lags, out, index)
        position = kit.pass_back_strides(
            w, u, checkpoints, v, (sum_a, sum_b), floor, long_shift, count, forward, adjoint, inputs, drawn, times,
            k0, k1, sample, place, lags, position, (length, between, (0, down, n)), shift, out, index,
        )  # fmt: skip
        images = sum_b
        sum_a, sum_b = kit.unfold_sums(
            w, sum_a, sum_b, input_map, at, places, shift, n, count, down, m, doublings
        )
        size = kit.vector_size(w, input_map, wide * count) + kit.vector_size(w, images, wide * count)
        size = size + kit.vector_size(w, sum_a, n * count)
        if rest > 0:
            kit.advance(w, v, rest, zero, shift, count, (0, down, n), (0, 0, 0), 0, 0, 0)
            lag = horizon - rest
            kit.record(w, v, count, lag, rest, lags, position, out, lags.size + 3, index)
            if m > 0:
                place = kit.draw_inputs(w, x, 0, rest * m, k0, k1, sample)
                kit.add_inputs(w, sum_b, m, count, x, place + (rest - 1) * m, scaled, v, rest)
            kit.add_states(w, sum_a, n, count, early + (rest - 1) * stride, v, rest)
        kit.end_back(w, sum_a, n * count, sum_b, m * count, lags.size, out, index)
        return size <= precision.LARGEST

    @jit
    def backpropagate_by_strides(
        w, free, places, input_map, shift, n, count, down, m, doublings, times, segment, k0, k1, sample, lags, out,
        index,
    ):  # fmt: skip
        """`run_strides` where the powers are good enough and `backpropagate`, with its own `segment`, elsewhere."""
        _, _, _, _, _, _, saved, kept, _, _ = places
        horizon, _, block = times
        stride = count + 1
        results = lags.size + 3
        at = n * down
        good = kit.raise_powers(w, at, places, shift, n, count, down, doublings)
        if lane.any(good):
            for part in range(2):
                kit.copy_vector(w, saved + part * stride, free + part * stride, count)
            good = good & kit.run_strides(
                w, free, places, input_map, shift, n, count, down, m, doublings, times, k0, k1, sample, lags, out,
                index,
            )  # fmt: skip
            for part in range(2):
                kit.copy_vector(w, free + part * stride, saved + part * stride, count)
        if not lane.all(good):
            for i in range(results):
                lane.store(w, kept + i * precision.RESULT_CELLS, kit.fetch(out, results, index, i))
            b = input_map + ((1 << doublings) - 1) * m * count
            floor = kit.state_floor(kit.input_exponent(w, b, m * count), shift)
            kit.backpropagate(
                w, free, shift, floor, count, (at, down, n), (0, down, n), (b, count, m), horizon, segment, block,
                k0, k1, sample, lags, out, index,
            )  # fmt: skip
            for i in range(results):
                by_strides = lane.load_result(w, kept + i * precision.RESULT_CELLS)
                value = lane.where(good, by_strides, kit.fetch(out, results, index, i))
                kit.emit(out, results, index, i, value)

    return (
        matrix_square,
        raise_powers,
        add_image,
        map_inputs,
        record_between,
        unfold_sums,
        run_strides,
        jit(regions),
        backpropagate_by_strides,
    )
