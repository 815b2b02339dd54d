"""Gradients of studies with a fresh matrix at every step: tiles of matrices drawn, used once and overwritten."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices.draws_cpu import Draws
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import streams
from rhoscope.kernels.fresh import regions
from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.subnormals import flushed
from rhoscope.pool import Cancelled

if TYPE_CHECKING:
    from rhoscope.study import Study

# Matrices drawn at a time, in elements: long against the calls that drive it, and still in cache when it is used.
TILE_ELEMENTS = 1 << 17


def groups_of_a_chunk(study: "Study", count: int, threads: int) -> int:
    """Groups that one thread takes through time together: all samples take as long, so a chunk a thread if they fit."""
    n = study.ensemble.real_size(study.size)
    most = max(1, TILE_ELEMENTS // (WIDTH * n * leading(n)))
    share = -(-count // (threads * WIDTH))
    chunks = -(-share // most)
    return -(-share // chunks)


class FreshGradients:
    """Takes up to `groups` groups of samples through time and back.

    Nothing is kept of a matrix: those of the forward pass are drawn again for the backward pass.
    """

    def __init__(
        self, study: "Study", groups: int, draws: Draws, cancelled: Callable[[], bool] | None
    ) -> None:
        self._study = study
        self._draws = draws
        self._cancelled = cancelled
        self._n = n = study.ensemble.real_size(study.size)
        self._ld = ld = leading(n)
        self._error = study.delta == "error"
        self._m = m = study.inputs if self._error else 0
        self._tile = max(groups, TILE_ELEMENTS // (WIDTH * n * ld))  # matrices of every lane
        self._free = self._tile * n * ld
        *_, first, span = regions(self._free, n, ld, m)
        self._work = lanes(first + groups * span)
        self._vectors = lanes(groups * n)
        self._input_map = lanes(groups * n * m)
        self._lags = np.array(study.lags, dtype=np.int64)

    @property
    def matrices(self) -> NDArray[np.float64]:
        """Room for the matrices of one step of every group, overwritten by `log_norms`."""
        return self._work[: self._free * WIDTH]

    def log_norms(self, samples: NDArray[np.int64], count: int) -> NDArray[np.float64]:
        """Logarithms (count, K + 2) of |delta_{T-k}| at the lags k, of |delta_T|, and of |dL/dB|.

        samples: numbers in whole groups, of which the first `count` are asked for. NaN or inf where a matrix on the
        way was not finite.

        Raises:
            Cancelled: `cancelled`, polled between tiles, turned true.
        """
        from rhoscope.kernels import cpu as kit

        n, horizon, lags = self._n, self._study.horizon, self._lags
        groups = len(samples) // WIDTH
        shape = n, self._ld, self._m
        key = drawing.key(self._study.seed)
        out = np.empty((groups, len(lags) + 2, WIDTH))
        if self._error:
            self._draws.vectors(self._input_map, n * self._m, streams.INPUT_MAP, samples)
        self._draws.vectors(self._vectors, n, streams.STATE if self._error else streams.DELTA, samples)
        kit.fresh_begin(self._work, self._free, groups, *shape, self._vectors, self._input_map)
        if self._error:
            for times in self._tiles(range(1, horizon + 1), samples):
                with flushed():
                    kit.fresh_forward(
                        self._work, self._free, groups, len(times), *shape, times[0] - 1, *key, samples
                    )
            self._draws.vectors(self._vectors, n, streams.TARGET, samples)
            kit.fresh_subtract(self._work, self._free, groups, *shape, self._vectors)
        first = 1 if self._m else horizon - int(lags[-1]) + 1  # dL/dB is a sum over all times
        for times in self._tiles(range(horizon, first - 1, -1), samples):
            with flushed():
                kit.fresh_backward(
                    self._work, self._free, groups, len(times), *shape, times[0], horizon, *key, samples, lags,
                    out.reshape(-1),
                )  # fmt: skip
        return out.swapaxes(1, 2).reshape(groups * WIDTH, -1)[:count]

    def _tiles(self, times: range, samples: NDArray[np.int64]) -> Iterator[range]:
        """Runs of times, each given out when their matrices A_t lie in the work array."""
        steps = self._tile * WIDTH // len(samples)
        for start in range(0, len(times), steps):
            if self._cancelled is not None and self._cancelled():
                raise Cancelled
            run = times[start : start + steps]
            owners = np.tile(samples, len(run))
            numbers = drawing.matrix_number(owners, np.repeat(run, len(samples)))
            self._draws.matrices(self._work, owners, numbers)
            yield run
