"""Norms at lags on a GPU by steps, chunk by chunk; the matrices and vectors in host memory or already there."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.cuda_blocks import run_blocks, shared_memory
from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_memory import Launcher, empty, in_turn
from rhoscope.kernels.block_space import StepsPlan, steps_plan
from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import step_norms_cells

Indices = NDArray[np.intp]
Lags = NDArray[np.int64]


def log_norms(matrices: Any, deltas: Any, pairs: Indices, lags: Lags, on_device: bool, threads: int) -> Any:
    """Log norms (N, K) of (A^T)^k delta, on the device if asked for; pairs (N, 2) name the matrix and the delta.

    With the matrix on chip where it has room there. threads: of the host, which copy.
    """
    count = len(pairs)
    norms: Any = empty(count * lags.size) if on_device else np.empty(count * lags.size)
    norms = norms.reshape(count, lags.size)
    plan = steps_plan(deltas.shape[1], shared_memory())
    given = matrices, deltas, pairs, lags, norms
    in_turn(lambda: _Lanes(*given) if plan is None else _Blocks(plan, *given), count, threads)
    return norms


class _Source:
    """Arrays (N, ...) from which those of a chunk are taken, flat and row-major on the device."""

    def __init__(self, arrays: Any, index: Indices, launcher: Launcher) -> None:
        from rhoscope.kernels import grids_arrays

        self._gather = grids_arrays.gather
        self._arrays, self._index, self._launcher = arrays, index, launcher
        self._elements = arrays.size // arrays.shape[0]
        self._there = not isinstance(arrays, np.ndarray)
        # Neighbours lie as they are needed: there they need no memory, and here no copy of their own.
        self._neighbours = bool((np.diff(index) == 1).all())
        self._direct = self._there and self._neighbours
        self._space = None if self._direct else launcher.lanes_of(self._elements)
        self._chosen = launcher.lanes_of(1, np.int64) if self._there and not self._direct else None

    def take(self, first: int, last: int) -> Any:
        """Those of samples first..last-1."""
        index, size = self._index[first:last], last - first
        if self._direct:
            return self._arrays[index[0] : index[0] + size].reshape(size * self._elements)
        if not self._there:
            chosen = self._arrays[index[0] : index[0] + size] if self._neighbours else self._arrays[index]
            return self._launcher.send(chosen, self._space)
        chosen = self._launcher.send(index.astype(np.int64), self._chosen)
        flat = self._arrays.reshape(self._arrays.size)
        self._launcher.run(self._gather, size, flat, chosen, self._space, self._elements, size)
        return self._space


class _Worker(ABC):
    """The memory of a chunk, and what is done with it.

    Args:
        matrices, deltas, pairs, lags, norms: what is given, and what is to be written, of all samples.
        each, work: float64 numbers for each sample, and for each lane, besides those given.
    """

    def __init__(
        self, matrices: Any, deltas: Any, pairs: Indices, lags: Lags, norms: Any, each: int, work: int
    ) -> None:
        self._norms, self._lags = norms, lags.size
        self.n = deltas.shape[1]
        self.launcher = Launcher(len(pairs), each + self.n**2 + self.n, work)
        self._sources = [
            _Source(arrays, index, self.launcher)
            for arrays, index in zip((matrices, deltas), pairs.T, strict=True)
        ]
        self.lags = self.launcher.to_device(lags)

    @abstractmethod
    def launch(self, matrices: Any, deltas: Any, size: int) -> None:
        """Start the kernel on row-major arrays, flat."""

    @abstractmethod
    def send(self, out: Any, size: int) -> None:
        """What it finds to an array on the device, flat (size, K)."""

    @abstractmethod
    def fetch(self, size: int) -> NDArray[np.float64]:
        """What it finds (size, K)."""

    def begin(self, first: int, last: int) -> None:
        size = last - first
        matrices, deltas = (source.take(first, last) for source in self._sources)
        self.launch(matrices, deltas, size)
        if not isinstance(self._norms, np.ndarray):
            self.send(self._norms[first:last].reshape(size * self._lags), size)

    def finish(self, first: int, last: int) -> None:
        if isinstance(self._norms, np.ndarray):
            self._norms[first:last] = self.fetch(last - first)
        else:
            self.launcher.wait()


class _Lanes(_Worker):
    """A thread a sample."""

    def __init__(self, matrices: Any, deltas: Any, pairs: Indices, lags: Lags, norms: Any) -> None:
        from rhoscope.kernels import grids, grids_arrays

        self._kit, self._by_sample = grids, grids_arrays.by_sample
        n = deltas.shape[1]
        self._ld, self._cells = leading(n), step_norms_cells(n, columns=False)
        sizes = n * self._ld, n, lags.size
        super().__init__(matrices, deltas, pairs, lags, norms, each=sum(sizes), work=self._cells)
        self._a, self._v, self._out = (self.launcher.lanes_of(size) for size in sizes)
        self._work = self.launcher.lanes_of(self._cells)

    def launch(self, matrices: Any, deltas: Any, size: int) -> None:
        n, ld, run = self.n, self._ld, self.launcher.run
        run(self._kit.interleave, size, matrices, self._a, n, n, ld, size)
        run(self._kit.interleave, size, deltas, self._v, n, 1, 1, size)
        run(
            self._kit.step_norms, size, self._work, self._a, self._v, n, ld, self.lags, BLOCK, self._out, self._cells,
            size,
        )  # fmt: skip

    def send(self, out: Any, size: int) -> None:
        self.launcher.run(self._by_sample, size, self._out, out, self.lags.size, size)

    def fetch(self, size: int) -> NDArray[np.float64]:
        return self.launcher.by_lane(self._out, self.lags.size, size)


class _Blocks(_Worker):
    """A block of threads a matrix, or a few, which lie on chip."""

    def __init__(
        self, plan: StepsPlan, matrices: Any, deltas: Any, pairs: Indices, lags: Lags, norms: Any
    ) -> None:
        from rhoscope.kernels import grids_block

        super().__init__(matrices, deltas, pairs, lags, norms, each=2 * lags.size, work=0)
        self._kernel, self._plan = grids_block.step_norms[plan.kernel], plan
        self._out, self._exponents = (self.launcher.lanes_of(lags.size) for _ in range(2))

    def launch(self, matrices: Any, deltas: Any, size: int) -> None:
        plan = self._plan
        run_blocks(
            self.launcher.stream, self._kernel, plan, size, matrices, deltas, self.n, self.lags, plan.block, self._out,
            self._exponents, 1, plan.slots, plan.shape, plan.regions, size,
        )  # fmt: skip

    def send(self, out: Any, size: int) -> None:
        with device_errors("copying on the GPU"):
            out.copy_to_device(self._out[: out.size], stream=self.launcher.stream)

    def fetch(self, size: int) -> NDArray[np.float64]:
        count = size * self.lags.size
        return self.launcher.to_host(self._out[:count]).reshape(size, self.lags.size)
