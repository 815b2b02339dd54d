"""The one list of (ensemble, what theory knows of it) that drives the tests of every device."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rhoscope import ensembles

Function = Callable[[int], float]


@dataclass(frozen=True)
class Known:
    """An ensemble at gain 1 with what holds exactly at every size n.

    square_norm, trace, trace_of_square: E|A|_F², E tr A, E tr A² (of the complex matrix where it is one).
    covariance: (n², n²) of the entries in row-major order, where they have mean 0 and this is known.
    moduli: bounds of every |lambda|. normal: A A^T = A^T A.
    """

    ensemble: ensembles.Ensemble
    square_norm: Function
    trace_of_square: Function
    trace: Function = lambda n: 0.0
    covariance: Callable[[int], NDArray[np.float64]] | None = None
    moduli: tuple[float, float] | None = None
    normal: bool = False

    def __str__(self) -> str:
        return str(self.ensemble)


def elliptic(ensemble: ensembles.Ensemble, tau: float) -> Known:
    """The moments of mirror entries with correlation tau."""

    def variance(n: int) -> float:
        return 1 / (n * (1 + abs(tau)) ** 2)

    def covariance(n: int) -> NDArray[np.float64]:
        mirror = np.arange(n * n).reshape(n, n).T.reshape(-1)
        return variance(n) * (np.eye(n * n) + tau * np.eye(n * n)[mirror])

    return Known(
        ensemble,
        square_norm=lambda n: n * (n + tau) * variance(n),
        trace_of_square=lambda n: (n * (n - 1) * tau + n * (1 + tau)) * variance(n),
        covariance=covariance,
        normal=abs(tau) == 1,
    )


def ring(ensemble: ensembles.Ensemble, inner: float, outer: float, strength: float) -> Known:
    """Eigenvalues uniform by area in a ring, and N(0, strength²/n) above their blocks."""
    square = (inner**2 + outer**2) / 2
    return Known(
        ensemble,
        square_norm=lambda n: n * square + strength**2 / n * (n * (n - 1) // 2 - n // 2),
        trace_of_square=lambda n: (n % 2) * square,
        moduli=(inner, outer),
        normal=strength == 0,
    )


def low_rank(rank: int, strength: float) -> Known:
    """Noise plus a multiple of a projection."""
    return Known(
        ensembles.LowRankPlusNoise(rank=rank, strength=strength),
        square_norm=lambda n: n + strength**2 * rank,
        trace_of_square=lambda n: 1 + strength**2 * rank,
        trace=lambda n: strength * rank,
    )


def independent(ensemble: ensembles.Ensemble, normal: bool = False) -> Known:
    """Uncorrelated real entries of variance 1/n."""
    return Known(
        ensemble,
        square_norm=lambda n: n,
        trace_of_square=lambda n: 1,
        covariance=lambda n: np.eye(n * n) / n,
        normal=normal,
        moduli=(1, 1) if normal else None,
    )


KNOWN = [
    independent(ensembles.RealGinibre()),
    Known(ensembles.ComplexGinibre(), square_norm=lambda n: n, trace_of_square=lambda n: 0),
    elliptic(ensembles.Symmetric(), 1),
    elliptic(ensembles.Elliptic(tau=0.5), 0.5),
    elliptic(ensembles.Elliptic(tau=-0.8), -0.8),
    elliptic(ensembles.Elliptic(tau=-1), -1),
    independent(ensembles.HaarOrthogonal(), normal=True),
    ring(ensembles.Triangular(strength=0), 0, 1, 0),
    ring(ensembles.Triangular(strength=1.5), 0, 1, 1.5),
    independent(ensembles.Sparse(density=0.2)),
    independent(ensembles.Sparse(density=1)),
    low_rank(1, 2.0),
    low_rank(3, -0.5),
    ring(ensembles.Diagonal(), 0, 1, 0),
    ring(ensembles.Diagonal(inner=0.5, outer=1.25), 0.5, 1.25, 0),
]
