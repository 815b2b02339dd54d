"""Growth of gradients under random matrices: exact mean squares, and products of fresh matrices."""

from typing import Any, Literal

import numpy as np
from scipy import special

from rhoscope import theory
from rhoscope.ensembles import ComplexGinibre, Ensemble, Given, RealGinibre
from rhoscope.oracles.base import Oracles, Setting, mean

# Rare matrices dominate the mean of a higher power of a smaller matrix, and no z-score would mean anything.
_SIZES = {1: 4, 2: 4, 3: 16, 4: 16}
_GAIN = 1.1


def random_growth(setting: Setting) -> Oracles:
    """E‖(Aᵀ)^k δ‖² at small lags, δ drawn apart from A, over matrices and at a fixed matrix."""
    fields: tuple[tuple[Literal["complex", "real"], Ensemble], ...] = (
        ("complex", ComplexGinibre()),
        ("real", RealGinibre()),
    )
    for number, (field, ensemble) in enumerate(fields):
        for size in sorted(set(_SIZES.values())):
            lags = [lag for lag, own in _SIZES.items() if own == size]
            result = setting.run(
                200 + 10 * size + number, ensemble=ensemble, size=size, gain=_GAIN, horizon=max(lags), lags=lags,
                samples=setting.count(2.0), inputs=0, delta="independent",
            )  # fmt: skip
            squares = np.exp(2.0 * result.log_growth)
            for place, lag in enumerate(lags):
                expected = theory.expected_power_norm(size, lag, _GAIN, field) / size
                name = f"{field} Ginibre, n = {size}: E ‖(Aᵀ)^{lag} δ‖²/‖δ‖²"
                yield mean(name, expected, squares[:, place], result=result)
    yield from _fixed_matrix(setting)
    yield from _fresh_matrices(setting)


def _fixed_matrix(setting: Setting) -> Oracles:
    """E‖(Aᵀ)^k δ‖² = ‖A^k‖_F² for δ ~ N(0, I), here a far from normal A with a transient."""
    size, samples = 5, setting.count()
    A = 0.5 * np.eye(size) + np.eye(size, k=1)
    lags = [1, 4, 12]
    fields: dict[str, Any] = {"gain": 1.0, "horizon": max(lags), "inputs": 0, "delta": "independent"}
    same = Given(np.broadcast_to(A, (samples, size, size)))
    result = setting.run(300, ensemble=same, size=size, samples=samples, lags=lags, **fields)
    expected = np.exp(2.0 * theory.log_power_norms(A, lags, "frobenius")) / size
    squares = np.exp(2.0 * result.log_gradient)
    for place, lag in enumerate(lags):
        name = f"one fixed A, δ ~ N(0, I/n): E ‖(Aᵀ)^{lag} δ‖²"
        yield mean(name, expected[place], squares[:, place], result=result)


def _fresh_matrices(setting: Setting) -> Oracles:
    """A product of k fresh matrices multiplies ‖δ‖² by k independent (g²/n) χ²_n: Newman's exponent, to the step."""
    lag, gain = 50, 0.9
    for size in (1, 4, 16):
        result = setting.run(
            320 + size, ensemble=RealGinibre(), size=size, gain=gain, horizon=lag, lags=[lag], inputs=0,
            samples=setting.count(), delta="independent", mode="fresh",
        )  # fmt: skip
        rates = result.log_growth[:, 0] / lag
        exponent = float(theory.lyapunov_exponents_fresh(size, gain)[0])
        variance = theory.fresh_growth_variance(size) / lag
        law = f"fresh real Ginibre, n = {size}"
        yield mean(f"{law}: E growth a step", exponent, rates, variance=variance, result=result)
        # The square of a value about its known mean has 2 variance² and the fourth cumulant as variance.
        fourth = float(special.polygamma(3, size / 2)) / (16.0 * lag**3)
        squares = (rates - exponent) ** 2 * lag
        spread = (2.0 * variance**2 + fourth) * lag**2
        yield mean(f"{law}: variance a step", variance * lag, squares, variance=spread, result=result)
