"""Norms of vectors in shared memory by the threads of a slot, and how they are recorded at the lags asked for.

A vector has the form that `block_steps` gives it: of every PART elements one is padding, and its exponent comes last.
"""

from typing import Any

from rhoscope.kernels.block_steps import PART
from rhoscope.kernels.scaled import ZERO


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""

    @inlined
    def slot_sum(w, sums, vector, count, first, second, squares, t, threads):
        """Sum of the absolute values of a vector times two powers of two, or of their squares, in every thread."""
        parts = count // PART
        k = t
        while k - t < parts:
            if k < parts:
                total = lane.const(0.0)
                for i in range(PART):
                    x = lane.abs(lane.load(w, vector + k * PART + i)) * first * second
                    total = lane.fma(x, x if squares else lane.const(1.0), total)
                lane.store(w, sums + k, total)
            k += threads
            lane.sync()
        total = lane.const(0.0)
        k = 0
        while k < parts:
            total = total + lane.load(w, sums + k)
            k += 1
        lane.sync()
        return total

    @inlined
    def slot_size(w, sums, vector, count, t, threads):
        """`vector_size`, in every thread."""
        one = lane.const(1.0)
        return kit.slot_sum(w, sums, vector, count, one, one, False, t, threads)

    @inlined
    def slot_norm(w, sums, vector, count, t, threads):
        """(square, e), in every thread: the Euclidean norm is sqrt(square) 2^e."""
        old = lane.load(w, vector + count)
        e = old
        first = second = total = lane.const(1.0)
        for squares in range(2):
            total = kit.slot_sum(w, sums, vector, count, first, second, squares == 1, t, threads)
            if squares == 0:
                e = kit.exponent_of(total, old)
                first, second = kit.inverse_factors(kit.exponent(total))
        return total, e

    @inlined
    def write_norm(norms, at, norm, t):
        """Write a norm to both of its parts, where the slot may."""
        squares, exponents, own = norms
        square, e = norm
        if own and t == 0:
            lane.store(squares, at, square)
            lane.store(exponents, at, e)

    @inlined
    def record_slot(w, sums, v, count, lag, steps, lags, position, norms, start, step, t, threads):
        """Write the norms at the lags up to lag + steps, v holding lag; returns how many are done.

        Their logarithms wait for the end, where registers no longer hold a matrix.
        """
        while position < lags.size and lags[position] <= lag + steps:
            norm = kit.slot_norm(w, sums, v + (lags[position] - lag) * (count + 1), count, t, threads)
            kit.write_norm(norms, start + position * step, norm, t)
            position += 1
        return position

    @inlined
    def take_logs(norms, results, start, step, t, threads):
        """Make the logarithm of each norm that was written."""
        squares, exponents, own = norms
        for first in range(0, results, threads):
            # For what was written. A barrier also keeps the loop from being unrolled, which would cost registers.
            lane.sync()
            k = first + t
            if own and k < results:
                at = start + k * step
                lane.store(squares, at, kit.log_of(lane.load(squares, at), lane.load(exponents, at)))

    @inlined
    def slot_norms(w, tile, place, shape, v, shift, lags, block, norms, start, step, t):
        """`norms_by_steps` of a slot: delta at v, then room for `block` vectors.

        Results at start, start + step, ... of the first of `norms`; the second is work space of the same form, the
        third whether the slot may write.
        """
        sums = place[5]
        count = shape[1]
        threads = shape[5]
        floor = lane.const(ZERO)
        size = kit.slot_size(w, sums, v, count, t, threads)
        position = 0
        lag = 0
        steps = 0
        while True:
            position = kit.record_slot(
                w, sums, v, count, lag, steps, lags, position, norms, start, step, t, threads
            )
            if position == lags.size:
                break
            lane.sync()
            kit.copy_slot(w, v, v + steps * (count + 1), count, t, threads)
            lag += steps
            steps = min(block, lags[lags.size - 1] - lag)
            size = kit.advance_slot(w, tile, place, shape, v, steps, size, floor, shift, (False, 0), t)
        kit.take_logs(norms, lags.size, start, step, t, threads)

    return (
        slot_sum,
        slot_size,
        slot_norm,
        write_norm,
        record_slot,
        take_logs,
        slot_norms,
    )
