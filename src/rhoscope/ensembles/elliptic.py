"""Gaussian entries correlated with their mirror images."""

import math
from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.checks import real
from rhoscope.ensembles.support import Support


def pair_params(tau: float, size: int) -> tuple[float, float, float]:
    """Of mirror entries p x + q y and p x - q y and diagonal entries r z, the scales (p, q, r)."""
    variance = 1.0 / (size * (1.0 + abs(tau)) ** 2)
    return (
        math.sqrt(variance * (1.0 + tau) / 2.0),
        math.sqrt(variance * (1.0 - tau) / 2.0),
        math.sqrt(variance * (1.0 + tau)),
    )


@dataclass(frozen=True)
class Elliptic(Ensemble):
    """Gaussian entries N(0, v), v = 1/(n (1 + |tau|)²), corr(a_ij, a_ji) = tau; diagonal N(0, (1 + tau) v).

    The eigenvalues fill an ellipse with semi-axes in the ratio (1 + tau) : (1 - tau), whose larger one is 1.
    tau = 0 is RealGinibre, 1 Symmetric, -1 antisymmetric.

    Parameters
    ----------
    tau
        Correlation of mirror entries, from -1 to 1.

    References
    ----------
    H.-J. Sommers, A. Crisanti, H. Sompolinsky, Y. Stein, Phys. Rev. Lett. 60, 1895 (1988).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.Elliptic(tau=-0.5).predicted_support(1.0)
    Support(real=0.3333333333333333, imaginary=1.0, hole=0.0, outliers=())
    """

    tau: float
    law: ClassVar[str | None] = "elliptic"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tau", real("tau", self.tau, -1.0, 1.0, "a correlation from -1 to 1"))

    def params(self, size: int) -> tuple[float, float, float]:
        """Scales of the common and the opposite part of mirror entries, and of the diagonal."""
        return pair_params(self.tau, size)

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The ellipse of the elliptic law."""
        unit = gain / (1.0 + abs(self.tau))
        return Support(unit * (1.0 + self.tau), unit * (1.0 - self.tau))
