"""The matrices and vectors that all contenders on a GPU are given: a block of those of a study, again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.jobs import GAIN, HORIZON, SEED, lags_to
from rhoscope import drawing, ensembles
from rhoscope.kernels import streams

DEVICE_BYTES = 2e9
"""Of the matrices that lie on the device at once: far more than its caches hold."""
MOST = 1 << 20
CHECKED = 64
"""Matrices whose answers are held against NumPy's."""


@dataclass(frozen=True)
class Entry:
    """One way to do a job.

    `run()` does it for `count` matrices and ends when it is done; `answer()` is what it found for the first ones.
    """

    label: str
    count: int
    run: Callable[[], object]
    answer: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Data:
    """What a job of size n is given, in host memory; made when it is first asked for."""

    n: int
    horizon: int = HORIZON
    block: int = 4096
    small: bool = False

    @property
    def many(self) -> int:
        """How many matrices a contender on the device takes: whole blocks."""
        if self.small:
            return self.block
        return max(1, int(min(MOST, DEVICE_BYTES / (8 * self.n**2))) // self.block) * self.block

    @cached_property
    def A(self) -> np.ndarray:
        """(block, n, n), with gains from 0.6 to 1.4."""
        return ensembles.RealGinibre().sample(self.n, self.block, seed=SEED, gain=GAIN).real

    @cached_property
    def lags(self) -> np.ndarray:
        """Log-spaced up to the horizon."""
        return lags_to(self.horizon)

    @cached_property
    def B(self) -> np.ndarray:
        """(block, n, 1)."""
        return self._draw(streams.INPUT_MAP, self.n, 1)

    @cached_property
    def x(self) -> np.ndarray:
        """(block, T, 1)."""
        return self._draw(streams.INPUTS, self.horizon, 1, scale=1.0)

    @cached_property
    def h0(self) -> np.ndarray:
        """(block, n)."""
        return self._draw(streams.STATE, self.n)

    @cached_property
    def y(self) -> np.ndarray:
        """(block, n); also the gradient of job R."""
        return self._draw(streams.TARGET, self.n)

    def _draw(self, stream: int, *shape: int, scale: float | None = None) -> np.ndarray:
        scale = drawing.vector_scale(self.n) if scale is None else scale
        return drawing.draw_vectors(stream, shape, scale, 0, self.block, SEED)
