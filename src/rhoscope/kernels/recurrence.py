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
        for j in range(steps):
            here = v + j * stride
            there = here + stride
            if j % period == 0:
                kit.rescale_vector(w, here, count, floor, mask)
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
    def repeat(w, v, steps, bad, floor, shift, count, matrix, inputs, x, place, scaled):
        """A block of steps again where it was bad; returns whether it was anywhere."""
        if inputs[2] == 0 and lane.any(bad):
            # Without inputs a zero stays zero, which is no reason to go step by step.
            bad = bad & ~(kit.vector_size(w, v, count) == 0.0)
        again = lane.any(bad)
        if again:
            # Lanes that are not bad are not rescaled, so they compute the same numbers again.
            kit.march(w, v, steps, 1, bad, floor, shift, count, matrix, inputs, x, place, scaled)
        return again

    @jit
    def advance(w, v, steps, floor, shift, count, matrix, inputs, x, place, scaled):
        """A block of steps from the vector at v into those after it."""
        every = shift == shift
        kit.march(w, v, steps, steps, every, floor, shift, count, matrix, inputs, x, place, scaled)
        bad = kit.outside(w, v + steps * (count + 1), count, precision.LOW, precision.HIGH)
        kit.repeat(w, v, steps, bad, floor, shift, count, matrix, inputs, x, place, scaled)

    @jit
    def settle_norms(w, v, steps, look, shift, count, matrix):
        """Look at every `look`-th vector of a block without inputs; returns whether it had to be done again."""
        low = precision.LOWEST
        high = precision.HIGHEST
        bad = kit.outside(w, v + steps * (count + 1), count, low, high)
        for j in range(look, steps, look):
            bad = bad | kit.outside(w, v + j * (count + 1), count, low, high)
        return kit.repeat(w, v, steps, bad, lane.const(ZERO), shift, count, matrix, (0, 0, 0), 0, 0, 0)

    @jit
    def record(w, v, count, lag, steps, lags, position, out, results, index):
        """Write log norms at the lags up to lag + steps, v holding lag; returns how many lags are done."""
        while position < lags.size and lags[position] <= lag + steps:
            value = kit.log_norm(w, v + (lags[position] - lag) * (count + 1), count)
            kit.emit(out, results, index, position, value)
            position += 1
        return position

    @jit
    def norms_by_steps(w, v, shift, count, matrix, lags, times, out, index):
        """Log norms of (A^T)^k delta at ascending lags k; delta at v, then room for a block of vectors.

        `times` are the steps of a block, which is halved where they are too many, and those between two looks at it.
        """
        block, look = times
        floor = lane.const(ZERO)
        every = floor == floor
        results = lags.size
        position = kit.record(w, v, count, 0, 0, lags, 0, out, results, index)
        lag = 0
        while position < lags.size:
            steps = min(block, lags[lags.size - 1] - lag)
            kit.march(w, v, steps, steps, every, floor, shift, count, matrix, (0, 0, 0), 0, 0, 0)
            again = kit.settle_norms(w, v, steps, look, shift, count, matrix)
            position = kit.record(w, v, count, lag, steps, lags, position, out, results, index)
            kit.copy_vector(w, v, v + steps * (count + 1), count)
            lag += steps
            if again:
                block = max(look, block // 2)

    return copy_vector, march, outside, repeat, advance, settle_norms, record, norms_by_steps
