"""Symmetric Gaussian matrices."""

from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.elliptic import pair_params
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class Symmetric(Ensemble):
    """a_ij = a_ji ~ N(0, 1/(4n)) off the diagonal and N(0, 1/(2n)) on it: normal matrices, real spectra.

    The spectral radius tends to 1 (the Gaussian orthogonal ensemble with Wigner's semicircle on [-1, 1]).

    References
    ----------
    E. P. Wigner, Ann. Math. 67, 325 (1958).

    Examples
    --------
    >>> import rhoscope as rs
    >>> A = rs.ensembles.Symmetric().sample(4, 1, seed=539)[0]
    >>> bool((A == A.T).all())
    True
    """

    law: ClassVar[str | None] = "elliptic"

    def params(self, size: int) -> tuple[float, float, float]:
        """Those of the elliptic ensemble with tau = 1."""
        return pair_params(1.0, size)

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The interval from -gain to gain."""
        return Support(gain, 0.0)
