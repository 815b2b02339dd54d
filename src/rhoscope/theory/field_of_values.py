"""The numerical radius, a rival predictor of growth: ‖A^k‖ <= 2 w(A)^k."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_matrices
from rhoscope.theory.numbers import scaled, single

_ANGLES = 64
_STEPS = 60
_CLIMBED = 1e-13
_MISSED = 1e-6
"""How far, relatively, the largest value may be missed where the boundary is nearly a circle about 0."""


def numerical_radius(matrix: Any) -> float:
    """The numerical radius: w(A) = max over unit x of |x^H A x|, the largest modulus in the field of values.

    w is the largest h(θ) = λ_max((e^{iθ} A + e^{-iθ} A^H)/2), the support function of the field of values. The
    field lies in the wedge between its support lines at two angles, so the corner of the wedge bounds h between
    them. Angles are halved until no corner lies more than 1e-6 beyond the best value, and each better value found
    is climbed from by θ <- -arg(x^H A x), with x the leading eigenvector at θ, which never goes down.
    ‖A‖/2 <= w(A) <= ‖A‖, ρ(A) <= w(A), and ‖A^k‖ <= 2 w(A)^k.

    Parameters
    ----------
    matrix
        A, (n, n), real or complex.

    Returns
    -------
    float
        w(A), at most 1e-6 of it too small, and to rounding where the farthest points of the field stand out; infinite
        past the range of float64.

    Raises
    ------
    ArgumentError
        Not one square matrix of finite numbers.

    References
    ----------
    C. R. Johnson, "Numerical determination of the field of values of a general complex matrix", SIAM J. Numer.
    Anal. 15 (1978). E. Mengi and M. L. Overton, "Algorithms for the computation of the pseudospectral radius and
    the numerical radius of a matrix", IMA J. Numer. Anal. 25 (2005).

    Examples
    --------
    >>> from rhoscope.theory import numerical_radius
    >>> print(round(numerical_radius([[0.0, 2.0], [0.0, 0.0]]), 12))
    1.0
    """
    A, exponent = scaled(single("matrix", as_matrices(matrix, "matrix")))
    with np.errstate(over="ignore"):
        return float(np.ldexp(_radius(A), exponent))


def _radius(A: NDArray[Any]) -> float:
    """w(A) of entries near 1, whose squares are in range."""
    angles = 2.0 * math.pi * np.arange(_ANGLES + 1) / _ANGLES
    if A.dtype.kind == "f":  # its field of values is symmetric about the real axis
        angles = angles[: _ANGLES // 2 + 1]
    heights = _support(A, angles)
    best = _climb(A, float(angles[np.argmax(heights)]))
    left, right, low, high = angles[:-1], angles[1:], heights[:-1], heights[1:]
    while True:
        open_ = _corner(right - left, low, high) > best * (1.0 + _MISSED)
        if not open_.any():
            return best
        left, right, low, high = left[open_], right[open_], low[open_], high[open_]
        middle = (left + right) / 2.0
        height = _support(A, middle)
        if height.max() > best:
            best = max(best, _climb(A, float(middle[np.argmax(height)])))
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        low, high = np.concatenate([low, height]), np.concatenate([height, high])


def _support(A: NDArray[Any], angles: NDArray[np.float64]) -> NDArray[Any]:
    turned = np.exp(1j * angles)[:, None, None] * A
    return np.linalg.eigvalsh((turned + turned.conj().swapaxes(1, 2)) / 2.0)[:, -1]


def _corner(angle: NDArray[np.float64], low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.float64]:
    """Bound of the support function between two angles: the corner's distance, where it lies between them."""
    cosine = np.cos(angle)
    between = (high > low * cosine) & (low > high * cosine)
    # (high - low)^2 and 1 - cosine are exact where the angles nearly agree.
    square = (high - low) ** 2 + 4.0 * low * high * np.sin(angle / 2.0) ** 2
    corner = np.sqrt(np.maximum(square, 0.0)) / np.sin(angle)
    return np.where(between, corner, np.maximum(low, high))


def _climb(A: NDArray[Any], angle: float) -> float:
    best = 0.0
    for _ in range(_STEPS):
        turned = np.exp(1j * angle) * A
        values, vectors = np.linalg.eigh((turned + turned.conj().T) / 2.0)
        x = vectors[:, -1]
        point = complex(x.conj() @ A @ x)
        gained = abs(point) - best
        best = max(best, abs(point), float(values[-1]))
        if gained <= _CLIMBED * best:
            break
        angle = -float(np.angle(point))
    return best
