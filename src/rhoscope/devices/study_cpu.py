"""The columns of a study on the CPU: chunks of groups, each drawn and computed by one thread from start to end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices import fresh_cpu
from rhoscope.devices.draws_cpu import Draws
from rhoscope.devices.fixed_cpu import FixedGradients
from rhoscope.devices.fresh_cpu import FreshGradients
from rhoscope.devices.precision import SINGLE, precision_of
from rhoscope.devices.spectra_cpu import GroupSpectra
from rhoscope.devices.study_columns import Columns, StudyWorker, empty_columns
from rhoscope.errors import StudyError
from rhoscope.kernels.layout import leading
from rhoscope.plan import sample_seconds
from rhoscope.pool import for_chunks

if TYPE_CHECKING:
    from rhoscope.study import Study

# A chunk is long against the calls that make it up, and short against a user's patience with Ctrl-C.
CHUNK_SECONDS = 4e-2
# Matrices of a chunk, in elements: past a megabyte they would fall out of the second-level cache.
CHUNK_ELEMENTS = 1 << 17


def study_columns(
    study: "Study",
    start: int,
    stop: int,
    threads: int,
    lapack_from: int,
    cancelled: Callable[[], bool] | None,
) -> Columns:
    """Every column for samples start..stop-1; sizes from `lapack_from` on have their spectra from LAPACK."""
    count = stop - start
    columns = empty_columns(study, start, stop)
    width = precision_of(study.dtype).width
    groups = groups_of_a_chunk(study, count, threads)
    workers: dict[int, CpuWorker] = {}

    def work(worker: int, first: int, last: int) -> None:
        if worker not in workers:
            workers[worker] = CpuWorker(study, groups, lapack_from, cancelled)
        workers[worker].fill(columns, first, start + first, start + last)

    from threadpoolctl import threadpool_limits  # here: the kernels need no other package than theirs

    # A user's own ensemble may call BLAS, and so does the fallback: one thread each under ours.
    with threadpool_limits(1, user_api="blas"):
        for_chunks(work, count, groups * width, threads, cancelled)
    return columns


def groups_of_a_chunk(study: "Study", count: int, threads: int) -> int:
    """Groups for CHUNK_SECONDS and CHUNK_ELEMENTS, yet enough chunks that no thread is left waiting."""
    if study.mode == "fresh":
        return fresh_cpu.groups_of_a_chunk(study, count, threads)
    width = precision_of(study.dtype).width
    n = study.ensemble.real_size(study.size)
    by_time = CHUNK_SECONDS / (width * sample_seconds(study))
    by_memory = CHUNK_ELEMENTS / (width * n * leading(n))
    share = -(-count // (4 * threads * width))
    return max(1, min(int(by_time), int(by_memory), share))


class CpuWorker(StudyWorker):
    """What one thread keeps from chunk to chunk: the question in the kernels' terms, and their memory.

    Args:
        study: the question.
        groups: of samples, at most, that are computed at a time.
        lapack_from: sizes from this one on have their spectra from LAPACK, in float64.
        cancelled: polled where a chunk takes long.
    """

    def __init__(
        self, study: "Study", groups: int, lapack_from: int, cancelled: Callable[[], bool] | None
    ) -> None:
        super().__init__(study, study.ensemble.real_size(study.size) >= lapack_from)
        n, self.precision = self.n, precision_of(study.dtype)
        self.samples = np.empty(0, dtype=np.int64)
        self.by_kernel = None if self.by_lapack else GroupSpectra(n, self.ld, groups, self.precision)
        self.draws = Draws(study, self.precision, groups * n * max(self.ld, self.m))
        if study.mode == "fresh":
            self.passes = FreshGradients(study, groups, self.draws, cancelled)
        else:
            self.passes = FixedGradients(study, self.lags, self.precision, groups, self.draws)
        self.a = self.passes.matrices

    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        self.samples = drawing.whole_groups(start, stop, self.precision.width)
        return self.draws.matrices(self.a, self.samples)[: stop - start]

    def matrix(self, row: int) -> NDArray[np.float64]:
        width = self.precision.width
        group = self.a.reshape(-1, self.n, self.ld, width)[row // width]
        return np.ascontiguousarray(group[:, : self.n, row % width], dtype=np.float64)

    def spectra(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        assert self.by_kernel is not None
        groups = len(self.samples) // self.precision.width
        rows, values = self.by_kernel.find(self.a, groups, self.study.cutoff)
        return rows[:count], values[:count]

    def gradients(self, count: int) -> NDArray[np.float64]:
        found = self.passes.log_norms(self.samples, count)
        if self.precision is SINGLE:
            self._refuse_past_exponents(found)
        return found

    def _refuse_past_exponents(self, found: NDArray[np.float64]) -> None:
        """Norms of a finite matrix are NaN where an exponent was too large for float32."""
        for row in np.flatnonzero(np.isnan(found).any(axis=1)).tolist():
            if np.isfinite(self.matrix(row)).all():
                raise StudyError(
                    f'dtype = "float32": sample {self.samples[row]} has norms past 2^±4194304, where exponents in '
                    'float32 end; dtype = "float64", or a shorter horizon, would do'
                )
