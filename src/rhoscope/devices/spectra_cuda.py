"""Eigenvalues on a GPU, chunk by chunk; the matrices in host memory or already there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices import lapack
from rhoscope.devices.cuda_arrays import to_host
from rhoscope.devices.cuda_blocks import run_blocks, shared_memory
from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_memory import Launcher, empty, in_turn
from rhoscope.kernels import block_space
from rhoscope.kernels.block_space import odd, spectra_plan
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.spectrum import eigenvalues_work


def takes(n: int) -> bool:
    """Whether eigenvalues of matrices n x n are found here, and not by the cores of the host.

    A matrix too large for a block is a thread's, and takes it so long that only very many of them would be worth it.
    """
    return n < block_space.SPECTRA_FROM or spectra_plan(n, shared_memory()) is not None


def eigenvalues(matrices: Any, on_device: bool, threads: int) -> tuple[Any, NDArray[np.bool_]]:
    """Eigenvalues (N, n) of real (N, n, n), on the device if asked for; which had no convergence (N,), in NumPy.

    threads: of the host, which copy.
    """
    count, n = matrices.shape[:2]
    values: Any = (
        empty(count * n * 2).view(np.complex128) if on_device else np.empty((count, n), np.complex128)
    )
    values = values.reshape(count, n)
    failed = np.zeros(count, dtype=bool)
    in_turn(lambda: _Worker(matrices, values, failed), count, threads)
    for index in np.flatnonzero(failed).tolist():
        found = lapack.eigenvalues(to_host(matrices[index]))
        failed[index] = found is None
        if found is not None and on_device:
            with device_errors("copying to the GPU"):
                values[index].copy_to_device(found)
        elif found is not None:
            values[index] = found
    return values, failed


class _Worker:
    """The memory of a chunk, and what is done with it."""

    def __init__(self, matrices: Any, values: Any, failed: NDArray[np.bool_]) -> None:
        from rhoscope.kernels import grids, grids_arrays, grids_block_spectrum

        self._kit, self._arrays, self._blocks = grids, grids_arrays, grids_block_spectrum
        self._matrices, self._values, self._failed = matrices, values, failed
        count, n = matrices.shape[:2]
        self._n, self._sizes = n, (spare(n), eigenvalues_work(n))
        self._plan = spectra_plan(n, shared_memory())
        work = (*self._sizes, 2 * n) if self._plan is None else ()
        self.launcher = Launcher(count, each=n * n + 2 * n + 2, work=sum(work))
        self._work = [self.launcher.lanes_of(size) for size in work]
        self._re, self._im, self._status = (self.launcher.lanes_of(size) for size in (n, n, 2))
        self._space = self.launcher.lanes_of(n * n) if isinstance(matrices, np.ndarray) else None

    def begin(self, first: int, last: int) -> None:
        n, size, run = self._n, last - first, self.launcher.run
        flat = self._matrices[first:last].reshape(size * n * n)
        if self._space is not None:
            flat = self.launcher.send(flat, self._space)
        found = self._re, self._im, self._status
        if self._plan is not None:
            kernel = self._blocks.eigenvalues
            run_blocks(self.launcher.stream, kernel, self._plan, size, flat, *found, n, odd(n), size)
        else:
            run(self._kit.eigenvalues, size, flat, *self._work, *found, n, leading(n), self._sizes, size)
        if not isinstance(self._values, np.ndarray):
            out = self._values[first:last].reshape(size * n).view(np.float64)
            run(self._arrays.complex_pairs, size, self._re, self._im, out, size * n)

    def finish(self, first: int, last: int) -> None:
        n, size, to_host = self._n, last - first, self.launcher.to_host
        self._failed[first:last] = to_host(self._status[: 2 * size]).reshape(size, 2)[:, 0] > 0.5
        if isinstance(self._values, np.ndarray):
            self._values.real[first:last] = to_host(self._re[: size * n]).reshape(size, n)
            self._values.imag[first:last] = to_host(self._im[: size * n]).reshape(size, n)
