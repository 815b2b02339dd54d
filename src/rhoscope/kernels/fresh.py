"""Recurrences with a fresh matrix at every step, in scaled arithmetic over interleaved matrices.

The work array begins with a tile of matrices: that of step s and group g at cell (s * groups + g) * n * ld, as it
was drawn. After the tile, from cell `free` on, lie what the groups share and then a region a group.

A matrix serves for a single step, so it is not scaled in advance: the vector is, before every step. Only where the
product leaves the range in which nothing was lost is the step done again with the matrix scaled too. Powers of two
being exact, neither is visible in the bits as long as nothing is subnormal.
"""

from typing import Any

from rhoscope.kernels.double import HIGH, LOW
from rhoscope.kernels.scaled import ZERO


def regions(free, n, ld, m):
    """First cells of: a transposed matrix, x_t, x_t scaled, group 0; cells of a group. Also called from Python."""
    inputs = free + n * ld
    scaled = inputs + m + 2
    return free, inputs, scaled, scaled + m, 2 * (n + 1) + 2 * (n * m + 1)


def group_regions(start, n, m):
    """First cells of what a group keeps: its vector and room for the next, B, the sum for dL/dB."""
    input_map = start + 2 * (n + 1)
    return start, input_map, input_map + n * m + 1


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""

    @jit
    def tame(w, a, n, ld, mask):
        """Scale the matrix at a to a largest entry in [1, 2) where the mask holds; returns the exponents taken out."""
        largest = lane.const(0.0)
        for i in range(n):
            for j in range(n):
                largest = lane.maximum(lane.abs(lane.load(w, a + i * ld + j)), largest)
        # One of zeros takes all of a state's exponent: its inputs alone are left, however far it had grown beyond them.
        zero = lane.const(0.0)
        e = lane.where(mask, kit.exponent_of(largest, zero), zero)
        for i in range(n):
            kit.scale_vector(w, a + i * ld, n, -e)
        return e

    @jit
    def fresh_step(w, v, a, n, ld, floor, inputs, x, place, scaled):
        """v <- M^T v [+ B x_t] in place, M the matrix at cell a; the exponent of v is kept at `floor` or above."""
        shift = lane.const(0.0)
        every = shift == shift
        matrix = (a, ld, n)
        kit.march(w, v, 1, 1, every, floor, shift, n, matrix, inputs, x, place, scaled)
        there = v + n + 1
        size = kit.vector_size(w, there, n)
        bad = ~((size >= LOW) & (size <= HIGH))
        if inputs[2] == 0 and lane.any(bad):
            # Without inputs a zero stays zero, which is no reason to do the step again.
            bad = bad & ~(kit.vector_size(w, v, n) == 0.0)
        if lane.any(bad):
            # Lanes that are not bad have nothing scaled, so they compute the same numbers again.
            shift = kit.tame(w, a, n, ld, bad)
            kit.march(w, v, 1, 1, bad, floor - shift, shift, n, matrix, inputs, x, place, scaled)
        kit.copy_vector(w, v, there, n)

    @jit
    def fresh_begin(w, free, groups, n, ld, m, vectors, b):
        """Place a vector (n) and B (n x m) of every group; empty the sums."""
        _, _, _, first, span = kit.fresh_regions(free, n, ld, m)
        for g in range(groups):
            v, input_map, total = kit.fresh_group_regions(first + g * span, n, m)
            kit.place_vector(w, v, vectors, g * n, n)
            kit.transpose(w, input_map, b, g * n * m, m, n, m, n)
            lane.store(w, input_map + n * m, lane.const(0.0))
            kit.clear_sum(w, total, n * m)

    @jit
    def fresh_forward(w, free, groups, steps, n, ld, m, time, k0, k1, samples):
        """States from `time` to `time` + steps, h_t = A_t h_{t-1} + B x_t; the tile holds A of `time` + 1 first."""
        transposed, x, scaled, first, span = kit.fresh_regions(free, n, ld, m)
        for g in range(groups):
            v, input_map, _ = kit.fresh_group_regions(first + g * span, n, m)
            floor = kit.input_exponent(w, input_map, n * m)
            sample = lane.load(samples, g)
            for s in range(steps):
                start = (time + s) * m
                place = 0
                if m > 0:
                    place = kit.draw_inputs(w, x, start, start + m, k0, k1, sample)
                kit.transpose(w, transposed, w, (s * groups + g) * n * ld, ld, n, n, ld)
                kit.fresh_step(w, v, transposed, n, ld, floor, (input_map, n, m), x, place, scaled)

    @jit
    def fresh_subtract(w, free, groups, n, ld, m, y):
        """The error h_T - y of every group in the place of its state."""
        _, _, _, first, span = kit.fresh_regions(free, n, ld, m)
        for g in range(groups):
            v, _, _ = kit.fresh_group_regions(first + g * span, n, m)
            kit.place_vector(w, v + n + 1, y, g * n, n)
            kit.add_vector(w, v, v + n + 1, -1.0, n)

    @jit
    def fresh_backward(w, free, groups, steps, n, ld, m, time, horizon, k0, k1, samples, lags, out):
        """Adjoints from `time` to `time` - steps, delta_{t-1} = A_t^T delta_t; the tile holds A of `time` first.

        On the way dL/dB gathers delta_t x_t^T, and log norms go to lags.size + 2 results of each group: those at
        the lags k = horizon - t; log|delta_T|, where `time` is the horizon; log|dL/dB| so far.
        """
        _, x, scaled, first, span = kit.fresh_regions(free, n, ld, m)
        results = lags.size + 2
        floor = lane.const(ZERO)
        for g in range(groups):
            v, _, total = kit.fresh_group_regions(first + g * span, n, m)
            sample = lane.load(samples, g)
            if time == horizon:
                kit.emit(out, results, g, lags.size, kit.log_norm(w, v, n))
            position = 0
            while position < lags.size and lags[position] <= horizon - time:
                position += 1
            for s in range(steps):
                t = time - s
                if m > 0:
                    place = kit.draw_inputs(w, x, (t - 1) * m, t * m, k0, k1, sample)
                    kit.add_inputs(w, total, m, n, x, place, scaled, v, 1)
                kit.fresh_step(w, v, (s * groups + g) * n * ld, n, ld, floor, (0, 0, 0), 0, 0, 0)
                position = kit.record(w, v, n, horizon - t + 1, 0, lags, position, out, results, g)
            kit.emit(out, results, g, lags.size + 1, kit.log_norm(w, total, n * m))

    return (
        jit(regions),
        jit(group_regions),
        tame,
        fresh_step,
        fresh_begin,
        fresh_forward,
        fresh_subtract,
        fresh_backward,
    )
