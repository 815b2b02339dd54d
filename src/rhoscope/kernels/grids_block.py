"""Log norms on a GPU with a block of threads a matrix, or a few matrices; blocks take one after the other.

Element e of the `elements` that sample s owns in an array lies at (s // warp * elements + e) * warp + s % warp: with
warp = 1 one sample after the other, with WARP as lanes have it. `block_space` says what else a launch is given.
"""

from typing import Any

from numba import cuda as _cuda
from numba import float64

from rhoscope.kernels import blocks as _kit
from rhoscope.kernels import lane_block as _lane
from rhoscope.kernels.block_space import SLOT_THREADS, STEPS_THREADS
from rhoscope.kernels.block_steps import COLUMNS, ROWS, TILE
from rhoscope.kernels.jit_cuda import grid_of

cuda: Any = _cuda
kit: Any = _kit
lane: Any = _lane


def _stepping(in_registers: bool, alone: bool) -> Any:
    # A block that has one matrix does without what tells its slots apart, and so with fewer registers.
    @grid_of(STEPS_THREADS if alone else SLOT_THREADS)
    def step_norms(a, delta, ld, lags, block, out, exponents, warp, slots, shape, regions, count):
        """Log norms of (A^T)^k delta at the lags k, `slots` matrices a block; shape and regions are the plan's.

        exponents is work space, as large as out.
        """
        n, padded, _, columns, width, threads = shape
        w = cuda.shared.array(0, float64)
        tile = cuda.local.array(TILE if in_registers else 1, float64)
        slot = 0 if alone else cuda.threadIdx.x // threads
        t = cuda.threadIdx.x if alone else cuda.threadIdx.x % threads
        v = 0 if alone else slot * regions[3]
        shares = v + regions[0]
        sums = v + regions[1]
        held = v + regions[2]
        row = t // columns
        column = t % columns
        if in_registers:
            place = (True, 0, row * (ROWS + 1), shares + row * width + column * (COLUMNS + 1), shares, sums)
        else:
            place = (False, held + column, row, shares + row * width + column, shares, sums)
        # The elements that pad a vector stay zero.
        i = t
        while i - t < regions[0]:
            if i < regions[0]:
                lane.store(w, v + i, lane.const(0.0))
            i += threads
            lane.sync()
        many = 1 if alone else slots
        first = cuda.blockIdx.x * many
        while first < count:
            # Zero, which no compiler knows: it would find the places of all entries of a tile once for all matrices,
            # and have no registers left for them.
            late = lane.to_int(lane.sync_any(False))
            # A slot without a sample of its own computes the last one once more.
            s = late + (first if alone else min(first + slot, count - 1))
            at = s // warp * warp
            lane_at = s % warp
            if in_registers:
                largest = kit.load_tile(
                    tile,
                    a,
                    at * n * ld + lane_at,
                    (ld + late) * warp,
                    warp + late,
                    n + late,
                    (t + late) // columns * ROWS,
                    (t + late) % columns * COLUMNS,
                )
            else:
                largest = kit.load_shared(w, held, a, at * n * ld + lane_at, warp, ld, n, t, threads)
            shift = kit.matrix_exponent(kit.largest_of(w, shares, largest, t, threads))
            if in_registers:
                kit.scale_tile(tile, -shift)
            else:
                kit.scale_shared(w, held, -shift, n, t, threads)
            i = t
            while i - t < n:
                if i < n:
                    x = lane.load(delta, at * n + lane_at + i * warp)
                    lane.store(w, v + (i + (i >> 3) if in_registers else i), x)
                i += threads
                lane.sync()
            if t == 0:
                lane.store(w, v + padded, lane.const(0.0))
            lane.sync()
            to = at * lags.size + lane_at
            kit.slot_norms(
                w,
                tile,
                place,
                shape,
                v,
                shift,
                lags,
                block,
                (out, exponents, alone or first + slot < count),
                to,
                warp,
                t,
            )
            first += cuda.gridDim.x * many

    return step_norms


step_norms = {
    "slots": _stepping(True, False),
    "registers": _stepping(True, True),
    "shared": _stepping(False, True),
}
"""By where the matrices lie: in registers of a part of the block each, in registers of a block, in shared memory."""
