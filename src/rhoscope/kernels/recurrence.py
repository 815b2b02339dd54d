"""Steps of the recurrence in scaled arithmetic, written once for both layouts of vectors.

Time runs in blocks of `block` steps. A block starts from a rescaled vector and keeps its exponent; if a
lane leaves the safe range meanwhile, the block is done again with that lane rescaled before every step.
Powers of two being exact, neither choice is visible in the bits as long as nothing is subnormal.

`kit` gives the products of the layout (`interleaved` or `columns`); matrices are named by tuples as there.
A matrix is stored with its largest entry in [1, 2) and an exponent, `shift`, which every step adds. A
block then grows a vector by at most (2 n)^block, so one inside [LOW, HIGH] at its end was in range throughout.
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
    def advance(w, v, steps, floor, shift, count, matrix, inputs, x, place, scaled):
        """A block of steps from the vector at v into those after it."""
        every = shift == shift
        kit.march(w, v, steps, steps, every, floor, shift, count, matrix, inputs, x, place, scaled)
        size = kit.vector_size(w, v + steps * (count + 1), count)
        bad = ~((size >= precision.LOW) & (size <= precision.HIGH))
        if inputs[2] == 0 and lane.any(bad):
            # Without inputs a zero stays zero, which is no reason to go step by step.
            bad = bad & ~(kit.vector_size(w, v, count) == 0.0)
        if lane.any(bad):
            # Lanes that are not bad are not rescaled, so they compute the same numbers again.
            kit.march(w, v, steps, 1, bad, floor, shift, count, matrix, inputs, x, place, scaled)

    @jit
    def record(w, v, count, lag, steps, lags, position, out, results, index):
        """Write log norms at the lags up to lag + steps, v holding lag; returns how many lags are done."""
        while position < lags.size and lags[position] <= lag + steps:
            value = kit.log_norm(w, v + (lags[position] - lag) * (count + 1), count)
            kit.emit(out, results, index, position, value)
            position += 1
        return position

    @jit
    def norms_by_steps(w, v, shift, count, matrix, lags, block, out, index):
        """Log norms of (A^T)^k delta at ascending lags k; delta at v, then room for `block` vectors."""
        floor = lane.const(ZERO)
        results = lags.size
        position = kit.record(w, v, count, 0, 0, lags, 0, out, results, index)
        lag = 0
        while position < lags.size:
            steps = min(block, lags[lags.size - 1] - lag)
            kit.advance(w, v, steps, floor, shift, count, matrix, (0, 0, 0), 0, 0, 0)
            position = kit.record(w, v, count, lag, steps, lags, position, out, results, index)
            kit.copy_vector(w, v, v + steps * (count + 1), count)
            lag += steps

    return copy_vector, march, advance, record, norms_by_steps
