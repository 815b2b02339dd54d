"""Gradient norms by few squares and many steps: the account of errors, the choice of the height, agreement."""

import numpy as np
import pytest
from ladder_cases import (
    Array,
    assert_trusted_is_right,
    ginibre,
    ladder,
    pairs_of_eigenvalues,
    rotated,
    triangular,
)

import rhoscope as rs
from rhoscope.devices import growth_cpu
from rhoscope.kernels import ladder_space


def jordan(seed: int, size: int, value: float, coupling: float) -> Array:
    block = value * np.eye(size) + coupling * np.eye(size, k=1)
    return rotated(np.tile(block, (30, 1, 1)), seed)


STEPPED = {
    "ginibre": ginibre(30, 30, 24)[0],
    "triangular, n = 6": rotated(triangular(140, 1000, 6, 6.0), 140),
    "triangular, n = 12": rotated(triangular(41, 300, 12, 4.0), 41),
    "triangular, n = 24": rotated(triangular(42, 20, 24, 11.0), 42),
    "Jordan, n = 6": jordan(51, 6, 0.95, 1.0),
    "Jordan, n = 20": jordan(86, 20, 0.97, 0.3),
    "pairs": pairs_of_eigenvalues(500, 100.0),
}


@pytest.mark.parametrize("top", [0, 1, 2, 4])
@pytest.mark.parametrize("name", STEPPED)
def test_what_is_trusted_is_right_after_many_steps(
    name: str, top: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step tells little of how far errors grow under hundreds."""
    monkeypatch.setattr(growth_cpu, "height", lambda n, lags, parts: top)
    A = STEPPED[name]
    delta = ginibre(31, len(A), A.shape[-1])[1]
    lags = [1, 7, 16, 31, 63, 100, 127, 128, 200, 239, 255, 277, 300, 512, 777, 1000]
    assert_trusted_is_right(A, delta, lags, 1)
    if name == "ginibre":
        assert not np.isnan(ladder(A, delta, lags)).any()


ENSEMBLES = {
    "ginibre": rs.ensembles.RealGinibre(),
    "symmetric": rs.ensembles.Symmetric(),
    "elliptic": rs.ensembles.Elliptic(tau=-0.5),
    "orthogonal": rs.ensembles.HaarOrthogonal(),
    "triangular": rs.ensembles.Triangular(strength=1.0),
    "sparse": rs.ensembles.Sparse(density=0.1),
    "low rank": rs.ensembles.LowRankPlusNoise(rank=2, strength=1.5),
}


@pytest.mark.parametrize("n", [32, 64, 128, 200, 256])
@pytest.mark.parametrize("name", ENSEMBLES)
def test_auto_agrees_with_steps_to_the_stated_bound(name: str, n: int) -> None:
    """Wherever its numbers come from; past 1e-8 of stepping only by what the rounding of steps themselves does."""
    A = ENSEMBLES[name].sample(n, 4, seed=539, gain=(0.6, 1.4))
    delta = ginibre(29, 4, n)[1]
    for lags in ([8, 64, 100, 777, 1000], [5, 1000, 10_000]):
        steps = rs.gradient_norms(A, delta, lags, method="step", device="cpu")
        got = rs.gradient_norms(A, delta, lags, method="auto", device="cpu")
        np.testing.assert_allclose(got, steps, rtol=1e-15, atol=1e-8)


@pytest.mark.parametrize("n", [4, 16, 32, 128, 256, 512])
def test_the_height_costs_least(n: int) -> None:
    """Squares cost n^3 and halve what steps cost, n^2 each: higher for more lags, lower for larger matrices."""
    tops = [ladder_space.height(n, np.array([T]), 1) for T in (1, 100, 1000, 10_000, 10**6)]
    assert tops == sorted(tops)
    assert tops[0] == 0
    assert tops[-1] <= 19
    larger = [ladder_space.height(2 * n, np.array([T]), 1) for T in (100, 1000, 10_000, 10**6)]
    assert all(high >= low for high, low in zip(tops[1:], larger, strict=True))
    lags = np.array([1000])
    assert ladder_space.ladder_work(n, lags, 1) < 0.75 * ladder_space.step_work(n, lags)
