"""The columns of a study on the CPU: chunks of groups, each drawn and computed by one thread from start to end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices import fresh_cpu
from rhoscope.devices.pool import for_chunks
from rhoscope.devices.precision import precision_of
from rhoscope.devices.study_columns import Columns, StudyWorker, empty_columns
from rhoscope.devices.study_single import SingleWorker
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import (
    COLUMNS_FROM,
    bptt_cells,
    segment_length,
    step_norms_cells,
    stride_doublings,
    stride_plan,
)
from rhoscope.kernels.vector import WIDTH
from rhoscope.plan import sample_seconds

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
    workers: dict[int, StudyWorker] = {}

    def work(worker: int, first: int, last: int) -> None:
        if worker not in workers:
            workers[worker] = worker_for(study, groups, lapack_from, cancelled)
        workers[worker].fill(columns, first, start + first, start + last)

    from threadpoolctl import threadpool_limits  # here: the kernels need no other package than theirs

    # A user's own ensemble may call BLAS, and so does the fallback: one thread each under ours.
    with threadpool_limits(1, user_api="blas"):
        for_chunks(work, count, groups * width, threads, cancelled)
    return columns


def worker_for(
    study: "Study", groups: int, lapack_from: int, cancelled: Callable[[], bool] | None
) -> StudyWorker:
    """What one thread computes with, at most so many groups at a time."""
    if study.dtype == "float32":
        return SingleWorker(study, groups, lapack_from)
    return _Worker(study, groups, lapack_from, cancelled)


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


class _Worker(StudyWorker):
    """What one thread keeps from chunk to chunk: the question in the kernels' terms, and their memory."""

    def __init__(
        self, study: "Study", groups: int, lapack_from: int, cancelled: Callable[[], bool] | None
    ) -> None:
        super().__init__(study, study.ensemble.real_size(study.size) >= lapack_from)
        n = self.n
        self.by_columns = n >= COLUMNS_FROM
        self.samples = np.empty(0, dtype=np.int64)
        self.scratch = lanes(drawing.scratch_elements(n))
        self.rows = np.empty((groups, layout.ROWS, WIDTH))
        self.values = np.empty((groups, 2, n, WIDTH))
        if not self.by_lapack:
            self.one = lanes(spare(n))
            self.spectrum_work = lanes(layout.spectrum_work(n))
        self.fresh = None
        if study.mode == "fresh":
            self.fresh = fresh_cpu.FreshGradients(study, groups, cancelled)
            self.a = self.fresh.matrices
            return
        self.a = lanes(groups * n * self.ld)
        horizon, results = study.horizon, len(self.lags) + 3
        self.segment = segment_length(n, self.m, horizon, self.by_columns)
        self.doublings = 0
        if self.error:
            self.doublings = stride_doublings(n, self.m, horizon)
            self.b = lanes(groups * n * self.m)
            self.state = lanes(groups * n)
            self.out = np.empty((groups, results, WIDTH))
            cells = bptt_cells(n, self.m, horizon, self.segment, self.by_columns)
            if self.doublings:
                self.strides, cells = stride_plan(
                    n, self.m, horizon, self.by_columns, self.doublings, results
                )
        else:
            self.out = np.empty((groups, len(self.lags), WIDTH))
            cells = step_norms_cells(n, self.by_columns)
        self.delta = lanes(groups * n)
        self.recurrence_work = lanes(cells)

    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        study = self.study
        self.samples = drawing.whole_groups(start, stop)
        gains = np.empty(len(self.samples))
        drawing.draw_groups(
            study.ensemble, study.size, study.seed, study.gain, self.samples, self.a, gains, self.scratch
        )
        return gains[: stop - start]

    def matrix(self, row: int) -> NDArray[np.float64]:
        group = self.a.reshape(-1, self.n, self.ld, WIDTH)[row // WIDTH]
        return np.ascontiguousarray(group[:, : self.n, row % WIDTH])

    def spectra(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from rhoscope.kernels import cpu as kit

        groups = len(self.samples) // WIDTH
        kit.spectrum_batch(
            self.a, self.one, self.spectrum_work, self.values.reshape(-1), self.rows.reshape(-1),
            self.n, self.ld, self.study.cutoff, groups,
        )  # fmt: skip
        rows = self.rows[:groups].swapaxes(1, 2).reshape(-1, layout.ROWS)[:count]
        return rows, self.values[:groups].transpose(0, 3, 1, 2).reshape(-1, 2, self.n)[:count]

    def gradients(self, count: int) -> NDArray[np.float64]:
        if self.fresh is not None:
            return self.fresh.log_norms(self.samples)[:count]
        study, samples, n, ld = self.study, self.samples, self.n, self.ld
        from rhoscope.kernels import cpu, cpu_columns

        kit = cpu_columns if self.by_columns else cpu
        groups = len(samples) // WIDTH
        members = count if self.by_columns else groups
        key = drawing.key(study.seed)
        scale = drawing.vector_scale(n)

        def draw(v: NDArray[np.float64], elements: int, stream: int) -> None:
            cpu.draw_vectors(v, elements, elements, scale, *key, stream, samples)

        if self.error:
            draw(self.b, n * self.m, streams.INPUT_MAP)
            draw(self.state, n, streams.STATE)
            draw(self.delta, n, streams.TARGET)
            given = (
                self.recurrence_work,
                self.a,
                n * ld,
                self.b,
                self.state,
                self.delta,
                samples,
                n,
                ld,
                self.m,
            )
            wanted = *key, self.lags, self.out.reshape(-1), 0, members
            if self.doublings:
                times = study.horizon, self.strides, BLOCK
                kit.bptt_by_strides(*given, self.doublings, times, self.segment, *wanted)
            else:
                kit.bptt(*given, study.horizon, self.segment, BLOCK, *wanted)
        else:
            draw(self.delta, n, streams.DELTA)
            work, out = self.recurrence_work, self.out.reshape(-1)
            if self.by_columns:
                steps = (n * ld * WIDTH, 1, ld * WIDTH, WIDTH), (n * WIDTH, 1, WIDTH)
                kit.step_norms(
                    work, self.a, steps[0], self.delta, steps[1], n, self.lags, BLOCK, out, 0, members
                )
            else:
                kit.step_norms(work, self.a, n * ld, self.delta, n, ld, self.lags, BLOCK, out, 0, members)
        return self.out[:groups].swapaxes(1, 2).reshape(groups * WIDTH, -1)[:count]
