"""Powers of fixed matrices: normal ones, Jordan blocks, triangles, the nilpotent shift."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rhoscope.arrays import as_lags, as_vectors
from rhoscope.errors import ArgumentError
from rhoscope.theory.numbers import finite, probability, rounded, whole


def log_norm_normal(eigenvalues: Any, coefficients: Any, lags: Any) -> NDArray[np.float64]:
    """log‖(Aᵀ)^k δ‖ of a normal matrix A: ½ log Σ_i |λ_i|^{2k} |⟨v_i, δ⟩|².

    Parameters
    ----------
    eigenvalues
        λ_i, (n,), real or complex.
    coefficients
        ⟨v_i, δ⟩ in an orthonormal basis of eigenvectors, (n,).
    lags
        k, (K,), ascending.

    Returns
    -------
    ndarray
        (K,), natural logarithms; -inf for an exact zero.

    Raises
    ------
    ArgumentError
        Shapes that differ, or entries that are not finite.

    References
    ----------
    R. A. Horn and C. R. Johnson, "Matrix Analysis", 2nd edition (2013), section 2.5.

    Examples
    --------
    >>> from rhoscope.theory import log_norm_normal
    >>> print(log_norm_normal([1j, -1j], [0.6, 0.8], [0, 10**6]))
    [0. 0.]
    """
    moduli = np.abs(as_vectors(eigenvalues, "eigenvalues"))
    weights = np.abs(as_vectors(coefficients, "coefficients"))
    if moduli.ndim != 1 or moduli.shape != weights.shape:
        raise ArgumentError(
            f"coefficients: shape {weights.shape} beside eigenvalues {moduli.shape}; two (n,) would do"
        )
    # x log y is 0 at x = 0 even for y = 0: the zeroth power of a zero eigenvalue is 1.
    terms = special.xlogy(as_lags(lags)[:, None], moduli) + special.xlogy(1.0, weights)
    return 0.5 * special.logsumexp(2.0 * terms, axis=-1)


def jordan_power(eigenvalue: float, size: int, lag: int) -> NDArray[np.float64]:
    """The k-th power of a Jordan block: (J^k)_ij = C(k, j-i) λ^{k-(j-i)} for j >= i, else 0.

    Parameters
    ----------
    eigenvalue
        λ, on the diagonal; ones stand above it.
    size
        n, at least 1.
    lag
        k, at least 0.

    Returns
    -------
    ndarray
        (n, n), each entry rounded once; infinite or 0 past the range of float64.

    Raises
    ------
    ArgumentError
        A size below 1, a negative lag, or an eigenvalue that is not finite.

    References
    ----------
    R. A. Horn and C. R. Johnson, "Matrix Analysis", 2nd edition (2013), section 3.2.5.

    Examples
    --------
    >>> from rhoscope.theory import jordan_power
    >>> print(jordan_power(1.0, size=3, lag=4)[0])
    [1. 4. 6.]
    """
    n, k, exact = whole("size", size, least=1), whole("lag", lag, least=0), finite("eigenvalue", eigenvalue)
    power = np.zeros((n, n))
    for offset in range(min(n, k + 1)):
        np.fill_diagonal(power[:, offset:], rounded(math.comb(k, offset) * exact ** (k - offset)))
    return power


def triangular2_power(first: float, second: float, coupling: float, lag: int) -> NDArray[np.float64]:
    """The k-th power of [[λ, c], [0, μ]]: λ^k and μ^k on the diagonal, c (λ^k - μ^k)/(λ - μ) above it.

    For μ = λ the entry above is c k λ^{k-1}, which for |λ| < 1 grows until k = -1/log|λ|.

    Parameters
    ----------
    first
        λ.
    second
        μ.
    coupling
        c.
    lag
        k, at least 0.

    Returns
    -------
    ndarray
        (2, 2), each entry rounded once; infinite or 0 past the range of float64.

    Raises
    ------
    ArgumentError
        A negative lag or a number that is not finite.

    References
    ----------
    N. J. Higham, "Functions of Matrices" (2008), section 4.6.

    Examples
    --------
    >>> from rhoscope.theory import triangular2_power
    >>> print(triangular2_power(0.9, 0.9, 100.0, lag=10)[0, 1].round(1))
    387.4
    """
    k = whole("lag", lag, least=0)
    a, b, c = finite("first", first), finite("second", second), finite("coupling", coupling)
    # Exact rational arithmetic: in floating point close λ and μ would cancel.
    quotient = (a**k - b**k) / (a - b) if a != b else k * a ** max(k - 1, 0)
    return np.array([[rounded(a**k), rounded(c * quotient)], [0.0, rounded(b**k)]])


def triangular2_peak(first: float, second: float) -> float:
    """The lag, a real number, at which the off-diagonal entry of the power of [[λ, c], [0, μ]] is largest.

    k = log(log μ / log λ)/log(λ/μ), where the derivative of (λ^k - μ^k)/(λ - μ) is zero; -1/log λ for μ = λ. It is
    the same at every c; over whole lags the largest entry stands at one of the two neighbours.

    Parameters
    ----------
    first
        λ, between 0 and 1.
    second
        μ, between 0 and 1.

    Returns
    -------
    float
        The lag.

    Raises
    ------
    ArgumentError
        Numbers that are not above 0 and below 1.

    References
    ----------
    N. J. Higham, "Functions of Matrices" (2008), section 4.6, for the entry.

    Examples
    --------
    >>> from rhoscope.theory import triangular2_peak
    >>> print(round(triangular2_peak(0.9, 0.9), 2))
    9.49
    """
    a, b = (-math.log(probability(name, value)) for name, value in (("first", first), ("second", second)))
    # log(b/a)/(b - a), which is 1/a times log1p(x)/x.
    x = (b - a) / a
    return math.log1p(x) / x / a if x else 1.0 / a


def log_norm_shift(weight: float, size: int, lags: Any) -> NDArray[np.float64]:
    """log‖N^k‖ of the n×n shift N with c on the first superdiagonal: k log|c| for k < n, then -inf.

    Parameters
    ----------
    weight
        c.
    size
        n, at least 1.
    lags
        k, (K,), ascending.

    Returns
    -------
    ndarray
        (K,), natural logarithms of the spectral norm.

    Raises
    ------
    ArgumentError
        A size below 1, lags that do not ascend from 0, or a weight that is not finite.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005), section 7.

    Examples
    --------
    >>> from rhoscope.theory import log_norm_shift
    >>> print(log_norm_shift(2.0, size=64, lags=[0, 63, 64]).round(3))
    [ 0.    43.668   -inf]
    """
    n, k, c = whole("size", size, least=1), as_lags(lags), float(finite("weight", weight))
    return np.where(k < n, special.xlogy(k, abs(c)), -np.inf)
