"""Normal matrices with eigenvalues in a ring, as linear recurrent units are initialised."""

from dataclasses import dataclass
from typing import ClassVar

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.checks import real
from rhoscope.ensembles.support import Support
from rhoscope.errors import ArgumentError

# Squares up to here keep their digits.
_LARGEST = 1e150


@dataclass(frozen=True)
class Diagonal(Ensemble):
    """Eigenvalues uniform by area in the ring inner <= |lambda| <= outer, as 2 x 2 blocks on the diagonal.

    A pair r exp(+-i phi), with r² uniform from inner² to outer² and phi uniform, is the block r [[cos phi,
    -sin phi], [sin phi, cos phi]]; where n is odd the last entry is +-r. At size 1 this is the scalar
    recurrence h_t = a h_{t-1} + b x_t. The spectral radius tends to `outer`.

    Parameters
    ----------
    inner, outer
        Radii of the ring, 0 <= inner <= outer; by default the unit disc.

    References
    ----------
    A. Orvieto et al., Resurrecting recurrent neural networks for long sequences, ICML 2023.

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.Diagonal(inner=0.9, outer=0.99).predicted_radius(32, 1.0)
    0.99
    """

    inner: float = 0.0
    outer: float = 1.0
    law: ClassVar[str | None] = "diagonal"

    def __post_init__(self) -> None:
        for name in ("inner", "outer"):
            radius = real(name, getattr(self, name), 0.0, _LARGEST, f"a radius from 0 to {_LARGEST:g}")
            object.__setattr__(self, name, radius)
        if self.inner > self.outer:
            raise ArgumentError(
                f"inner = {self.inner} is above outer = {self.outer}; a ring with inner <= outer would do"
            )

    def params(self, size: int) -> tuple[float, float, float]:
        """Least |lambda|² and its span."""
        return self.inner**2, self.outer**2 - self.inner**2, 0.0

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """Gain times the outer radius."""
        return gain * self.outer

    def predicted_support(self, gain: float) -> Support | None:
        """The ring."""
        return Support(gain * self.outer, gain * self.outer, hole=gain * self.inner)
