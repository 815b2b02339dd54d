"""Gaussian entries of which most are zero."""

import math
from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.checks import real
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class Sparse(Ensemble):
    """Each entry is non-zero with probability p, independently, and then N(0, 1/(n p)).

    The spectral radius tends to 1 as n p grows.

    Parameters
    ----------
    density
        p, above 0 and up to 1, where it is RealGinibre.

    References
    ----------
    M. Rudelson, K. Tikhomirov, Geom. Funct. Anal. 29, 561 (2019).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.Sparse(density=0.25).predicted_radius(64, 1.0)
    1.0
    """

    density: float
    law: ClassVar[str | None] = "sparse"

    def __post_init__(self) -> None:
        density = real("density", self.density, 0.0, 1.0, "a probability above 0 and up to 1", above=True)
        object.__setattr__(self, "density", density)

    def params(self, size: int) -> tuple[float, float, float]:
        """Standard deviation of a non-zero entry, and its probability."""
        return (size * self.density) ** -0.5, self.density, 0.0

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain, where n p is at least log n; below, whole rows are empty and there is no such limit."""
        return gain if size * self.density >= math.log(size) else None

    def predicted_support(self, gain: float) -> Support | None:
        """The disc of the circular law, for a density that stays while n grows."""
        return Support(gain, gain)
