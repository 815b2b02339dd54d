"""Norms of the powers of one matrix: what they are, what bounds them, and the transient they go through."""

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rhoscope.arrays import as_lags, as_matrices
from rhoscope.errors import ArgumentError
from rhoscope.theory.field_of_values import numerical_radius
from rhoscope.theory.numbers import scaled, single, whole


class PowerBounds(NamedTuple):
    """Bounds of log‖A^k‖, each (K,): `low` <= log‖A^k‖ <= `eigenvector` and `numerical_range`."""

    low: NDArray[np.float64]
    eigenvector: NDArray[np.float64]
    numerical_range: NDArray[np.float64]


class Transient(NamedTuple):
    """The largest log‖A^k‖ over all k, the lag of it, and the first lag >= 1 at which ‖A^k‖ <= 1."""

    log_height: float
    lag: int
    length: int


def log_power_norms(
    matrix: Any, lags: Any, norm: Literal["spectral", "frobenius"] = "spectral"
) -> NDArray[np.float64]:
    """log‖A^k‖ of one matrix, by multiplying with A step after step.

    For a fixed A and δ ~ N(0, I), E‖(Aᵀ)^k δ‖² = ‖A^k‖_F²; the spectral norm is the largest ‖(Aᵀ)^k δ‖ over unit
    vectors δ. A power of two is taken out of A^k at every step, so that no lag is out of range.

    Parameters
    ----------
    matrix
        A, (n, n), real or complex.
    lags
        k, (K,), ascending; the cost is that of the largest times a product of two matrices.
    norm
        "spectral" (the largest singular value) or "frobenius" (the root of the sum of squares).

    Returns
    -------
    ndarray
        (K,), natural logarithms; -inf for an exact zero. Entries of A^k that are 2^1000 times smaller than the
        largest count as zero.

    Raises
    ------
    ArgumentError
        Not one square matrix of finite numbers, lags that do not ascend from 0, or another norm.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005), section 16.

    Examples
    --------
    >>> from rhoscope.theory import log_power_norms
    >>> print(log_power_norms([[0.5, 8.0], [0.0, 0.5]], [0, 1, 2, 100, 4000]).astype(int))
    [    0     2     2   -61 -2761]
    """
    A, wanted = single("matrix", as_matrices(matrix, "matrix")), as_lags(lags)
    if norm not in ("spectral", "frobenius"):
        raise ArgumentError(f'norm: {norm!r}; "spectral" or "frobenius" would do')
    found = dict.fromkeys(wanted.tolist(), -math.inf)
    for lag, (power, exponent) in enumerate(_powers(A)):
        if lag in found:
            found[lag] = _log_norm(power, exponent, norm)
        if lag == wanted[-1] or not power.any():
            break
    return np.array(list(found.values()))


def log_power_bounds(matrix: Any, lags: Any) -> PowerBounds:
    """Bounds of log‖A^k‖ at every lag: ρ^k <= ‖A^k‖ <= κ(V) ρ^k, and ‖A^k‖ <= 2 w(A)^k.

    V holds the eigenvectors as unit columns, κ(V) = ‖V‖‖V⁻¹‖, and w is the numerical radius. κ(V) is 1 for a
    normal matrix and infinite for a defective one.

    Parameters
    ----------
    matrix
        A, (n, n), real or complex.
    lags
        k, (K,), ascending.

    Returns
    -------
    PowerBounds
        `.low`, `.eigenvector` and `.numerical_range`, natural logarithms. Eigenvalues and eigenvectors are
        LAPACK's, thus those of a matrix within rounding of A: far from normal ones, such as a nilpotent matrix in
        a random basis, may differ from it in ρ by more than rounding.

    Raises
    ------
    ArgumentError
        Not one square matrix of finite numbers, or lags that do not ascend from 0.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005), sections 16 and 17. C. Pearcy, "An
    elementary proof of the power inequality for the numerical radius", Michigan Math. J. 13 (1966).

    Examples
    --------
    >>> from rhoscope.theory import log_power_bounds
    >>> bounds = log_power_bounds([[0.5, 8.0], [0.0, 0.25]], [1, 100])
    >>> print(bounds.low.round(2), bounds.eigenvector.round(2), bounds.numerical_range.round(2))
    [ -0.69 -69.31] [  3.47 -65.16] [  2.17 148.33]
    """
    A, k = single("matrix", as_matrices(matrix, "matrix")), as_lags(lags)
    values, vectors = np.linalg.eig(A)
    low = special.xlogy(k, np.abs(values).max())
    condition = float(np.linalg.cond(vectors))
    return PowerBounds(
        low=low,
        eigenvector=math.log(condition) + low,
        numerical_range=math.log(2.0) + special.xlogy(k, numerical_radius(A)),
    )


def power_transient(matrix: Any, horizon: int = 10_000) -> Transient:
    """The height of the transient, sup over k of ‖A^k‖, with the lag where it stands and the lag where it is over.

    Powers are formed until ‖A^m‖ <= 1, to rounding, at some m >= 1. From there on
    ‖A^{qm+j}‖ <= ‖A^m‖^q ‖A^j‖ <= ‖A^j‖, so the largest norm before m is the largest of all.

    Parameters
    ----------
    matrix
        A, (n, n), real or complex.
    horizon
        The largest m to try; there is none if ρ(A) > 1.

    Returns
    -------
    Transient
        `.log_height`, the natural logarithm of sup ‖A^k‖ (0 if no power exceeds ‖A^0‖ = 1), its `.lag`, and
        `.length`, which is m.

    Raises
    ------
    ArgumentError
        Not one square matrix of finite numbers, or ‖A^m‖ > 1 for every m up to the horizon.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005), section 14.

    Examples
    --------
    >>> from rhoscope.theory import power_transient
    >>> height, lag, length = power_transient([[0.9, 100.0], [0.0, 0.9]])
    >>> print(round(height, 3), lag, length)
    5.96 9 88
    """
    A, last = single("matrix", as_matrices(matrix, "matrix")), whole("horizon", horizon, least=1)
    rounding = len(A) * np.finfo(float).eps
    highest, where, height = 0.0, 0, 0.0
    for lag, (power, exponent) in zip(range(last + 1), _powers(A), strict=False):
        height = _log_norm(power, exponent, "spectral")
        if lag and height <= lag * rounding:
            return Transient(highest, where, lag)
        if height > highest:
            highest, where = height, lag
    raise ArgumentError(
        f"horizon: {last}; ‖A^k‖ > 1 at every k from 1 to there, and exp({height:.3g}) at the end; a matrix with "
        "spectral radius below 1 and a larger horizon would do"
    )


def _powers(A: NDArray[Any]) -> Iterator[tuple[NDArray[Any], int]]:
    """A^0, A^1, ... as P 2^e, the largest entry of P between 1/2 and 2 unless P is 0."""
    unit, step = scaled(A)
    power, exponent = np.eye(len(A), dtype=A.dtype), 0
    while True:
        yield power, exponent
        power, carry = scaled(power @ unit)
        exponent += step + carry


def _log_norm(power: NDArray[Any], exponent: int, norm: str) -> float:
    size = float(np.linalg.norm(power, 2 if norm == "spectral" else None))
    return math.log(size) + exponent * math.log(2.0) if size else -math.inf
