"""Results made in plain NumPy, so that verdict and figures are tested apart from the kernels."""

import numpy as np

from rhoscope.ensembles import RealGinibre
from rhoscope.outcome import Outcome
from rhoscope.result import Result
from rhoscope.study import Study


def result_of(study: Study, **columns: np.ndarray) -> Result:
    """A result of given columns; the others hold what a sample of gain 1 and ρ = 1 would."""
    ones = np.ones(study.samples)
    radius = columns.get("spectral_radius", ones)
    filled = {
        "sample": np.arange(study.samples),
        "gain": ones,
        "spectral_radius": radius,
        "radius_low": radius,
        "radius_high": radius,
        "frobenius_norm": np.sqrt(study.size) * ones,
        "spectral_norm": ones,
        "log_error": 0 * ones,
        "outcome": np.full(study.samples, Outcome.OK, np.uint8),
    }
    return Result(study, filled | columns, {})


def ginibre(
    samples: int = 2000, size: int = 8, horizon: int = 256, gain: float | tuple[float, float] = (0.6, 1.4)
) -> Result:
    """Real Ginibre matrices, δ drawn apart from them, stepped with the norm divided out at every step."""
    study = Study(
        ensemble=RealGinibre(), size=size, horizon=horizon, samples=samples, gain=gain, delta="independent"
    )
    generator = np.random.default_rng(study.seed)
    gains = generator.uniform(*study.gain, samples)
    matrices = gains[:, None, None] * generator.standard_normal((samples, size, size)) / np.sqrt(size)
    radius = abs(np.linalg.eigvals(matrices)).max(1)
    delta = generator.standard_normal((samples, size)) / np.sqrt(size)
    log_norm = np.log(np.linalg.norm(delta, axis=1))
    log_error = log_norm
    recorded = []
    for lag in range(1, horizon + 1):
        delta = np.einsum("si,sij->sj", delta, matrices)
        norm = np.linalg.norm(delta, axis=1)
        delta /= norm[:, None]
        log_norm = log_norm + np.log(norm)
        if lag in study.lags:
            recorded.append(log_norm)
    return result_of(
        study,
        gain=gains,
        spectral_radius=radius,
        radius_low=radius * (1 - 1e-12),
        radius_high=radius * (1 + 1e-12),
        frobenius_norm=np.linalg.norm(matrices, axis=(1, 2)),
        spectral_norm=np.linalg.norm(matrices, 2, axis=(1, 2)),
        log_error=log_error,
        log_gradient=np.column_stack(recorded),
    )
