"""Second moments of the ensembles, of their entries and of their eigenvalues."""

from rhoscope.ensembles import (
    Diagonal,
    Elliptic,
    Ensemble,
    HaarOrthogonal,
    LowRankPlusNoise,
    RealGinibre,
    Sparse,
    Symmetric,
    Triangular,
)
from rhoscope.oracles.base import Oracles, Setting, mean

_SIZE = 6  # even: all eigenvalues of Triangular and Diagonal come in conjugate pairs


def ensemble_laws(setting: Setting) -> Oracles:
    """E ‖A‖_F² and E Σ λ² = E tr A² of every real ensemble."""
    for number, (ensemble, square_norm, trace) in enumerate(_moments(_SIZE)):
        result = setting.run(
            100 + number, ensemble=ensemble, size=_SIZE, samples=setting.count(), gain=1.0, horizon=1, inputs=0,
            delta="independent", measure="eigenvalues",
        )  # fmt: skip
        law = f"{ensemble.kind}, n = {_SIZE}"
        if square_norm is not None:
            yield mean(f"{law}: E ‖A‖²", square_norm, result.frobenius_norm**2, result=result)
        traces = (result.eigenvalues**2).sum(axis=1).real
        yield mean(f"{law}: E Σ λ²", trace, traces, result=result)


def _moments(n: int) -> list[tuple[Ensemble, float | None, float]]:
    """Each ensemble with E ‖A‖_F², None where it says nothing more, and E tr A², from its law."""
    tau, strength, inner, outer = -0.4, 1.5, 0.5, 1.2
    v = 1.0 / (n * (1.0 + abs(tau)) ** 2)
    return [
        (RealGinibre(), n, 1.0),
        (Symmetric(), None, (n + 1) / 4),  # the norm is the trace
        (Elliptic(tau), v * n * (n + tau), v * n * (1.0 + n * tau)),
        (HaarOrthogonal(), None, 1.0),  # the norm does not vary
        # Mean |λ|² is 1/2 in the disc, and n (n - 2)/2 entries stand above the blocks.
        (Triangular(strength), n / 2 + strength**2 * (n - 2) / 2, 0.0),
        (Sparse(density=0.3), n, 1.0),
        (LowRankPlusNoise(rank=2, strength=strength), n + 2 * strength**2, 1.0 + 2 * strength**2),
        (Diagonal(inner, outer), n * (inner**2 + outer**2) / 2, 0.0),
    ]
