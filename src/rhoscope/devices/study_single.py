"""A study in float32 on the CPU: what `study_cpu` draws in float64, rounded, and computed sixteen samples at a time."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices.precision import DOUBLE, SINGLE
from rhoscope.devices.study_columns import StudyWorker
from rhoscope.devices.workspace import lanes
from rhoscope.errors import StudyError
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.kernels.layout import spare
from rhoscope.kernels.recurrence_space import (
    block_length,
    bptt_cells,
    segment_length,
    step_norms_cells,
    stride_doublings,
    stride_plan,
)

if TYPE_CHECKING:
    from rhoscope.study import Study

_WIDTH = SINGLE.width


class SingleWorker(StudyWorker):
    """What one thread keeps from chunk to chunk: the question in the kernels' terms, and their memory.

    Args:
        study: the question.
        groups: of sixteen samples, at most, that are computed at a time.
        lapack_from: sizes from this one on have their spectra from LAPACK, in float64.
    """

    def __init__(self, study: "Study", groups: int, lapack_from: int) -> None:
        super().__init__(study, study.ensemble.real_size(study.size) >= lapack_from)
        n, m, horizon = self.n, self.m, study.horizon
        self.by_columns = n >= SINGLE.numbers.COLUMNS_FROM
        self.samples = np.empty(0, dtype=np.int64)
        self.scratch = lanes(drawing.scratch_elements(n))
        self.drawn = lanes(
            2 * groups * n * max(self.ld, m)
        )  # in float64: A of all groups, then vectors in turn
        self.a = lanes(groups * n * self.ld, np.float32)
        self.rows = np.empty((groups, layout.ROWS, _WIDTH), dtype=np.float32)
        self.values = np.empty((groups, 2, n, _WIDTH), dtype=np.float32)
        if not self.by_lapack:
            self.one = lanes(spare(n), np.float32)
            self.spectrum_work = lanes(layout.spectrum_work(n), np.float32)
        self.block = block_length(n, SINGLE.numbers)
        self.segment = segment_length(n, m, horizon, self.by_columns, self.block, _WIDTH)
        self.delta = lanes(groups * n, np.float32)
        if self.error:
            self.b = lanes(groups * n * m, np.float32)
            self.state = lanes(groups * n, np.float32)
            cells = bptt_cells(n, m, horizon, self.segment, self.by_columns, self.block, _WIDTH)
            self.doublings = stride_doublings(n, m, horizon, SINGLE.numbers)
            if self.doublings:
                results = (len(self.lags) + 3) * SINGLE.numbers.RESULT_CELLS
                self.strides, cells = stride_plan(
                    n, m, horizon, self.by_columns, self.doublings, results, self.block, _WIDTH
                )
        else:
            cells = step_norms_cells(n, self.by_columns, self.block, _WIDTH)
        self.out = np.empty((groups, len(self.lags) + (3 if self.error else 0), _WIDTH))
        self.recurrence_work = lanes(cells, np.float32)

    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        study = self.study
        self.samples = drawing.whole_groups(start, stop, _WIDTH)
        gains = np.empty(len(self.samples))
        drawing.draw_groups(
            study.ensemble, study.size, study.seed, study.gain, self.samples, self.drawn, gains, self.scratch
        )
        self._narrow(self.a, self.n * self.ld)
        return gains[: stop - start]

    def matrix(self, row: int) -> NDArray[np.float64]:
        group = self.a.reshape(-1, self.n, self.ld, _WIDTH)[row // _WIDTH]
        return group[:, : self.n, row % _WIDTH].astype(np.float64, order="C")

    def spectra(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        groups = len(self.samples) // _WIDTH
        SINGLE.kit.spectrum_batch(
            self.a, self.one, self.spectrum_work, self.values.reshape(-1), self.rows.reshape(-1),
            self.n, self.ld, self.study.cutoff, groups,
        )  # fmt: skip
        rows = self.rows[:groups].swapaxes(1, 2).reshape(-1, layout.ROWS)[:count]
        values = self.values[:groups].transpose(0, 3, 1, 2).reshape(-1, 2, self.n)[:count]
        return rows.astype(np.float64), values.astype(np.float64)

    def gradients(self, count: int) -> NDArray[np.float64]:
        study, samples, n, ld, work = self.study, self.samples, self.n, self.ld, self.recurrence_work
        kit = SINGLE.columns_kit if self.by_columns else SINGLE.kit
        groups = len(samples) // _WIDTH
        members = count if self.by_columns else groups
        wanted = self.lags, self.out.reshape(-1), 0, members
        if self.error:
            self._draw(self.b, n * self.m, streams.INPUT_MAP)
            self._draw(self.state, n, streams.STATE)
            self._draw(self.delta, n, streams.TARGET)
            given = work, self.a, n * ld, self.b, self.state, self.delta, samples, n, ld, self.m
            key = drawing.key(study.seed)
            if self.doublings:
                times = study.horizon, self.strides, self.block
                kit.bptt_by_strides(*given, self.doublings, times, self.segment, *key, *wanted)
            else:
                kit.bptt(*given, study.horizon, self.segment, self.block, *key, *wanted)
        else:
            self._draw(self.delta, n, streams.DELTA)
            lags, *rest = wanted
            if self.by_columns:
                steps = (n * ld * _WIDTH, 1, ld * _WIDTH, _WIDTH), (n * _WIDTH, 1, _WIDTH)
                kit.step_norms(work, self.a, steps[0], self.delta, steps[1], n, lags, self.block, *rest)
            else:
                kit.step_norms(work, self.a, n * ld, self.delta, n, ld, lags, self.block, *rest)
        found = self.out[:groups].swapaxes(1, 2).reshape(groups * _WIDTH, -1)[:count]
        for row in np.flatnonzero(np.isnan(found).any(axis=1)).tolist():
            if np.isfinite(self.matrix(row)).all():
                raise StudyError(
                    f'dtype = "float32": sample {samples[row]} has norms past 2^±4194304, where exponents in float32 '
                    'end; dtype = "float64", or a shorter horizon, would do'
                )
        return found

    def _draw(self, v: NDArray[np.float32], elements: int, stream: int) -> None:
        """Vectors of every sample, drawn in float64."""
        key, scale = drawing.key(self.study.seed), drawing.vector_scale(self.n)
        DOUBLE.kit.draw_vectors(self.drawn, elements, elements, scale, *key, stream, self.samples)
        self._narrow(v, elements)

    def _narrow(self, to: NDArray[np.float32], elements: int) -> None:
        """What was drawn of each group, `elements` elements, as float32."""
        SINGLE.kit.narrow_groups(self.drawn, to[: len(self.samples) * elements], elements)
