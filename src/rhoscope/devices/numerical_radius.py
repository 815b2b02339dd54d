"""The numerical radius, a rival predictor of growth: ||A^k|| <= 2 w(A)^k."""

import numpy as np
from numpy.typing import NDArray

_ANGLES = 33
_STEPS = 60
_CLIMBED = 1e-13
# How far, relatively, the largest value may be missed where the boundary is nearly a circle about 0.
_MISSED = 1e-6


def numerical_radius(matrix: NDArray[np.float64]) -> float:
    r"""w(A) = max over unit x of |x^H A x| = max over theta of h(theta), the largest eigenvalue of
    (e^{i theta} A + e^{-i theta} A^T) / 2.

    h is the support function of the field of values, which lies in the wedge between its support lines at two
    angles: the corner of the wedge bounds h between them. Angles are halved until no corner lies more than 1e-6
    beyond the best value, and each better value found is climbed from by theta <- -arg(x^H A x), x the leading
    eigenvector at theta, which never goes down. The field of a real matrix is symmetric, so 0..pi is enough.

    Reference: C. R. Johnson, SIAM J. Numer. Anal. 15, 595 (1978); E. Mengi, M. L. Overton, IMA J. Numer. Anal.
    25, 648 (2005).
    """
    angles = np.linspace(0.0, np.pi, _ANGLES)
    heights = _support(matrix, angles)
    best = _climb(matrix, float(angles[np.argmax(heights)]))
    left, right, low, high = angles[:-1], angles[1:], heights[:-1], heights[1:]
    while True:
        open_ = _corner(right - left, low, high) > best * (1.0 + _MISSED)
        if not open_.any():
            return best
        left, right, low, high = left[open_], right[open_], low[open_], high[open_]
        middle = (left + right) / 2.0
        height = _support(matrix, middle)
        if height.max() > best:
            best = max(best, _climb(matrix, float(middle[np.argmax(height)])))
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        low, high = np.concatenate([low, height]), np.concatenate([height, high])


def _support(matrix: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    turned = np.exp(1j * angles)[:, None, None] * matrix
    values = np.linalg.eigvalsh((turned + turned.conj().swapaxes(1, 2)) / 2.0)
    return values[:, -1].astype(np.float64)


def _corner(
    angle: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound of the support function between two angles: the corner's distance, where it lies between them."""
    cosine = np.cos(angle)
    between = (high > low * cosine) & (low > high * cosine)
    # (high - low)^2 and 1 - cosine are exact where the angles nearly agree.
    square = (high - low) ** 2 + 4.0 * low * high * np.sin(angle / 2.0) ** 2
    corner = np.sqrt(np.maximum(square, 0.0)) / np.sin(angle)
    return np.where(between, corner, np.maximum(low, high))


def _climb(matrix: NDArray[np.float64], theta: float) -> float:
    best = 0.0
    for _ in range(_STEPS):
        turned = np.exp(1j * theta) * matrix
        values, vectors = np.linalg.eigh((turned + turned.conj().T) / 2.0)
        x = vectors[:, -1]
        point = complex(x.conj() @ matrix @ x)
        gained = abs(point) - best
        best = max(best, abs(point), float(values[-1]))
        if gained <= _CLIMBED * best:
            break
        theta = -float(np.angle(point))
    return best
