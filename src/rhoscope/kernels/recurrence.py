"""Steps of the recurrence in scaled arithmetic, written once for both layouts of vectors.

Time runs in blocks of `block` steps. A block starts from a rescaled vector and keeps its exponent; if a
lane leaves the safe range meanwhile, the block is done again with that lane rescaled before every step.
Powers of two being exact, neither choice is visible in the bits as long as nothing is subnormal.

`kit` gives the products of the layout (`interleaved` or `columns`); matrices are named by tuples as there.
A matrix is stored with its largest entry in [1, 2) and an exponent, `shift`, which every step adds. A
step then grows a vector at most 2 n times, so one inside [LOW, HIGH] after so many that it grew by 2^SPAN at most was
in range throughout.
"""

from typing import Any

from rhoscope.kernels.double import BLOCK
from rhoscope.kernels.scaled import ZERO

__all__ = ["BLOCK"]


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""

    precision = lane.precision

    @jit
    def copy_vector(w, to, vector, count):
        """Copy a scaled vector."""
        for i in range(count + 1):
            lane.store(w, to + i, lane.load(w, vector + i))

    @jit
    def march(w, v, steps, period, mask, floor, shift, count, matrix, inputs, x, place, scaled):
        """Steps v_{j+1} = A v_j [+ B x_j]; rescales v_j before every period-th where the mask holds."""
        stride = count + 1
        m = inputs[2]
        left = 0  # counted down: on a GPU a remainder costs more than a short step
        for j in range(steps):
            here = v + j * stride
            there = here + stride
            if left == 0:
                kit.rescale_vector(w, here, count, floor, mask)
                left = period
            left -= 1
            e = lane.load(w, here + count) + shift
            lane.store(w, there + count, e)
            if m > 0:
                kit.scale_inputs(w, scaled, x, place + j * m, m, -e)
            kit.apply_matrices(w, there, count, inputs, scaled, matrix, here)

    @jit
    def outside(w, v, count, low, high):
        """Where a vector has left the safe range."""
        size = kit.vector_size(w, v, count)
        return ~((size >= low) & (size <= high))

    @jit
    def at_fault(w, v, count, bad):
        """Where a block that began at v without inputs is bad indeed: there a zero stays zero."""
        if lane.any(bad):
            bad = bad & ~(kit.vector_size(w, v, count) == 0.0)
        return bad

    @jit
    def advance(w, v, steps, floor, shift, count, matrix, inputs, x, place, scaled):
        """A block of steps from the vector at v into those after it."""
        every = shift == shift
        kit.march(w, v, steps, steps, every, floor, shift, count, matrix, inputs, x, place, scaled)
        bad = kit.outside(w, v + steps * (count + 1), count, precision.LOW, precision.HIGH)
        if inputs[2] == 0:
            bad = kit.at_fault(w, v, count, bad)
        if lane.any(bad):
            # Lanes that are not bad are not rescaled, so they compute the same numbers again.
            kit.march(w, v, steps, 1, bad, floor, shift, count, matrix, inputs, x, place, scaled)

    @jit
    def settle_norms(w, v, steps, look, frail, shift, count, matrix):
        """Do a block without inputs again where any `look`-th vector is out of range; returns where that was."""
        stride = count + 1
        low = precision.LOWEST
        high = precision.HIGHEST
        floor = lane.const(ZERO)
        bad = kit.outside(w, v + steps * stride, count, low, high)
        for j in range(look, steps, look):
            bad = bad | kit.outside(w, v + j * stride, count, low, high)
        bad = kit.at_fault(w, v, count, bad)
        if lane.any(bad):
            for j in range(0, steps, look):
                # Those that are frail alone are rescaled where they have been before.
                here = v + j * stride
                kit.rescale_vector(w, here, count, floor, frail)
                some = min(look, steps - j)
                kit.march(w, here, some, 1, bad, floor, shift, count, matrix, (0, 0, 0), 0, 0, 0)
        return bad

    @jit
    def record(w, v, count, lag, steps, lags, position, out, results, index):
        """Write log norms at the lags up to lag + steps, v holding lag; returns how many lags are done."""
        end = position
        while end < lags.size and lags[end] <= lag + steps:
            end += 1
        held = (lane.const(0.0), lane.const(0.0), 0)
        for i in range(position, end):
            square, e = kit.norm_of(w, v + (lags[i] - lag) * (count + 1), count)
            held = kit.note(held, out, results, index, i, i + 1 == end, square, e)
        return end

    @jit
    def norms_by_steps(w, v, shift, count, matrix, lags, times, out, index):
        """Log norms of (A^T)^k delta at ascending lags k; delta at v, then room for a block of vectors.

        `times` are the steps of a block and those between two looks at it. A lane that has once left the safe range
        is rescaled before each of the latter.
        """
        block, look = times
        floor = lane.const(ZERO)
        every = floor == floor
        frail = ~every
        position = kit.record(w, v, count, 0, 0, lags, 0, out, lags.size, index)
        lag = 0
        while position < lags.size:
            steps = min(block, lags[lags.size - 1] - lag)
            mask = every
            period = steps
            if lane.any(frail):
                kit.rescale_vector(w, v, count, floor, every)
                mask = frail
                period = look
            kit.march(w, v, steps, period, mask, floor, shift, count, matrix, (0, 0, 0), 0, 0, 0)
            frail = frail | kit.settle_norms(w, v, steps, look, frail, shift, count, matrix)
            position = kit.record(w, v, count, lag, steps, lags, position, out, lags.size, index)
            kit.copy_vector(w, v, v + steps * (count + 1), count)
            lag += steps

    return copy_vector, march, outside, at_fault, advance, settle_norms, record, norms_by_steps
