"""Each kernel alone on one thread, by pytest-benchmark, so that a slowdown is seen from one change to the next.

Not part of the tests: `pytest bench/kernels` has to be asked for. README.md in the folder above says how.
"""

import numpy as np
import pytest

import rhoscope as rs
from bench.jobs import lags_to
from bench.study_kernels import worker

GROUPS = 4
"""Groups of eight samples that a call computes."""

SIZES = (4, 8, 16, 32, 64, 128)
HORIZON = 1000


@pytest.fixture(params=SIZES, ids=lambda n: f"n{n}")
def matrices(request: pytest.FixtureRequest) -> np.ndarray:
    return rs.ensembles.RealGinibre().sample(request.param, 8 * GROUPS, seed=539, gain=(0.6, 1.4))


@pytest.fixture(params=SIZES, ids=lambda n: f"n{n}")
def study_worker(request: pytest.FixtureRequest):
    """What a thread of a study computes with, its matrices drawn."""
    ready = worker(rs.Study(size=request.param, horizon=HORIZON, samples=8 * GROUPS), GROUPS)
    ready.draw(0, 8 * GROUPS)
    return ready


def test_eigenvalues(benchmark, matrices):
    found = benchmark(lambda: rs.eigvals(matrices, device="cpu", threads=1))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("method", ["step", "ladder"])
def test_gradient_norms(benchmark, matrices, method):
    delta, lags = matrices[:, 0].copy(), lags_to(HORIZON)
    found = benchmark(
        lambda: rs.gradient_norms(matrices, delta, lags, method=method, device="cpu", threads=1)
    )
    assert np.isfinite(found).all()


def test_study_draw(benchmark, study_worker):
    assert np.isfinite(benchmark(lambda: study_worker.draw(0, 8 * GROUPS))).all()


def test_study_spectra(benchmark, study_worker):
    rows, _ = benchmark(lambda: study_worker.spectra(8 * GROUPS))
    assert np.isfinite(rows).all()


def test_study_gradients(benchmark, study_worker):
    assert np.isfinite(benchmark(lambda: study_worker.gradients(8 * GROUPS))).all()
