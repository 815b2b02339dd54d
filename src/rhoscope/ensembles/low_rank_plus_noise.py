"""A random matrix with a few strong directions."""

import math
from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.checks import real, whole
from rhoscope.ensembles.support import Support
from rhoscope.errors import ArgumentError


@dataclass(frozen=True)
class LowRankPlusNoise(Ensemble):
    """G + strength U U^T: G real Ginibre, N(0, 1/n), and U n x rank, orthonormal, uniformly distributed.

    Where |strength| > 1 it has `rank` eigenvalues near `strength`, outside the unit disc of the others, and
    the spectral radius tends to max(1, |strength|).

    Parameters
    ----------
    rank
        How many strong directions, 1 to n.
    strength
        Their eigenvalue without the noise.

    References
    ----------
    T. Tao, Probab. Theory Relat. Fields 155, 231 (2013).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.LowRankPlusNoise(rank=2, strength=1.5).predicted_radius(32, 1.0)
    1.5
    """

    rank: int
    strength: float
    law: ClassVar[str | None] = "low_rank"

    def __post_init__(self) -> None:
        rank = whole("rank", self.rank, 1, 2**31, "a whole number of at least 1")
        strength = real("strength", self.strength, -math.inf, math.inf, "a finite number")
        object.__setattr__(self, "rank", rank)
        object.__setattr__(self, "strength", strength)

    def validate_study(self, size: int, samples: int) -> None:
        """Refuse a rank above the size."""
        if self.rank > size:
            raise ArgumentError(
                f"rank = {self.rank} is above size = {size}; a rank from 1 to {size} would do"
            )

    def params(self, size: int) -> tuple[float, float, float]:
        """Standard deviation of the noise, rank, strength."""
        return size**-0.5, float(self.rank), self.strength

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """Gain times the larger of 1 and |strength|."""
        return gain * max(1.0, abs(self.strength))

    def predicted_support(self, gain: float) -> Support | None:
        """The disc of the circular law, and the outliers if they are outside."""
        outliers = (complex(gain * self.strength),) * self.rank if abs(self.strength) > 1.0 else ()
        return Support(gain, gain, outliers=outliers)
