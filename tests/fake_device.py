"""A device whose columns are a cheap pure function of (seed, sample), for tests of what is around devices."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from rhoscope import execution
from rhoscope.pool import Cancelled
from rhoscope.study import Study


class FakeDevice:
    """Fills every column from a generator seeded by (seed, sample), `pause` seconds a sample."""

    name = "fake"

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.shards: list[tuple[int, int]] = []  # every range asked for

    def columns(
        self, study: Study, start: int, stop: int, *, cancelled: Callable[[], bool] | None = None
    ) -> dict[str, np.ndarray]:
        self.shards.append((start, stop))
        rows = []
        for sample in range(start, stop):
            if cancelled is not None and cancelled():
                raise Cancelled
            time.sleep(self.pause)
            rows.append(np.random.default_rng([study.seed, sample]).standard_normal(40))
        draws = np.array(rows)
        lags = len(study.lags)
        columns = {
            "sample": np.arange(start, stop),
            "gain": draws[:, 0],
            "leading_eigenvalue": _complex(draws[:, 1], np.inf),  # arithmetic would turn inf into nan
            "real_eigenvalue_count": np.arange(start, stop) % 3,
            "log_error": draws[:, 3],
            "log_gradient": draws[:, 4 : 4 + lags],
            "outcome": (np.arange(start, stop) % 5).astype(np.uint8),
        }
        if "eigenvalues" in study.measure:
            columns["eigenvalues"] = _complex(draws[:, :2], draws[:, 2:4])
        return columns


def _complex(real: np.ndarray, imag: np.ndarray | float) -> np.ndarray:
    column = np.empty(real.shape, np.complex128)
    column.real, column.imag = real, imag
    return column


def install(device: FakeDevice) -> None:
    """Put a device in the place of every device, for good: what a worker process of a test begins with."""
    execution.choose = lambda name, threads, **work: device  # type: ignore[assignment]


def install_for(monkeypatch: pytest.MonkeyPatch, device: FakeDevice) -> FakeDevice:
    """Put a device in the place of every device for one test."""
    monkeypatch.setattr(execution, "choose", lambda name, threads, **work: device)
    return device
