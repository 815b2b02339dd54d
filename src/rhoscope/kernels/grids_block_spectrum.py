"""Eigenvalues on a GPU with a block of threads a matrix; blocks take one matrix after the other."""

from typing import Any

from numba import cuda as _cuda
from numba import float64

from rhoscope.kernels import blocks as _kit
from rhoscope.kernels import lane_block as _lane
from rhoscope.kernels.block_space import SPECTRA_BLOCKS, SPECTRA_THREADS
from rhoscope.kernels.jit_cuda import grid_of
from rhoscope.kernels.layout import WARP

cuda: Any = _cuda
kit: Any = _kit
lane: Any = _lane


@grid_of(SPECTRA_THREADS, SPECTRA_BLOCKS)
def eigenvalues(matrices, re, im, status, n, ld, count):
    """Eigenvalues of row-major matrices, flat (count, n, n), into re, im (count, n) and status (count, 2)."""
    w = cuda.shared.array(0, float64)
    t = cuda.threadIdx.x
    work = lane.part(w, (n + 2) * ld)
    wr = lane.part(work, 5 * n)
    wi = lane.part(work, 6 * n)
    state = lane.part(work, 7 * n)
    for s in range(cuda.blockIdx.x, count, cuda.gridDim.x):
        kit.load_block(w, matrices, s * n * n, 1, n, n, ld, t, cuda.blockDim.x)
        e, finite = kit.block_normalise(w, work, n, ld, t)
        kit.block_form(w, work, n, ld, t)
        failed = kit.block_francis(w, state, wr, wi, n, ld, t)
        lane.sync()
        scale = kit.pow2(lane.to_int(e))
        if t < n:
            lane.store(re, s * n + t, lane.load(wr, t) * scale)
            lane.store(im, s * n + t, lane.load(wi, t) * scale)
        if t == 0:
            lane.store(status, 2 * s, failed)
            lane.store(status, 2 * s + 1, finite)


@grid_of(SPECTRA_THREADS, SPECTRA_BLOCKS)
def hessenberg_eigenvalues(drawn, held, values, failures, n, ld, own, count):
    """Of each lane of drawn, normalised, the Hessenberg form to held and its eigenvalues, wr then wi, to values.

    failures: 1 for each lane where the iteration failed. ld is that of the lanes, own that in shared memory.
    """
    w = cuda.shared.array(0, float64)
    t = cuda.threadIdx.x
    work = lane.part(w, (n + 2) * own)
    wr = lane.part(work, 5 * n)
    wi = lane.part(work, 6 * n)
    state = lane.part(work, 7 * n)
    for s in range(cuda.blockIdx.x, count, cuda.gridDim.x):
        group = s // WARP * WARP
        first = s % WARP
        kit.load_block(w, drawn, group * n * ld + first, WARP, ld, n, own, t, cuda.blockDim.x)
        kit.block_normalise(w, work, n, own, t)
        kit.block_form(w, work, n, own, t)
        for i in range(t, n * n, cuda.blockDim.x):
            x = lane.load(w, i // n * own + i % n)
            lane.store(held, group * n * ld + first + (i // n * ld + i % n) * WARP, x)
        lane.sync()
        failed = kit.block_francis(w, state, wr, wi, n, own, t)
        lane.sync()
        to = group * 2 * n + first
        if t < n:
            lane.store(values, to + t * WARP, lane.load(wr, t))
            lane.store(values, to + (n + t) * WARP, lane.load(wi, t))
        if t == 0:
            lane.store(failures, s, failed)
