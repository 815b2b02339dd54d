"""A GPU as a device: a grid of threads, a matrix or a sample each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices import lapack
from rhoscope.devices.base import Cancelled
from rhoscope.devices.cpu import LAPACK_FROM, CpuDevice
from rhoscope.devices.cuda_blocks import run_blocks, shared_memory
from rhoscope.devices.cuda_memory import Launcher
from rhoscope.devices.cuda_state import state
from rhoscope.devices.study_columns import empty_columns
from rhoscope.devices.study_cuda import CudaWorker
from rhoscope.errors import DeviceError
from rhoscope.kernels.block_space import BlockPlan, StepsPlan, odd, spectra_plan, steps_plan
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import step_norms_cells
from rhoscope.kernels.spectrum import eigenvalues_work

if TYPE_CHECKING:
    from rhoscope.study import Study


class CudaDevice:
    """Kernels on the current GPU; what only LAPACK can do is done by the host.

    Args:
        threads: how many Python threads drive LAPACK; None for every core this process may use.

    Raises:
        DeviceError: no GPU can be used; the message says why.
        ArgumentError, ArgumentTypeError: threads is not a whole number of at least one.
    """

    name = "cuda"

    def __init__(self, threads: int | None = None) -> None:
        self._host = CpuDevice(threads)
        found = state()
        if not found.usable:
            raise DeviceError(f'device = "cuda": {found.text}; or use device = "cpu" or "auto"')

    def columns(
        self, study: "Study", start: int, stop: int, *, cancelled: Callable[[], bool] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Every column of the result for samples start..stop-1, in order.

        Raises:
            DeviceError: every step has a fresh matrix; or the GPU failed.
        """
        if study.mode == "fresh":
            raise DeviceError(
                'device = "cuda": the GPU computes mode = "fixed" only, the study has mode = "fresh"; '
                'use device = "cpu" or "auto"'
            )
        columns = empty_columns(study, start, stop)
        count = stop - start
        worker = CudaWorker(study, count, LAPACK_FROM)
        for first in range(0, count, worker.launcher.lanes):
            if cancelled is not None and cancelled():
                raise Cancelled
            last = min(first + worker.launcher.lanes, count)
            worker.fill(columns, first, start + first, start + last)
        return columns

    def eigenvalues(self, matrices: NDArray[np.float64]) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        """Eigenvalues (N, n) of real (N, n, n), and which matrices had no convergence (N,)."""
        n = matrices.shape[1]
        if n >= LAPACK_FROM:
            return self.complex_eigenvalues(matrices)
        plan = spectra_plan(n, shared_memory())
        if plan is not None:
            values, failed = self._eigenvalues_by_blocks(plan, matrices)
        else:
            values, failed = self._eigenvalues_by_lanes(matrices)
        for index in np.flatnonzero(failed):
            found = lapack.eigenvalues(matrices[index])
            failed[index] = found is None
            if found is not None:
                values[index] = found
        return values, failed

    def _eigenvalues_by_lanes(
        self, matrices: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        from rhoscope.kernels import grids

        count, n = matrices.shape[:2]
        sizes = (spare(n), eigenvalues_work(n))
        launcher = Launcher(count, each=n * n + 2 * n + 2, work=sum(sizes) + 2 * n)
        a, work, pair = (launcher.lanes_of(size) for size in (*sizes, 2 * n))
        values = np.empty((count, n), dtype=np.complex128)
        failed = np.zeros(count, dtype=bool)
        for first in range(0, count, launcher.lanes):
            here = slice(first, min(first + launcher.lanes, count))
            size = here.stop - first
            flat = launcher.to_device(matrices[here].reshape(-1))
            re, im, status = (launcher.empty(size * width) for width in (n, n, 2))
            launcher.run(
                grids.eigenvalues, size, flat, a, work, pair, re, im, status, n, leading(n), sizes, size
            )
            values.real[here] = launcher.to_host(re).reshape(size, n)
            values.imag[here] = launcher.to_host(im).reshape(size, n)
            failed[here] = launcher.to_host(status).reshape(size, 2)[:, 0] > 0.5
        return values, failed

    def _eigenvalues_by_blocks(
        self, plan: BlockPlan, matrices: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        from rhoscope.kernels import grids_block

        count, n = matrices.shape[:2]
        launcher = Launcher(count, each=n * n + 2 * n + 2, work=0)
        values = np.empty((count, n), dtype=np.complex128)
        failed = np.zeros(count, dtype=bool)
        for first in range(0, count, launcher.lanes):
            here = slice(first, min(first + launcher.lanes, count))
            size = here.stop - first
            flat = launcher.to_device(matrices[here].reshape(-1))
            found, status = (launcher.empty(size * width) for width in (2 * n, 2))
            run_blocks(grids_block.eigenvalues, plan, size, flat, found, status, n, odd(n), size)
            parts = launcher.to_host(found)[: size * 2 * n].reshape(size, 2, n)
            values.real[here], values.imag[here] = parts[:, 0], parts[:, 1]
            failed[here] = launcher.to_host(status).reshape(size, 2)[:, 0] > 0.5
        return values, failed

    def log_norms(
        self,
        matrices: NDArray[np.float64],
        deltas: NDArray[np.float64],
        pairs: NDArray[np.intp],
        lags: NDArray[np.int64],
        method: str,
    ) -> NDArray[np.float64]:
        """Log norms (N, K) of (A^T)^k delta; pairs (N, 2) name the matrix and the delta of a sample.

        By steps, with the matrix on chip where it has room there; the ladder is climbed by the host.
        """
        if method == "ladder":
            return self._host.log_norms(matrices, deltas, pairs, lags, method)
        plan = steps_plan(deltas.shape[1], shared_memory())
        if plan is not None:
            return self._log_norms_by_blocks(plan, matrices, deltas, pairs, lags)
        from rhoscope.kernels import grids

        count, n = len(pairs), deltas.shape[1]
        ld, cells = leading(n), step_norms_cells(n, columns=False)
        launcher = Launcher(count, each=n * n + n * ld + 2 * n + lags.size, work=cells)
        a, v, out, work = (launcher.lanes_of(size) for size in (n * ld, n, lags.size, cells))
        there = launcher.to_device(lags)
        norms = np.empty((count, lags.size))
        for first in range(0, count, launcher.lanes):
            here = pairs[first : first + launcher.lanes]
            size = len(here)
            flat = launcher.to_device(matrices[here[:, 0]].reshape(-1))
            delta = launcher.to_device(deltas[here[:, 1]].reshape(-1))
            launcher.run(grids.interleave, size, flat, a, n, n, ld, size)
            launcher.run(grids.interleave, size, delta, v, n, 1, 1, size)
            launcher.run(grids.step_norms, size, work, a, v, n, ld, there, BLOCK, out, cells, size)
            norms[first : first + size] = launcher.by_lane(out, lags.size, size)
        return norms

    def _log_norms_by_blocks(
        self,
        plan: StepsPlan,
        matrices: NDArray[np.float64],
        deltas: NDArray[np.float64],
        pairs: NDArray[np.intp],
        lags: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """`log_norms` by steps with every matrix on chip."""
        from rhoscope.kernels import grids_block

        count, n = len(pairs), deltas.shape[1]
        launcher = Launcher(count, each=n * n + n + 2 * lags.size, work=0)
        there = launcher.to_device(lags)
        norms = np.empty((count, lags.size))
        for first in range(0, count, launcher.lanes):
            here = pairs[first : first + launcher.lanes]
            size = len(here)
            flat = launcher.to_device(matrices[here[:, 0]].reshape(-1))
            delta = launcher.to_device(deltas[here[:, 1]].reshape(-1))
            out, exponents = (launcher.empty(size * lags.size) for _ in range(2))
            run_blocks(
                grids_block.step_norms[plan.kernel], plan, size, flat, delta, n, there, plan.block, out, exponents,
                1, plan.slots, plan.shape, plan.regions, size,
            )  # fmt: skip
            norms[first : first + size] = launcher.to_host(out)[: size * lags.size].reshape(size, lags.size)
        return norms

    def complex_eigenvalues(self, matrices: NDArray[Any]) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        """Eigenvalues of (N, n, n), real or complex, by the host's LAPACK."""
        return self._host.complex_eigenvalues(matrices)
