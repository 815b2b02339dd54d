"""Independent complex Gaussian entries."""

from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.support import Support


@dataclass(frozen=True)
class ComplexGinibre(Ensemble):
    """Independent complex entries, real and imaginary part N(0, 1/(2n)), so that E|a_ij|² = 1/n.

    The spectral radius tends to 1. A study runs X + iY as the real system [[X, -Y], [Y, X]] of size 2n, whose
    eigenvalues are those of X + iY and their conjugates.

    References
    ----------
    J. Ginibre, J. Math. Phys. 6, 440 (1965); E. Kostlan, Linear Algebra Appl. 162, 385 (1992).

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.ComplexGinibre().sample(32, 2, seed=539).dtype
    dtype('complex128')
    """

    law: ClassVar[str | None] = "complex_ginibre"
    complex_valued: ClassVar[bool] = True

    def params(self, size: int) -> tuple[float, float, float]:
        """Standard deviation of a real or imaginary part."""
        return (2 * size) ** -0.5, 0.0, 0.0

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """The gain."""
        return gain

    def predicted_support(self, gain: float) -> Support | None:
        """The disc of the circular law."""
        return Support(gain, gain)
