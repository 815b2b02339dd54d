"""The columns of a study on the CPU: chunks of groups, each drawn and computed by one thread from start to end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rhoscope import drawing
from rhoscope.devices import fresh_cpu, lapack
from rhoscope.devices.pool import for_chunks
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import COLUMNS_FROM, bptt_cells, segment_length, step_norms_cells
from rhoscope.kernels.vector import WIDTH
from rhoscope.outcome import Outcome
from rhoscope.plan import sample_seconds

if TYPE_CHECKING:
    from rhoscope.study import Study

Columns = dict[str, NDArray[Any]]

# A chunk is long against the calls that make it up, and short against a user's patience with Ctrl-C.
CHUNK_SECONDS = 5e-3
# Matrices of a chunk, in elements: past a megabyte they would fall out of the second-level cache.
CHUNK_ELEMENTS = 1 << 17

_ROWS = {
    "spectral_radius": layout.RADIUS,
    "radius_low": layout.LOW,
    "radius_high": layout.HIGH,
    "spectral_norm": layout.SPECTRAL,
    "frobenius_norm": layout.FROBENIUS,
    "departure": layout.DEPARTURE,
}


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
    groups = _groups_of_a_chunk(study, count, threads)
    workers: dict[int, _Worker] = {}

    def work(worker: int, first: int, last: int) -> None:
        if worker not in workers:
            workers[worker] = _Worker(study, groups, lapack_from, cancelled)
        workers[worker].fill(columns, first, start + first, start + last)

    # A user's own ensemble may call BLAS, and so does the fallback: one thread each under ours.
    with threadpool_limits(1, user_api="blas"):
        for_chunks(work, count, groups * WIDTH, threads, cancelled)
    return columns


def empty_columns(study: "Study", start: int, stop: int) -> Columns:
    """Columns of a study with samples numbered and all else to be written."""
    count = stop - start
    columns: Columns = {"sample": np.arange(start, stop), "gain": np.empty(count)}
    columns |= {name: np.empty(count) for name in _ROWS}
    columns["leading_eigenvalue"] = np.empty(count, dtype=np.complex128)
    columns["real_eigenvalue_count"] = np.empty(count, dtype=np.int64)
    columns["log_error"] = np.empty(count)
    columns["log_gradient"] = np.empty((count, len(study.lags)))
    if study.delta == "error" and study.mode == "fixed":
        columns["log_gradient_A"] = np.empty(count)
    if study.delta == "error" and study.inputs:
        columns["log_gradient_B"] = np.empty(count)
    if "eigenvalues" in study.measure:
        columns["eigenvalues"] = np.empty((count, study.size), dtype=np.complex128)
    if "numerical_radius" in study.measure:
        columns["numerical_radius"] = np.empty(count)
    columns["outcome"] = np.empty(count, dtype=np.uint8)
    return columns


def _groups_of_a_chunk(study: "Study", count: int, threads: int) -> int:
    """Groups for CHUNK_SECONDS and CHUNK_ELEMENTS, yet enough chunks that no thread is left waiting."""
    if study.mode == "fresh":
        return fresh_cpu.groups_of_a_chunk(study, count, threads)
    n = study.ensemble.real_size(study.size)
    by_time = CHUNK_SECONDS / (WIDTH * sample_seconds(study))
    by_memory = CHUNK_ELEMENTS / (WIDTH * n * leading(n))
    share = -(-count // (4 * threads * WIDTH))
    return max(1, min(int(by_time), int(by_memory), share))


class _Worker:
    """What one thread keeps from chunk to chunk: the question in the kernels' terms, and their memory."""

    def __init__(
        self, study: "Study", groups: int, lapack_from: int, cancelled: Callable[[], bool] | None
    ) -> None:
        self.study = study
        self.n = n = study.ensemble.real_size(study.size)
        self.m = study.inputs
        self.ld = leading(n)
        self.by_lapack = n >= lapack_from
        self.by_columns = n >= COLUMNS_FROM
        self.error = study.delta == "error"
        # Without an error of its own, delta is measured as what it is at lag 0.
        self.lags = np.array(study.lags if self.error else (0, *study.lags), dtype=np.int64)
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
        self.segment = segment_length(n, study.horizon, self.by_columns)
        if self.error:
            self.b = lanes(groups * n * self.m)
            self.state = lanes(groups * n)
            self.out = np.empty((groups, len(self.lags) + 3, WIDTH))
            cells = bptt_cells(n, self.m, study.horizon, self.segment, self.by_columns)
        else:
            self.out = np.empty((groups, len(self.lags), WIDTH))
            cells = step_norms_cells(n, self.by_columns)
        self.delta = lanes(groups * n)
        self.recurrence_work = lanes(cells)

    def fill(self, columns: Columns, first: int, start: int, stop: int) -> None:
        """Compute samples start..stop-1 into rows first.. of the columns."""
        study, count = self.study, stop - start
        samples = drawing.whole_groups(start, stop)
        gains = np.empty(len(samples))
        drawing.draw_groups(
            study.ensemble, study.size, study.seed, study.gain, samples, self.a, gains, self.scratch
        )
        here = {name: column[first : first + count] for name, column in columns.items()}
        here["gain"][:] = gains[:count]
        here["outcome"][:] = Outcome.OK
        self._spectra(here, len(samples) // WIDTH, count)
        if self.fresh is None:
            self._gradients(here, samples, count)
        else:
            self._fresh_gradients(here, self.fresh.log_norms(samples)[:count])
        here["outcome"][(here["log_error"] == -np.inf) & (here["outcome"] <= Outcome.LAPACK)] = (
            Outcome.ZERO_ERROR
        )
        for name, column in here.items():
            if name not in ("sample", "gain", "outcome"):
                # An integer has no NaN.
                column[here["outcome"] > Outcome.LAPACK] = -1 if column.dtype.kind == "i" else np.nan

    def matrix(self, row: int) -> NDArray[np.float64]:
        """The matrix of one sample of the chunk (n, n)."""
        group = self.a.reshape(-1, self.n, self.ld, WIDTH)[row // WIDTH]
        return np.ascontiguousarray(group[:, : self.n, row % WIDTH])

    def _spectra(self, here: Columns, groups: int, count: int) -> None:
        if not self.by_lapack:
            from rhoscope.kernels import cpu as kit

            kit.spectrum_batch(
                self.a, self.one, self.spectrum_work, self.values.reshape(-1), self.rows.reshape(-1),
                self.n, self.ld, self.study.cutoff, groups,
            )  # fmt: skip
            rows = self.rows[:groups].swapaxes(1, 2).reshape(-1, layout.ROWS)[:count]
            values = self.values[:groups].transpose(0, 3, 1, 2).reshape(-1, 2, self.n)[:count]
            for name, place in _ROWS.items():
                here[name][:] = rows[:, place]
            here["leading_eigenvalue"].real = rows[:, layout.LEAD_RE]
            here["leading_eigenvalue"].imag = rows[:, layout.LEAD_IM]
            here["real_eigenvalue_count"][:] = rows[:, layout.REAL_COUNT]
            here["outcome"][rows[:, layout.FINITE] < 0.5] = Outcome.NON_FINITE
            by_lapack = np.flatnonzero((rows[:, layout.FAILED] > 0.5) & (rows[:, layout.FINITE] > 0.5))
            if "eigenvalues" in here and not self.study.ensemble.complex_valued:
                here["eigenvalues"].real, here["eigenvalues"].imag = values[:, 0], values[:, 1]
        else:
            by_lapack = np.arange(count)
        for row in by_lapack.tolist():
            self._spectrum_by_lapack(here, row)
        for row in range(count):
            if here["outcome"][row] <= Outcome.LAPACK:
                self._measure(here, row)

    def _spectrum_by_lapack(self, here: Columns, row: int) -> None:
        matrix = self.matrix(row)
        if not np.isfinite(matrix).all():
            here["outcome"][row] = Outcome.NON_FINITE
            return
        found = lapack.spectrum(matrix, self.study.cutoff)
        if found is None:
            here["outcome"][row] = Outcome.NOT_CONVERGED
            return
        numbers, values = found
        for name, number in numbers.items():
            here[name][row] = number
        if "eigenvalues" in here and not self.study.ensemble.complex_valued:
            here["eigenvalues"][row] = values
        if not self.by_lapack:
            here["outcome"][row] = Outcome.LAPACK

    def _measure(self, here: Columns, row: int) -> None:
        """The optional columns that no lane kernel gives."""
        if "numerical_radius" in here:
            from rhoscope.theory import numerical_radius  # loads much of SciPy

            here["numerical_radius"][row] = numerical_radius(self.matrix(row))
        if "eigenvalues" in here and self.study.ensemble.complex_valued:
            # The real form has them with their conjugates, and no longer knows which is which.
            real, size = self.matrix(row), self.study.size
            found = lapack.eigenvalues(real[:size, :size] + 1j * real[size:, :size])
            if found is None:
                here["outcome"][row] = Outcome.NOT_CONVERGED
            else:
                here["eigenvalues"][row] = found

    def _fresh_gradients(self, here: Columns, found: NDArray[np.float64]) -> None:
        size = len(self.study.lags)
        here["log_gradient"][:] = found[:, :size]
        here["log_error"][:] = found[:, size]
        if "log_gradient_B" in here:
            here["log_gradient_B"][:] = found[:, size + 1]
        # The matrix of a later step may hold what the first one, whose spectrum was found, does not.
        bad = np.isnan(found).any(axis=1) | (found == np.inf).any(axis=1)
        here["outcome"][bad & (here["outcome"] <= Outcome.LAPACK)] = Outcome.NON_FINITE

    def _gradients(self, here: Columns, samples: NDArray[np.int64], count: int) -> None:
        study, n, ld = self.study, self.n, self.ld
        from rhoscope.kernels import cpu, cpu_columns

        kit = cpu_columns if self.by_columns else cpu
        groups = len(samples) // WIDTH
        members = len(samples) if self.by_columns else groups
        key = drawing.key(study.seed)
        scale = drawing.vector_scale(n)

        def draw(v: NDArray[np.float64], elements: int, stream: int) -> None:
            cpu.draw_vectors(v, elements, elements, scale, *key, stream, samples)

        if self.error:
            draw(self.b, n * self.m, streams.INPUT_MAP)
            draw(self.state, n, streams.STATE)
            draw(self.delta, n, streams.TARGET)
            kit.bptt(
                self.recurrence_work, self.a, n * ld, self.b, self.state, self.delta, samples, n, ld, self.m,
                study.horizon, self.segment, BLOCK, *key, self.lags, self.out.reshape(-1), 0, members,
            )  # fmt: skip
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
        found = self.out[:groups].swapaxes(1, 2).reshape(groups * WIDTH, -1)[:count]
        if self.error:
            size = len(self.lags)
            here["log_gradient"][:] = found[:, :size]
            here["log_error"][:] = found[:, size]
            here["log_gradient_A"][:] = found[:, size + 1]
            if self.m:
                here["log_gradient_B"][:] = found[:, size + 2]
        else:
            here["log_error"][:] = found[:, 0]
            here["log_gradient"][:] = found[:, 1:]
