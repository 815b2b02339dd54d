"""Ginibre matrices: the law of the spectral radius, numbers of eigenvalues, norms of powers.

A = g G / sqrt(n): G has independent normal entries of mean 0 and E|G_ij|² = 1, g is the gain.
"""

import math
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rhoscope.errors import ArgumentError
from rhoscope.theory.numbers import positive, relative_radii, rounded, whole

# E|G^k|² of a real G as a polynomial in n, the constant first, for k = 0..4.
_REAL_POWER_NORMS = ((0, 1), (0, 0, 1), (0, 2, 0, 1), (0, 4, 10, 0, 1), (0, 48, 28, 28, 0, 1))


def kostlan_cdf(radius: ArrayLike, size: int, gain: float = 1.0) -> NDArray[np.float64]:
    """P(ρ <= r), the law of the spectral radius of a complex Ginibre matrix, exact at every size.

    P(ρ <= r) = Π_{j=1..n} P(j, n r²/g²), P the regularised lower incomplete gamma function: in a random order
    the n |λ|²/g² are independent gamma variables.

    Parameters
    ----------
    radius
        r, at least 0, any shape.
    size
        n, at least 1.
    gain
        g, above 0.

    Returns
    -------
    ndarray
        Probabilities, of the shape of `radius`.

    Raises
    ------
    ArgumentError
        A negative radius, a size below 1, or a gain that is not positive.

    References
    ----------
    E. Kostlan, "On the spectra of Gaussian matrices", Linear Algebra Appl. 162-164 (1992).

    Examples
    --------
    >>> from rhoscope.theory import kostlan_cdf
    >>> print(round(float(kostlan_cdf(1.0, size=4)), 3))
    0.385
    """
    return np.prod(_gamma_laws(radius, size, gain), axis=-1)


def kostlan_mean(size: int, gain: float = 1.0) -> float:
    """Eρ, the mean spectral radius of a complex Ginibre matrix: the integral of P(ρ > r) over r.

    Parameters
    ----------
    size
        n, at least 1.
    gain
        g, above 0.

    Returns
    -------
    float
        The mean, to ten digits or more.

    Raises
    ------
    ArgumentError
        A size below 1 or a gain that is not positive.

    References
    ----------
    E. Kostlan, "On the spectra of Gaussian matrices", Linear Algebra Appl. 162-164 (1992).

    Examples
    --------
    >>> from rhoscope.theory import kostlan_mean
    >>> print(round(kostlan_mean(size=8), 4))
    1.0915
    """
    # At 1 the integrand turns from flat to steep.
    from scipy import integrate  # slow to load

    mean, _ = integrate.quad(
        lambda r: 1.0 - float(kostlan_cdf(r, size)),
        0.0,
        kostlan_end(size),
        points=[1.0],
        epsabs=1e-12,
        epsrel=1e-12,
        limit=400,
    )
    return positive("gain", gain) * mean


def kostlan_end(size: int) -> float:
    """A radius at gain 1 that a complex matrix exceeds with a probability below exp(-64)."""
    return 1.0 + 8.0 / math.sqrt(whole("size", size, least=1))


def expected_eigenvalues_within(radius: ArrayLike, size: int, gain: float = 1.0) -> NDArray[np.float64]:
    """E #{|λ| < s} of a complex Ginibre matrix: the circular law, exact at every size.

    E #{|λ| < s} = Σ_{j=1..n} P(j, n s²/g²), P the regularised lower incomplete gamma function.

    Parameters
    ----------
    radius
        s, at least 0, any shape.
    size
        n, at least 1.
    gain
        g, above 0.

    Returns
    -------
    ndarray
        Expected numbers of eigenvalues, of the shape of `radius`.

    Raises
    ------
    ArgumentError
        A negative radius, a size below 1, or a gain that is not positive.

    References
    ----------
    J. Ginibre, "Statistical ensembles of complex, quaternion, and real matrices", J. Math. Phys. 6 (1965).

    Examples
    --------
    >>> from rhoscope.theory import expected_eigenvalues_within
    >>> print(round(float(expected_eigenvalues_within(0.5, size=100)), 3))
    25.0
    """
    return np.sum(_gamma_laws(radius, size, gain), axis=-1)


def expected_power_norm(
    size: int, lag: int, gain: float = 1.0, field: Literal["complex", "real"] = "complex"
) -> float:
    """E‖A^k‖², the mean square of the Frobenius norm of a power of a Ginibre matrix.

    Complex: (g²/n)^k [n(n+1)...(n+k+1) - n(n-1)...(n-k-1)] / ((k+1)(k+2)). Real, times (g²/n)^k: n² at k = 1,
    n³ + 2n at 2, n⁴ + 10n² + 4n at 3, n⁵ + 28n³ + 28n² + 48n at 4. For a fixed vector v, E‖(Aᵀ)^k v‖² is this
    times ‖v‖²/n. Rare matrices dominate the mean once k is large.

    Parameters
    ----------
    size
        n, at least 1.
    lag
        k, at least 0; at most 4 for a real matrix.
    gain
        g, above 0.
    field
        "complex" or "real".

    Returns
    -------
    float
        The mean; infinite past the range of float64.

    Raises
    ------
    ArgumentError
        A size, lag, gain or field that is none of these.

    References
    ----------
    L. Isserlis, "On a formula for the product-moment coefficient of any order", Biometrika 12 (1918): the
    theorem by which each mean is a sum over pairings.

    Examples
    --------
    >>> from rhoscope.theory import expected_power_norm
    >>> print(expected_power_norm(size=4, lag=2), expected_power_norm(size=4, lag=2, field="real"))
    4.25 4.5
    """
    n, k = whole("size", size, least=1), whole("lag", lag, least=0)
    if field == "complex":
        rising, falling = math.prod(range(n, n + k + 2)), math.prod(range(n - k - 1, n + 1))
        moment = Fraction(rising - falling, (k + 1) * (k + 2))
    elif field == "real" and k < len(_REAL_POWER_NORMS):
        moment = Fraction(sum(c * n**power for power, c in enumerate(_REAL_POWER_NORMS[k])))
    elif field == "real":
        raise ArgumentError(f"lag: {k}; for a real matrix 0 to {len(_REAL_POWER_NORMS) - 1} would do")
    else:
        raise ArgumentError(f'field: {field!r}; "complex" or "real" would do')
    return rounded(moment * (Fraction(positive("gain", gain)) ** 2 / n) ** k)


def expected_real_eigenvalues(size: int) -> float:
    """Expected number of real eigenvalues of a real Ginibre matrix.

    n even: √2 Σ_{j=0..n/2-1} (4j-1)!!/(4j)!!;  n odd: 1 + √2 Σ_{j=1..(n-1)/2} (4j-3)!!/(4j-2)!!.

    Parameters
    ----------
    size
        n, at least 1.

    Returns
    -------
    float
        The expected number; near sqrt(2n/π) for large n.

    Raises
    ------
    ArgumentError
        A size below 1.

    References
    ----------
    A. Edelman, E. Kostlan, M. Shub, "How many eigenvalues of a random matrix are real?", J. AMS 7 (1994).

    Examples
    --------
    >>> from rhoscope.theory import expected_real_eigenvalues
    >>> print(round(expected_real_eigenvalues(size=4), 5))
    1.94454
    """
    n = whole("size", size, least=1)
    halves = np.arange(1, n)
    ratios = np.concatenate([[1.0], np.cumprod((2 * halves - 1) / (2 * halves))])  # (2i-1)!! / (2i)!!
    return n % 2 + math.sqrt(2.0) * float(np.sum(ratios[n % 2 :: 2]))


def _gamma_laws(radius: ArrayLike, size: int, gain: float) -> NDArray[np.float64]:
    """P(j, n r²/g²) for j = 1..n along a new last axis."""
    n, scaled = whole("size", size, least=1), relative_radii("radius", radius, gain)
    return special.gammainc(np.arange(1, n + 1), n * scaled[..., None] ** 2)
