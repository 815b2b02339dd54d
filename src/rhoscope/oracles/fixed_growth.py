"""Growth under fixed matrices whose powers have a closed form: normal, Jordan, triangular, nilpotent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing, theory
from rhoscope.ensembles import RealGinibre, Triangular
from rhoscope.growth import gradient_norms
from rhoscope.kernels import streams
from rhoscope.oracles.base import EPSILON, Oracles, Setting, exact

_METHODS = ("step", "ladder")
# No sum of these systems cancels: each of the k products adds at most n ε, the logarithm a few ε of its size.
_SAFETY = 4.0
# How near the two agree in the logarithm, as `gradient_norms` says.
_LADDER = 1e-8


def fixed_growth(setting: Setting) -> Oracles:
    """log‖(Aᵀ)^k δ‖ by each method against closed forms, and the methods against each other."""
    for name, A, delta, lags, expected in _systems():
        n = len(A)
        tolerance = _SAFETY * EPSILON * (n * (lags + 1.0) + np.abs(np.where(np.isinf(expected), 0, expected)))
        for method in _METHODS:
            found = gradient_norms(A, delta, lags, method=method, device=setting.device)
            yield exact(f"{name}: log‖(Aᵀ)^k δ‖, {method}", expected, found, tolerance)
    yield from _ladder(setting)


def _ladder(setting: Setting) -> Oracles:
    """Stepping and the ladder on random matrices, where sums cancel, and on ones far from normal."""
    n, count = 20, 24
    lags = np.array([1, 10, 100, 1000, 4096])
    for number, ensemble in enumerate((RealGinibre(), Triangular(strength=3.0))):
        A = ensemble.sample(n, count, seed=setting.key(800 + number))
        delta = drawing.draw_vectors(streams.DELTA, (n,), 1.0, 0, count, setting.key(800 + number))
        step, ladder = (
            gradient_norms(A, delta, lags, method=method, device=setting.device) for method in _METHODS
        )
        # A step rounds by n ε ‖A‖ times the largest transient; 1e-8 has room for one of 10^4 at these lags.
        yield exact(f"{ensemble.kind}: log‖(Aᵀ)^k δ‖, ladder vs step", step, ladder, _LADDER)


System = tuple[str, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


def _systems() -> list[System]:
    """Name, A, δ, lags, log‖(Aᵀ)^k δ‖."""
    lags = np.array([0, 1, 2, 10, 100, 1000, 10**6])
    short = np.array([0, 1, 10, 100, 1000])
    # A reflection with entries of one bit, between diagonals of few: this normal matrix is exact in float64.
    reflection = np.eye(4) - 0.5
    values = np.array([1.25, -1.25, 0.75, 0.0])
    delta = reflection @ np.array([1.0, 2.0, -3.0, 4.0])
    normal = reflection @ np.diag(values) @ reflection
    coefficients = reflection.T @ delta
    jordan = 0.9 * np.eye(4) + np.eye(4, k=1)
    ones = np.ones(4)
    first, second, coupling = 0.9, 0.5, 100.0
    triangle = np.array([[first, coupling], [0.0, second]])
    shift = 2.0 * np.eye(64, k=1)
    unit = np.eye(64)[0]
    around = np.array([0, 1, 62, 63, 64, 65, 1000])
    quarter = np.array([[0.0, -0.75], [0.75, 0.0]])
    return [
        ("normal", normal, delta, lags, theory.log_norm_normal(values, coefficients, lags)),
        ("scaled rotation", quarter, np.array([3.0, 4.0]), lags, lags * np.log(0.75) + np.log(5.0)),
        ("Jordan block", jordan, ones, short, _log_norms(theory.jordan_power, short, ones, 0.9, 4)),
        (
            "2x2 triangle",
            triangle,
            ones[:2],
            short,
            _log_norms(theory.triangular2_power, short, ones[:2], first, second, coupling),
        ),
        ("nilpotent shift", shift, unit, around, theory.log_norm_shift(2.0, 64, around)),
    ]


def _log_norms(
    power: Any, lags: NDArray[np.int64], delta: NDArray[np.float64], *parameters: float
) -> NDArray[np.float64]:
    """log‖(A^k)ᵀ δ‖ from the closed form of A^k."""
    return np.log([np.linalg.norm(power(*parameters, lag).T @ delta) for lag in lags.tolist()])
