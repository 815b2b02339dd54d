"""Prescribed eigenvalues under a feed-forward part of chosen strength: non-normal at will."""

import math
from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.checks import real
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class Triangular(Ensemble):
    """Q T Q^T, Q Haar, T block upper triangular: the spectrum is drawn first, `strength` sets non-normality.

    The eigenvalues of T are uniform in the unit disc, as conjugate pairs r exp(+-i phi) in 2 x 2 blocks r
    [[cos phi, -sin phi], [sin phi, cos phi]]; where n is odd there is one real one more, +-r with r of the
    same law. The entries above the blocks are N(0, strength²/n). The spectral radius tends to 1 whatever the
    strength.

    Parameters
    ----------
    strength
        Scale of the entries above the diagonal, 0 or more; 0 gives normal matrices.

    References
    ----------
    L. N. Trefethen, M. Embree, Spectra and Pseudospectra, Princeton (2005).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.Triangular(strength=2.0).predicted_radius(32, 0.9)
    0.9
    """

    strength: float
    law: ClassVar[str | None] = "triangular"

    def __post_init__(self) -> None:
        strength = real("strength", self.strength, 0.0, math.inf, "a finite number of at least 0")
        object.__setattr__(self, "strength", strength)

    def params(self, size: int) -> tuple[float, float, float]:
        """Of the eigenvalues, least |lambda|² and its span; standard deviation above the blocks."""
        return 0.0, 1.0, self.strength * size**-0.5

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The disc."""
        return Support(gain, gain)
