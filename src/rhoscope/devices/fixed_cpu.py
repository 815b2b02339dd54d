"""Gradients of studies with one matrix a sample: both passes over it, or the way back alone."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices.draws_cpu import Draws
from rhoscope.devices.precision import Precision
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import streams
from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence_space import (
    block_length,
    bptt_cells,
    norm_times,
    segment_length,
    side_by_side_cells,
    stride_doublings,
    stride_plan,
)
from rhoscope.kernels.subnormals import flushed

if TYPE_CHECKING:
    from rhoscope.study import Study


class FixedGradients:
    """Takes up to `groups` groups of samples through time and back.

    Args:
        study: the question.
        lags: those recorded.
        precision: of the kernels.
        groups: at a time, at most.
        draws: where B, h_0, y and an independent delta come from.
    """

    def __init__(
        self, study: "Study", lags: NDArray[np.int64], precision: Precision, groups: int, draws: Draws
    ) -> None:
        self._study, self._lags, self._precision, self._draws = study, lags, precision, draws
        self._n = n = study.ensemble.real_size(study.size)
        self._m = m = study.inputs
        self._ld = leading(n)
        self._error = study.delta == "error"
        self._by_columns = columns = n >= precision.numbers.COLUMNS_FROM
        self._norm_times = norm_times(n, precision.numbers)
        self._block = block = block_length(n, precision.numbers)
        width, real, horizon = precision.width, precision.real, study.horizon
        self.matrices = lanes(groups * n * self._ld, real)
        self._delta = lanes(groups * n, real)
        results = len(lags) + (3 if self._error else 0)
        self._out = np.empty((groups, results, width))
        self.doublings = 0
        if self._error:
            self._b = lanes(groups * n * m, real)
            self._state = lanes(groups * n, real)
            self._segment = segment_length(n, m, horizon, columns, block, width)
            cells = bptt_cells(n, m, horizon, self._segment, columns, block, width)
            self.doublings = stride_doublings(n, m, horizon, precision.numbers)
            if self.doublings:
                self._strides, cells = stride_plan(
                    n, m, horizon, columns, self.doublings, results * precision.numbers.RESULT_CELLS, block, width
                )  # fmt: skip
        else:
            cells = side_by_side_cells(n, columns, self._norm_times[0], width)
        self._work = lanes(cells, real)

    def log_norms(self, samples: NDArray[np.int64], count: int) -> NDArray[np.float64]:
        """The results of `bptt`, or of `step_norms` where delta is independent, for the first `count` samples.

        samples: numbers in whole groups, their matrices in `matrices`.
        """
        groups = len(samples) // self._precision.width
        members = count if self._by_columns else groups
        if self._error:
            with flushed():
                self._both_passes(samples, members)
        else:
            self._way_back(samples, members)
        return self._out[:groups].swapaxes(1, 2).reshape(len(samples), -1)[:count]

    @property
    def _kit(self) -> Any:
        return self._precision.columns_kit if self._by_columns else self._precision.kit

    def _both_passes(self, samples: NDArray[np.int64], members: int) -> None:
        n, m, ld, horizon = self._n, self._m, self._ld, self._study.horizon
        self._draws.vectors(self._b, n * m, streams.INPUT_MAP, samples)
        self._draws.vectors(self._state, n, streams.STATE, samples)
        self._draws.vectors(self._delta, n, streams.TARGET, samples)
        given = self._work, self.matrices, n * ld, self._b, self._state, self._delta, samples, n, ld, m
        wanted = *drawing.key(self._study.seed), self._lags, self._out.reshape(-1), 0, members
        if self.doublings:
            times = horizon, self._strides, self._block
            self._kit.bptt_by_strides(*given, self.doublings, times, self._segment, *wanted)
        else:
            self._kit.bptt(*given, horizon, self._segment, self._block, *wanted)

    def _way_back(self, samples: NDArray[np.int64], members: int) -> None:
        n, ld, width = self._n, self._ld, self._precision.width
        self._draws.vectors(self._delta, n, streams.DELTA, samples)
        wanted = self._lags, self._norm_times, self._out.reshape(-1), 0, members
        if self._by_columns:
            steps = (n * ld * width, 1, ld * width, width), (n * width, 1, width)
            self._kit.step_norms(self._work, self.matrices, steps[0], self._delta, steps[1], n, *wanted)
        else:
            self._kit.step_norms(self._work, self.matrices, n * ld, self._delta, n, ld, *wanted)
