"""Where eigenvalues of Ginibre and elliptic matrices lie, and how ill-conditioned they are."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rhoscope.errors import ArgumentError
from rhoscope.theory.numbers import relative_radii, whole


def elliptic_law_share(radius: ArrayLike, tau: float = 0.0, gain: float = 1.0) -> NDArray[np.float64]:
    """The limit, as n grows, of the share of eigenvalues with |λ| < s: the circular and the elliptic law.

    The eigenvalues of Ginibre matrices (τ = 0) fill the disc of radius g evenly, so the share is s²/g². Those
    of elliptic ones fill the ellipse of semi-axes a = g and b = g (1 - |τ|)/(1 + |τ|); the share is that of its
    area within s of the centre,
    1 + (2/π) [s² φ/(a b) - arctan(a tan(φ)/b)] with sin²φ = b² (a² - s²)/(s² (a² - b²)) for b < s < a,
    and for symmetric matrices (τ = ±1, b = 0) that of the semicircle law,
    (2/π) [arcsin(s/a) + (s/a) √(1 - s²/a²)].

    Parameters
    ----------
    radius
        s, at least 0, any shape.
    tau
        τ, correlation of mirror entries, from -1 to 1.
    gain
        g, above 0: the larger semi-axis, as in `rhoscope.ensembles.Elliptic`.

    Returns
    -------
    ndarray
        Shares, of the shape of `radius`. They are a limit: at finite n use `expected_eigenvalues_within`, which
        complex Ginibre matrices obey exactly.

    Raises
    ------
    ArgumentError
        A negative radius, a tau outside [-1, 1], or a gain that is not positive.

    References
    ----------
    V. L. Girko, "Circular law", Theory Probab. Appl. 29 (1985). H.-J. Sommers, A. Crisanti, H. Sompolinsky,
    Y. Stein, "Spectrum of large random asymmetric matrices", Phys. Rev. Lett. 60 (1988).

    Examples
    --------
    >>> from rhoscope.theory import elliptic_law_share
    >>> print(elliptic_law_share(0.5), elliptic_law_share(0.5, tau=0.5).round(3))
    0.25 0.573
    """
    if not -1.0 <= tau <= 1.0:
        raise ArgumentError(f"tau: {tau}; a correlation from -1 to 1 would do")
    s = np.minimum(relative_radii("radius", radius, gain), 1.0)
    minor = (1.0 - abs(tau)) / (1.0 + abs(tau))
    if minor == 0.0:
        return 2.0 / math.pi * (np.arcsin(s) + s * np.sqrt(1.0 - s * s))
    if minor == 1.0:
        return s * s
    crossing = np.maximum(s, minor)
    # φ, the angle from the major axis at which the circle crosses the ellipse, and that of the point on the
    # circle of which the ellipse is the shadow.
    phi = np.arcsin(np.minimum(minor * np.sqrt((1.0 - crossing**2) / (1.0 - minor**2)) / crossing, 1.0))
    shadow = np.arctan2(np.sin(phi), minor * np.cos(phi))
    return np.where(s <= minor, s * s / minor, 1.0 + 2.0 / math.pi * (s * s * phi / minor - shadow))


def expected_overlap(modulus: ArrayLike, size: int, gain: float = 1.0) -> NDArray[np.float64]:
    """E[κ(λ)² | |λ| = r], the mean squared condition number of an eigenvalue of a complex Ginibre matrix.

    With left and right eigenvectors such that lᵀr = 1, κ² = ‖l‖²‖r‖² is the diagonal overlap of Chalker and Mehlig.
    E[κ² | r] = n - x e_{n-2}(x)/e_{n-1}(x), x = n r²/g², e_j(x) = Σ_{i=0..j} x^i/i!, exact at every size; inside
    the disc it is near n (1 - r²/g²), and outside it falls to 1. The tail is heavy, P(κ² > t) ~ t⁻², so the
    variance is infinite. For real eigenvalues of real matrices not even the mean exists.

    Parameters
    ----------
    modulus
        r, at least 0, any shape.
    size
        n, at least 1.
    gain
        g, above 0.

    Returns
    -------
    ndarray
        Mean squared condition numbers, of the shape of `modulus`.

    Raises
    ------
    ArgumentError
        A negative modulus, a size below 1, or a gain that is not positive.

    References
    ----------
    J. T. Chalker and B. Mehlig, "Eigenvector statistics in non-Hermitian random matrix ensembles", Phys. Rev. Lett.
    81 (1998), which gives the limit and, for given eigenvalues, Π_k (1 + g²/(n |λ - λ_k|²)). Averaged over the
    others, that is a ratio of two tridiagonal determinants, here in closed form.

    Examples
    --------
    >>> from rhoscope.theory import expected_overlap
    >>> print(expected_overlap([0.0, 0.5, 1.0, 2.0], size=32).round(3))
    [32.    24.     4.724  1.311]
    """
    n = whole("size", size, least=1)
    x = n * relative_radii("modulus", modulus, gain) ** 2
    # q_j = x e_{j-1}/e_j from j = 0 up: e_j itself would overflow.
    quotient = np.zeros_like(x)
    for j in range(1, n):
        quotient = j * x / (j + x - quotient)
    return n - quotient
