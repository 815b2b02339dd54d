"""A GPU as a device: a grid of threads, a matrix or a sample each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices import cuda_arrays, growth_cuda, spectra_cuda
from rhoscope.devices.cpu import LAPACK_FROM, CpuDevice
from rhoscope.devices.cuda_memory import in_turn
from rhoscope.devices.cuda_state import state
from rhoscope.devices.study_columns import empty_columns
from rhoscope.devices.study_cuda import CudaWorker
from rhoscope.errors import ArgumentError, DeviceError

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
            raise DeviceError(f'device = "cuda": {found.text.rstrip(".")}; or use device = "cpu" or "auto"')
        self.described = found.text
        """Which GPU it is, and who speaks to it."""

    def columns(
        self, study: "Study", start: int, stop: int, *, cancelled: Callable[[], bool] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Every column of the result for samples start..stop-1, in order.

        Raises:
            DeviceError: the GPU failed.
        """
        columns = empty_columns(study, start, stop)
        count, threads = stop - start, self._host.threads

        def worker() -> CudaWorker:
            return CudaWorker(study, count, LAPACK_FROM, columns, start, cancelled, threads)

        from threadpoolctl import threadpool_limits  # here: the kernels need no other package than theirs

        with threadpool_limits(1, user_api="blas"):  # whose calls our threads make
            in_turn(worker, count, threads, cancelled)
        return columns

    def eigenvalues(self, matrices: Any, on_device: bool = False) -> tuple[Any, NDArray[np.bool_]]:
        """Eigenvalues (N, n) of real (N, n, n), and which matrices had no convergence (N,).

        The matrices may lie on the device, and the eigenvalues may stay there. Those of large ones are the host's.
        """
        if spectra_cuda.takes(matrices.shape[1]):
            return spectra_cuda.eigenvalues(matrices, on_device, self._host.threads)
        return self._by_host(self._host.eigenvalues, matrices, on_device)

    def complex_eigenvalues(self, matrices: Any, on_device: bool = False) -> tuple[Any, NDArray[np.bool_]]:
        """Eigenvalues of (N, n, n), real or complex, by the host's LAPACK."""
        return self._by_host(self._host.complex_eigenvalues, matrices, on_device)

    def _by_host(
        self, find: Callable[[Any], tuple[Any, NDArray[np.bool_]]], matrices: Any, on_device: bool
    ) -> tuple[Any, NDArray[np.bool_]]:
        values, failed = find(cuda_arrays.to_host(matrices))
        return (cuda_arrays.to_device(values) if on_device else values), failed

    def log_norms(
        self,
        matrices: Any,
        deltas: Any,
        pairs: NDArray[np.intp],
        lags: NDArray[np.int64],
        method: str,
        on_device: bool = False,
    ) -> Any:
        """Log norms (N, K) of (A^T)^k delta; pairs (N, 2) name the matrix and the delta of a sample.

        By steps; the ladder is climbed by the host. Matrices and vectors may lie on the device, and the norms may
        stay there.

        Raises:
            ArgumentError: a ladder for arrays that lie on the device.
        """
        if method != "ladder":
            return growth_cuda.log_norms(matrices, deltas, pairs, lags, on_device, self._host.threads)
        if not (isinstance(matrices, np.ndarray) and isinstance(deltas, np.ndarray)):
            raise ArgumentError(
                'method = "ladder": the CPU takes the binary powers, and the arrays live on a GPU; '
                'use method = "step", or pass copies in host memory'
            )
        norms = self._host.log_norms(matrices, deltas, pairs, lags, method)
        return cuda_arrays.to_device(norms) if on_device else norms
