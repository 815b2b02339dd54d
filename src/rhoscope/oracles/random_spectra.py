"""Spectra of random matrices, where mathematics knows them at every size and not only in the limit."""

from typing import Any

import numpy as np

from rhoscope import theory
from rhoscope.ensembles import ComplexGinibre, HaarOrthogonal, RealGinibre
from rhoscope.ensembles.base import real_form
from rhoscope.oracles.base import EPSILON, Oracle, Oracles, Setting, exact, mean, share
from rhoscope.spectra import eigvals

# Of these runs only the spectra are wanted: one step, no inputs.
_BARE: dict[str, Any] = {"gain": 1.0, "horizon": 1, "inputs": 0, "delta": "independent"}


def random_spectra(setting: Setting) -> Oracles:
    """Kostlan's law, the circular law at finite n, real eigenvalues, determinants, orthogonal matrices."""
    yield from _kostlan(setting)
    yield from _circular_law(setting)
    for size in (2, 3, 4, 17):
        result = setting.run(30 + size, ensemble=RealGinibre(), size=size, samples=setting.count(), **_BARE)
        expected = theory.expected_real_eigenvalues(size)
        counts = result.real_eigenvalue_count
        yield mean(f"real Ginibre, n = {size}: E #(real λ)", expected, counts, result=result)
    yield _determinant(setting)
    size = 24
    result = setting.run(51, ensemble=HaarOrthogonal(), size=size, samples=64, measure="eigenvalues", **_BARE)
    # A product of n reflections is orthogonal to about n ε, and a normal matrix keeps that in its eigenvalues.
    moduli = np.abs(result.eigenvalues)
    yield exact(f"Haar orthogonal, n = {size}: every |λ|", 1.0, moduli, 20 * size * EPSILON)


def _kostlan(setting: Setting) -> Oracles:
    for size, part, edge in ((4, 1.0, 1.0), (8, 1.0, 1.0), (64, 0.05, 1.05)):
        samples = setting.count(part)
        result = setting.run(10 + size, ensemble=ComplexGinibre(), size=size, samples=samples, **_BARE)
        radius, law = result.spectral_radius, f"complex Ginibre, n = {size}"
        below = float(theory.kostlan_cdf(edge, size))
        yield share(f"{law}: P(ρ < {edge:g}), Kostlan", below, radius < edge, result)
        yield mean(f"{law}: E ρ, Kostlan", theory.kostlan_mean(size), radius, result=result)


def _circular_law(setting: Setting) -> Oracles:
    size = 6
    matrices = ComplexGinibre().sample(size, setting.count(), seed=setting.key(20))
    # The real form has the spectrum and its conjugate, by the kernels; complex matrices would go to LAPACK.
    moduli = np.abs(eigvals(real_form(matrices), device=setting.device))
    for radius in (0.5, 1.0):
        expected = float(theory.expected_eigenvalues_within(radius, size))
        inside = (moduli < radius).sum(axis=1) / 2.0
        yield mean(f"complex Ginibre, n = {size}: E #(|λ| < {radius:g})", expected, inside)


def _determinant(setting: Setting) -> Oracle:
    """log|det A| is the sum over i of independent ½ log(χ²_i / n): its mean is that of all the exponents."""
    size = 8
    fields = {"ensemble": RealGinibre(), "size": size, "measure": "eigenvalues", **_BARE}
    result = setting.run(50, samples=setting.count(), **fields)
    logs = np.log(np.abs(result.eigenvalues)).sum(axis=1)
    expected = float(theory.lyapunov_exponents_fresh(size).sum())
    variance = sum(theory.fresh_growth_variance(freedom) for freedom in range(1, size + 1))
    name = f"real Ginibre, n = {size}: E log|Π λ|"
    return mean(name, expected, logs, variance=variance, result=result)
