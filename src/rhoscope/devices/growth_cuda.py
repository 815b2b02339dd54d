"""Norms at lags on a GPU by steps, chunk by chunk; the matrices and vectors in host memory or already there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.cuda_blocks import run_blocks, shared_memory
from rhoscope.devices.cuda_memory import Launcher, empty, in_turn
from rhoscope.kernels.block_space import steps_plan
from rhoscope.kernels.layout import WARP, leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import step_norms_cells


def log_norms(
    matrices: Any, deltas: Any, pairs: NDArray[np.intp], lags: NDArray[np.int64], on_device: bool
) -> Any:
    """Log norms (N, K) of (A^T)^k delta, on the device if asked for; pairs (N, 2) name the matrix and the delta."""
    count = len(pairs)
    norms: Any = empty(count * lags.size) if on_device else np.empty(count * lags.size)
    norms = norms.reshape(count, lags.size)
    in_turn(lambda: _Worker(matrices, deltas, pairs, lags, norms), count)
    return norms


class _Worker:
    """The memory of a chunk, and what is done with it."""

    def __init__(
        self, matrices: Any, deltas: Any, pairs: NDArray[np.intp], lags: NDArray[np.int64], norms: Any
    ) -> None:
        from rhoscope.kernels import grids, grids_arrays, grids_block

        self._kit, self._arrays, self._blocks = grids, grids_arrays, grids_block
        self._matrices, self._deltas, self._pairs, self._norms = matrices, deltas, pairs, norms
        n = deltas.shape[1]
        self._n, self._ld, self._lags = n, leading(n), lags.size
        self._plan = steps_plan(n, shared_memory())
        # Of the lanes' own, and of what was copied for them.
        each = n * self._ld + n + lags.size + n * n + n
        if self._plan is None:
            self._cells = step_norms_cells(n, columns=False)
            self.launcher = Launcher(len(pairs), each, work=self._cells)
        else:
            self._cells = lags.size  # of exponents
            self.launcher = Launcher(len(pairs), each + self._cells, work=0)
        sizes = n * self._ld, n, lags.size, self._cells
        self._a, self._v, self._out, self._work = (self.launcher.lanes_of(size) for size in sizes)
        self._lags_there = self.launcher.to_device(lags)
        # What is sent there for a chunk: arrays, or which ones of those that lie there.
        self._sent = [
            self.launcher.lanes_of(size)
            if isinstance(arrays, np.ndarray)
            else self.launcher.lanes_of(1, np.int64)
            for arrays, size in ((matrices, n * n), (deltas, n))
        ]

    def begin(self, first: int, last: int) -> None:
        n, ld, size, run = self._n, self._ld, last - first, self.launcher.run
        index = self._pairs[first:last]
        self._place(self._matrices, index[:, 0], self._sent[0], self._a, (n, n, ld))
        self._place(self._deltas, index[:, 1], self._sent[1], self._v, (n, 1, 1))
        if self._plan is not None:
            run_blocks(
                self.launcher.stream, self._blocks.step_norms[self._plan.kernel], self._plan, size, self._a, self._v,
                ld, self._lags_there, self._plan.block, self._out, self._work, WARP, self._plan.slots,
                self._plan.shape, self._plan.regions, size,
            )  # fmt: skip
        else:
            run(
                self._kit.step_norms, size, self._work, self._a, self._v, n, ld, self._lags_there, BLOCK, self._out,
                self._cells, size,
            )  # fmt: skip
        if not isinstance(self._norms, np.ndarray):
            out = self._norms[first:last].reshape(size * self._lags)
            run(self._arrays.by_sample, size, self._out, out, self._lags, size)

    def _place(
        self, arrays: Any, index: NDArray[np.intp], space: Any, lanes: Any, shape: tuple[int, int, int]
    ) -> None:
        """The arrays at these indices into lanes; shape is rows, columns, and the lanes' leading dimension."""
        launcher, size = self.launcher, len(index)
        if isinstance(arrays, np.ndarray):
            flat = launcher.send(arrays[index], space)
            launcher.run(self._kit.interleave, size, flat, lanes, *shape, size)
        else:
            chosen = launcher.send(index.astype(np.int64), space)
            launcher.run(self._arrays.gather, size, arrays.reshape(arrays.size), chosen, lanes, *shape, size)

    def finish(self, first: int, last: int) -> None:
        if isinstance(self._norms, np.ndarray):
            self._norms[first:last] = self.launcher.by_lane(self._out, self._lags, last - first)
        else:
            self.launcher.wait()
