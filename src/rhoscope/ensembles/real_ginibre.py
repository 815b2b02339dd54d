"""Independent real Gaussian entries."""

from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class RealGinibre(Ensemble):
    """Independent real entries, a_ij ~ N(0, 1/n); the spectral radius tends to 1.

    References
    ----------
    J. Ginibre, J. Math. Phys. 6, 440 (1965); A. Edelman, J. Multivariate Anal. 60, 203 (1997).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.RealGinibre().sample(32, 2, seed=539).shape
    (2, 32, 32)
    """

    law: ClassVar[str | None] = "ginibre"

    def params(self, size: int) -> tuple[float, float, float]:
        """Standard deviation of an entry."""
        return size**-0.5, 0.0, 0.0

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The disc of the circular law."""
        return Support(gain, gain)
