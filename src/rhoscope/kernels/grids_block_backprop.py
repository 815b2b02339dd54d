"""Both passes of study samples on a GPU with a block of threads a sample, or a few samples, as in `grids_block`."""

from typing import Any

from numba import cuda as _cuda
from numba import float64

from rhoscope.kernels import blocks as _kit
from rhoscope.kernels import lane_block as _lane
from rhoscope.kernels.block_backprop import HALF
from rhoscope.kernels.block_space import BPTT_THREADS, SLOT_THREADS
from rhoscope.kernels.block_steps import COLUMNS, ROWS, TILE
from rhoscope.kernels.jit_cuda import grid_of
from rhoscope.kernels.layout import WARP
from rhoscope.kernels.scaled import ZERO

cuda: Any = _cuda
kit: Any = _kit
lane: Any = _lane


def _backpropagating(alone: bool) -> Any:
    @grid_of(BPTT_THREADS if alone else SLOT_THREADS)
    def bptt(
        a, b, h0, y, samples, u, ld, m, horizon, segment, k0, k1, lags, block, out, exponents, slots, shape, regions,
        count,
    ):  # fmt: skip
        """`backpropagate` of each sample, lags.size + 3 results; arrays of samples are lanes, u is work space.

        exponents is work space, as large as out; shape and regions are the plan's.
        """
        n, padded, _, columns, width, threads = shape
        w = cuda.shared.array(0, float64)
        tile = cuda.local.array(TILE, float64)
        total = cuda.local.array(HALF, float64)
        slot = 0 if alone else cuda.threadIdx.x // threads
        t = cuda.threadIdx.x if alone else cuda.threadIdx.x % threads
        v = 0 if alone else slot * regions[7]
        shares = v + regions[0]
        sums = v + regions[1]
        h = v + regions[2]
        input_map = v + regions[3]
        sum_b = v + regions[4]
        x = v + regions[5]
        delta = v + regions[6]
        row = t // columns * (ROWS + 1)
        column = t % columns
        place = (True, 0, row, shares + t // columns * width + column * (COLUMNS + 1), shares, sums)
        inputs = (m, input_map, x, h)
        stride = padded + 1
        segments = (horizon + segment - 1) // segment
        many = 1 if alone else slots
        zero = lane.const(ZERO)
        i = t
        while i - t < regions[7]:
            if i < regions[7]:
                lane.store(w, v + i, lane.const(0.0))
            i += threads
            lane.sync()
        lane.sync()
        first = cuda.blockIdx.x * many
        while first < count:
            late = lane.to_int(lane.sync_any(False))  # as in `step_norms`
            states = (cuda.blockIdx.x * many + slot + late) * (
                (segment + 1 + segments) * stride + TILE * threads
            )
            checkpoints = states + (segment + 1) * stride
            sum_a = checkpoints + segments * stride + t
            s = late + (first if alone else min(first + slot, count - 1))
            at = s // WARP * WARP
            own = s % WARP
            source = (k0, k1, samples[s])
            norms = (out, exponents, alone or first + slot < count)
            to = at * (lags.size + 3) + own
            shift = lane.const(0.0)
            i = t
            while i - t < n * m:
                if i < n * m:
                    lane.store(w, input_map + i, lane.load(b, at * n * m + own + i * WARP))
                i += threads
                lane.sync()
            i = t
            while i - t < n:
                if i < n:
                    lane.store(w, v + i + (i >> 3), lane.load(h0, at * n + own + i * WARP))
                i += threads
                lane.sync()
            if t == 0:
                lane.store(w, v + padded, lane.const(0.0))
            lane.sync()
            _, floor_b = kit.cells_norm(w, input_map, n * m, lane.const(0.0))
            position = 0
            exponent_a = lane.const(4.0 * ZERO)
            exponent_b = exponent_a
            k = 0
            while k < TILE:
                lane.store(u, sum_a + k * threads, lane.const(0.0))
                k += 1
                lane.sync()
            i = t
            while i - t < n * m:
                if i < n * m:
                    lane.store(w, sum_b + i, lane.const(0.0))
                i += threads
                lane.sync()
            # Forward through all segments, then back; those before the last are then computed once more.
            turn = 0
            while turn < 2 * segments:
                back = turn >= segments
                g = 2 * segments - 1 - turn if back else turn
                start = g * segment
                stop = min(horizon, start + segment)
                adjoint = -1
                while adjoint < 1:
                    adjoint += 1
                    # One text for both loads, and so one copy of their code: A^T for the states, then A.
                    if (not back and adjoint == 1) or (back and g == segments - 1 and adjoint == 0):
                        continue
                    down, across = (ld * WARP, WARP) if adjoint == 1 else (WARP, ld * WARP)
                    later = lane.to_int(lane.sync_any(False))
                    largest = kit.load_tile(
                        tile, a, at * n * ld + own, down + later, across + later, n + later,
                        (t + later) // columns * ROWS, (t + later) % columns * COLUMNS,
                    )  # fmt: skip
                    shift = kit.matrix_exponent(kit.largest_of(w, shares, largest, t, threads))
                    kit.scale_tile(tile, -shift)
                    if adjoint == 0:
                        i = t
                        while i - t < stride:
                            if i < stride:
                                if back:
                                    lane.store(w, v + i, lane.load(u, checkpoints + g * stride + i))
                                else:
                                    lane.store(u, checkpoints + g * stride + i, lane.load(w, v + i))
                            i += threads
                            lane.sync()
                        lane.sync()
                        floor = kit.state_floor(floor_b + 4.0, shift)
                        kit.slot_segment(
                            w,
                            tile,
                            place,
                            shape,
                            v,
                            u,
                            states,
                            start,
                            stop,
                            block,
                            floor,
                            shift,
                            inputs,
                            source,
                            t,
                        )
                if turn == segments - 1:
                    i = t
                    while i - t < n:
                        if i < n:
                            lane.store(w, h + i + (i >> 3), lane.load(y, at * n + own + i * WARP))
                        i += threads
                        lane.sync()
                    if t == 0:
                        lane.store(w, h + padded, lane.const(0.0))
                    lane.sync()
                    kit.slot_difference(w, v, h, sums, padded, t, threads)
                    norm = kit.slot_norm(w, sums, v, padded, t, threads)
                    kit.write_norm(norms, to + lags.size * WARP, norm, t)
                    kit.copy_slot(w, delta, v, padded, t, threads)
                elif back:
                    kit.copy_slot(w, v, delta, padded, t, threads)
                    size = kit.slot_size(w, sums, v, padded, t, threads)
                    while stop > start:
                        before = (stop - 1) // block * block
                        steps = stop - before
                        size = kit.advance_slot(
                            w, tile, place, shape, v, steps, size, zero, shift, (False, 0), t
                        )
                        lag = horizon - stop
                        position = kit.record_slot(
                            w, sums, v, padded, lag, steps, lags, position, norms, to, WARP, t, threads
                        )
                        newest = states + (stop - 1 - start) * stride
                        old = exponent_a
                        exponent_a = kit.states_slot(w, old, v, h, u, newest, steps, padded, t, threads)
                        kit.outer_slot(
                            w, total, u, sum_a, old - exponent_a, v, h, steps, padded,
                            row, column * COLUMNS + (column >> 1), threads,
                        )  # fmt: skip
                        if m > 0:
                            drawn = kit.draw_slot(w, x, before * m, stop * m, source, t, threads)
                            exponent_b = kit.inputs_slot(
                                w, sum_b, exponent_b, v, drawn, steps, n, m, padded, t, threads
                            )
                        lane.sync()
                        kit.copy_slot(w, v, v + steps * stride, padded, t, threads)
                        stop = before
                    kit.copy_slot(w, delta, v, padded, t, threads)
                turn += 1
            norm = kit.tile_norm(w, u, sum_a, exponent_a, shares, t, threads)
            kit.write_norm(norms, to + (lags.size + 1) * WARP, norm, t)
            norm = kit.cells_norm(w, sum_b, n * m, exponent_b)
            kit.write_norm(norms, to + (lags.size + 2) * WARP, norm, t)
            kit.take_logs(norms, lags.size + 3, to, WARP, t, threads)
            first += cuda.gridDim.x * many

    return bptt


bptt = {"slots": _backpropagating(False), "registers": _backpropagating(True)}
"""As for `step_norms`."""
