"""Uniformly distributed orthogonal matrices."""

from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class HaarOrthogonal(Ensemble):
    """Haar measure on O(n): every |lambda| is 1 at any n, and powers keep the norm.

    Drawn as a product of random reflections, which has the law of Q in the QR decomposition of a Gaussian
    matrix with R's diagonal made positive.

    References
    ----------
    G. W. Stewart, SIAM J. Numer. Anal. 17, 403 (1980); F. Mezzadri, Notices AMS 54, 592 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> import rhoscope as rs
    >>> Q = rs.ensembles.HaarOrthogonal().sample(8, 1, seed=539)[0]
    >>> bool(np.allclose(Q @ Q.T, np.eye(8), atol=1e-14))
    True
    """

    law: ClassVar[str | None] = "haar"

    def params(self, size: int) -> tuple[float, float, float]:
        """None are needed."""
        return 0.0, 0.0, 0.0

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain, exact at any size."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The circle."""
        return Support(gain, gain, hole=gain)
