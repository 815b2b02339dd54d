"""Both passes of a study sample with the matrix in registers: `recurrence.backpropagate`.

The segments, checkpoints, blocks of steps and exponents are those of `recurrence`, the steps those of `block_steps`. A
block of steps runs in shared memory; its states go to the work space in global memory as they come, and return, scaled
to the exponent of the sum, when the adjoint vectors of their times are there. The sum for the gradient is in registers
while a block of steps is added, and in global memory in between. Inputs are drawn anew for each block.
"""

from typing import Any

from rhoscope.kernels.block_steps import ROWS, TILE
from rhoscope.kernels.double import HEADROOM
from rhoscope.kernels.scaled import ZERO
from rhoscope.kernels.streams import INPUTS

HALF = TILE // 2


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""

    @inlined
    def draw_slot(w, x, start, stop, source, t, threads):
        """Elements start..stop-1 of the input stream to x; returns the place of element `start`."""
        k0, k1, sample = source
        # Zero, which no compiler knows: it would keep what all blocks have in common in registers.
        late = lane.to_int(lane.sync_any(False))
        first = start >> 1
        block = first + t
        while block - t < (stop + 1) >> 1:
            if block < (stop + 1) >> 1:
                z0, z1 = kit.normals(k0 + late, k1 + late, INPUTS, lane.iconst(block), sample + late)
                lane.store(w, x + 2 * (block - first), z0)
                lane.store(w, x + 2 * (block - first) + 1, z1)
            block += threads
            late = lane.to_int(lane.sync_any(False))
        lane.sync()
        return x + (start & 1)

    @inlined
    def drive_slot(w, h, b, x, steps, n, m, count, t, threads):
        """B x_j for a block of steps to the vectors in h."""
        j = 0
        while j < steps:
            i = t
            while i - t < n:
                r = min(i, n - 1)  # threads beyond the last element compute it as well
                total = lane.const(0.0)
                q = 0
                while q < m:
                    total = lane.fma(lane.load(w, b + r * m + q), lane.load(w, x + j * m + q), total)
                    q += 1
                    lane.sync()
                lane.store(w, h + j * (count + 1) + r + (r >> 3), total)
                i += threads
                lane.sync()
            j += 1

    @inlined
    def slot_segment(w, tile, place, shape, v, u, at, start, stop, block, floor, shift, inputs, source, t):
        """States of times start..stop from the one at v, each kept in u from `at` on; the last is left at v."""
        count = shape[1]
        threads = shape[5]
        stride = count + 1
        n = shape[0]
        m, b, x, h = inputs
        size = kit.slot_size(w, place[5], v, count, t, threads)
        time = start
        while time < stop:
            steps = min(block, stop - time)
            if m > 0:
                drawn = kit.draw_slot(w, x, time * m, (time + steps) * m, source, t, threads)
                kit.drive_slot(w, h, b, drawn, steps, n, m, count, t, threads)
            size = kit.advance_slot(w, tile, place, shape, v, steps, size, floor, shift, (m > 0, h), t)
            to = at + (time - start) * stride
            i = t
            while i - t < (steps + 1) * stride:
                if i < (steps + 1) * stride:
                    lane.store(u, to + i, lane.load(w, v + i))
                i += threads
                lane.sync()
            lane.sync()
            kit.copy_slot(w, v, v + steps * stride, count, t, threads)
            time += steps

    @inlined
    def slot_difference(w, v, y, sums, count, t, threads):
        """`difference`."""
        floor = lane.const(ZERO)
        every = floor == floor
        for k in range(2):
            x = v if k == 0 else y
            kit.rescale_slot(
                w, x, count, kit.slot_size(w, sums, x, count, t, threads), floor, every, t, threads
            )
        e = lane.load(w, v + count)
        f = lane.load(w, y + count)
        top = lane.maximum(e, f)
        e1, e2 = kit.factors(e - top)
        f1, f2 = kit.factors(f - top)
        lane.sync()
        i = t
        while i - t < count:
            if i < count:
                lane.store(w, v + i, lane.fma(lane.load(w, v + i) * e1, e2, -(lane.load(w, y + i) * f1 * f2)))
            i += threads
            lane.sync()
        if t == 0:
            lane.store(w, v + count, top)
        lane.sync()

    @inlined
    def states_slot(w, old, v, h, u, at, steps, count, t, threads):
        """The `steps` states from u up to that at `at` to h, scaled to the sum of their products with the v_j.

        Returns the exponent of that sum, which was `old`.
        """
        stride = count + 1
        high = lane.const(4.0 * ZERO)
        j = 0
        while j < steps:
            e = lane.load(w, v + j * stride + count) + lane.load(u, at - j * stride + count)
            high = lane.maximum(e, high)
            j += 1
        new = lane.where(high > old + HEADROOM, high, old)
        j = 0
        while j < steps:
            e = lane.load(w, v + j * stride + count) + lane.load(u, at - j * stride + count)
            one, two = kit.factors(e - new)
            i = t
            while i - t < count:
                if i < count:
                    x = lane.load(u, at - j * stride + i) * one * two
                    lane.store(w, h + (steps - 1 - j) * stride + i, x)
                i += threads
                lane.sync()
            j += 1
        return new

    @inlined
    def outer_slot(w, total, u, at, e, v, h, steps, count, row, column, threads):
        """Add sum_j v_j u_{-j}^T, the u in h with the last first, to the sum times 2^e that lies at `at` of u.

        A thread has the rows and columns of its tile, of which entry k lies `threads` k further on.
        """
        # Two columns at a time, since all four and the tile of the matrix would take more registers than there are.
        stride = count + 1
        one, two = kit.factors(e)
        half = 0
        while half < TILE:
            late = lane.to_int(
                lane.sync_any(False)
            )  # zero, as above: the places of entries are found when needed
            for k in range(HALF):
                total[k] = lane.load(u, at + (half + k) * (threads + late)) * one * two
            j = 0
            while j < steps:
                down = v + j * stride + row
                across = h + (steps - 1 - j) * stride + column
                z0 = lane.load(w, across)
                z1 = lane.load(w, across + 1)
                for r in range(ROWS):
                    d = lane.load(w, down + r)
                    total[r] = lane.fma(d, z0, total[r])
                    total[ROWS + r] = lane.fma(d, z1, total[ROWS + r])
                j += 1
                lane.sync()  # so that two steps are not made one, with twice the registers
            late = lane.to_int(lane.sync_any(False))
            for k in range(HALF):
                lane.store(u, at + (half + k) * (threads + late), total[k])
            half += HALF
            column += 2

    @inlined
    def inputs_slot(w, total, old, v, x, steps, n, m, count, t, threads):
        """`add_inputs`: total += sum_j x_{-j} v_j^T, x with the last first; returns the exponent of the sum."""
        stride = count + 1
        high = lane.const(4.0 * ZERO)
        j = 0
        while j < steps:
            high = lane.maximum(lane.load(w, v + j * stride + count), high)
            j += 1
        new = lane.where(high > old + HEADROOM, high, old)
        lane.sync()
        j = 0
        while j < steps:
            one, two = kit.factors(lane.load(w, v + j * stride + count) - new)
            i = t
            while i - t < m:
                if i < m:
                    at = x + (steps - 1 - j) * m + i
                    lane.store(w, at, lane.load(w, at) * one * two)
                i += threads
                lane.sync()
            j += 1
        first, second = kit.factors(old - new)
        i = t
        while i - t < n:
            q = 0
            while q < m:
                if i < n:
                    term = lane.load(w, total + i * m + q) * first * second
                    j = 0
                    while j < steps:
                        d = lane.load(w, v + j * stride + i + (i >> 3))
                        term = lane.fma(lane.load(w, x + (steps - 1 - j) * m + q), d, term)
                        j += 1
                    lane.store(w, total + i * m + q, term)
                q += 1
                lane.sync()
            i += threads
        return new

    @inlined
    def tile_norm(w, u, at, exponent, shares, t, threads):
        """`slot_norm` of the sum that `outer_slot` has at `at` of u."""
        e = exponent
        first = second = found = lane.const(1.0)
        for squares in range(2):
            # Zero, as above: the places of entries would else be found when the sum is cleared, and kept until here.
            apart = threads + lane.to_int(lane.sync_any(False))
            part = lane.const(0.0)
            k = 0
            while k < TILE:
                x = lane.abs(lane.load(u, at + k * apart)) * first * second
                part = lane.fma(x, x if squares == 1 else lane.const(1.0), part)
                k += 1
                lane.sync()
            lane.store(w, shares + t, part)
            lane.sync()
            found = lane.const(0.0)
            k = 0
            while k < threads:
                found = found + lane.load(w, shares + k)
                k += 1
                lane.sync()
            if squares == 0:
                e = kit.exponent_of(found, exponent)
                first, second = kit.inverse_factors(kit.exponent(found))
        return found, e

    @inlined
    def cells_norm(w, at, cells, exponent):
        """`slot_norm` of some numbers that lie one after the other, by every thread alone."""
        e = exponent
        first = second = found = lane.const(1.0)
        for squares in range(2):
            found = lane.const(0.0)
            k = 0
            while k < cells:
                x = lane.abs(lane.load(w, at + k)) * first * second
                found = lane.fma(x, x if squares == 1 else lane.const(1.0), found)
                k += 1
                lane.sync()
            if squares == 0:
                e = kit.exponent_of(found, exponent)
                first, second = kit.inverse_factors(kit.exponent(found))
        return found, e

    return (
        draw_slot,
        drive_slot,
        slot_segment,
        slot_difference,
        states_slot,
        outer_slot,
        inputs_slot,
        tile_norm,
        cells_norm,
    )
