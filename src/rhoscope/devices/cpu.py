"""The CPU as a device: a pool of threads over groups of lanes."""

import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.cores import available_cores
from rhoscope.devices import growth_cpu, lapack
from rhoscope.devices.precision import DOUBLE, SINGLE, Precision
from rhoscope.devices.study_cpu import study_columns
from rhoscope.devices.workspace import lanes
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.kernels.batches_cpu import BEYOND, FAILED
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.spectrum import eigenvalues_work
from rhoscope.kernels.vector import ACCUMULATORS
from rhoscope.pool import for_chunks

if TYPE_CHECKING:
    from rhoscope.study import Study

# From this size on LAPACK finds eigenvalues faster than the lanes. Part of the numerics version.
LAPACK_FROM = 1025
# Up to this size sixteen lanes share the time that eight wait for square roots and divisions, where sixteen take two
# registers (AVX-512) and not four. Above, what that gains goes to waiting for the slowest of sixteen.
WIDE_UP_TO = 32 if ACCUMULATORS >= 16 else 0
# Eigenvalues found by a thread between two looks at the common list of chunks.
CHUNK_SECONDS = 5e-4


def check_threads(threads: Any) -> None:
    """Raise unless there can be so many threads; None is every core this process may use."""
    if threads is None:
        return
    if isinstance(threads, bool) or not isinstance(threads, numbers.Integral):
        raise ArgumentTypeError(
            f"threads = {threads!r}: not a whole number; use 1 or more, or None for every core"
        )
    if threads < 1:
        raise ArgumentError(
            f"threads = {threads}: at least one is needed; use 1 or more, or None for every core"
        )


class CpuDevice:
    """Kernels on the cores of this machine.

    Args:
        threads: how many Python threads drive the kernels; None for every core this process may use.

    Raises:
        ArgumentError, ArgumentTypeError: threads is not a whole number of at least one.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        check_threads(threads)
        self.threads = available_cores() if threads is None else int(threads)

    def columns(
        self, study: "Study", start: int, stop: int, *, cancelled: Callable[[], bool] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Every column of the result for samples start..stop-1, in order."""
        return study_columns(study, start, stop, self.threads, LAPACK_FROM, cancelled)

    def eigenvalues(self, matrices: NDArray[np.float64]) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        """Eigenvalues (N, n) of real (N, n, n), and which matrices have none: no convergence, or not finite (N,)."""
        if matrices.shape[1] >= LAPACK_FROM:
            return self.complex_eigenvalues(matrices)
        values, failed, beyond = self._by_lanes(matrices, DOUBLE)
        return values, failed | beyond

    def single_eigenvalues(
        self, matrices: NDArray[Any]
    ) -> tuple[NDArray[np.complex64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Both in float32 arithmetic, of real or complex (N, n, n), and which matrices are past its range (N,)."""
        complex_valued = matrices.dtype.kind == "c"
        if not complex_valued and matrices.shape[1] < LAPACK_FROM:
            return self._by_lanes(matrices, SINGLE)
        with np.errstate(over="ignore"):
            rounded = matrices.astype(np.complex64 if complex_valued else np.float32)
        beyond = np.asarray(~np.isfinite(rounded).reshape(len(rounded), -1).all(axis=1))
        rounded[beyond] = 0.0
        values, failed = self.complex_eigenvalues(rounded)
        return values.astype(np.complex64), failed, beyond

    def _by_lanes(
        self, matrices: NDArray[np.float64], precision: Precision
    ) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
        """Eigenvalues, which matrices had no convergence, and which were past the range of the precision."""
        count, n = matrices.shape[:2]
        kit, width = _kernels(precision, n, count)
        values = np.empty((count, n), dtype=precision.complex)
        failed = np.zeros(count, dtype=bool)
        flat = matrices.reshape(-1)
        scratch = [
            [
                lanes(elements * width // precision.width, precision.real)
                for elements in (spare(n), eigenvalues_work(n), 2 * n)
            ]
            for _ in range(min(self.threads, count))
        ]
        status = np.zeros(count, dtype=np.uint8)
        parts = values.reshape(-1).view(precision.real)

        def work(worker: int, start: int, stop: int) -> None:
            a, space, pair = scratch[worker]
            kit.eigenvalues_batch(flat, a, space, pair, parts, status, n, leading(n), start, stop)

        for_chunks(work, count, _chunk(n, count, self.threads, width), self.threads)
        for index in np.flatnonzero(status == FAILED):
            found = lapack.eigenvalues(matrices[index].astype(precision.real).astype(np.float64))
            failed[index] = found is None
            if found is not None:
                values[index] = found
        return values, failed, status == BEYOND

    def complex_eigenvalues(self, matrices: NDArray[Any]) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
        """Eigenvalues of (N, n, n), real or complex, by LAPACK, one matrix a thread."""
        values = np.empty(matrices.shape[:2], dtype=np.complex128)
        failed = np.zeros(len(matrices), dtype=bool)

        def work(worker: int, start: int, stop: int) -> None:
            for index in range(start, stop):
                found = lapack.eigenvalues(matrices[index])
                failed[index] = found is None
                if found is not None:
                    values[index] = found

        from threadpoolctl import threadpool_limits  # here: the kernels need no other package than theirs

        with threadpool_limits(1, user_api="blas"):
            chunk = _chunk(matrices.shape[1], len(matrices), self.threads, 1)
            for_chunks(work, len(matrices), chunk, self.threads)
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

        Raises:
            OutOfRange: there is a NaN or Inf.
        """
        return growth_cpu.log_norms(matrices, deltas, pairs, lags, method, self.threads)

    def single_log_norms(
        self,
        matrices: NDArray[np.float64],
        deltas: NDArray[np.float64],
        pairs: NDArray[np.intp],
        lags: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """`log_norms` by steps in float32 arithmetic.

        Raises:
            OutOfRange: a number is past the range of float32, Inf or NaN.
        """
        return growth_cpu.single_log_norms(matrices, deltas, pairs, lags, self.threads)


def _kernels(precision: Precision, n: int, count: int) -> tuple[Any, int]:
    """What finds the eigenvalues of so many matrices of size n, and how many of them it takes at a time."""
    if precision is DOUBLE and n <= WIDE_UP_TO and count > DOUBLE.width:
        from rhoscope.kernels import cpu_wide  # here: most programs need one width or the other

        return cpu_wide, cpu_wide.lane.WIDTH
    return precision.kit, precision.width


def _chunk(n: int, count: int, threads: int, width: int) -> int:
    """Whole groups for about CHUNK_SECONDS, yet enough chunks that no thread is left waiting."""
    groups = max(1, round(CHUNK_SECONDS / (width * (1.2e-8 * n**2 + 2.5e-10 * n**3))))
    share = -(-count // (4 * threads * width))
    return width * max(1, min(groups, share))
