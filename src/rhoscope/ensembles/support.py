"""Where theory puts the eigenvalues of a large matrix."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Support:
    """The set that the spectrum of A fills as n grows, centred at zero.

    A disc has equal semi-axes; the unit circle is a disc whose hole is as large as itself; real spectra have
    no imaginary semi-axis.

    Parameters
    ----------
    real
        Semi-axis of the ellipse along the real axis.
    imaginary
        Semi-axis along the imaginary axis.
    hole
        Radius of the disc left empty in the middle.
    outliers
        Single eigenvalues outside.
    """

    real: float
    imaginary: float
    hole: float = 0.0
    outliers: tuple[complex, ...] = ()
