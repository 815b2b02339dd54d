"""The numerical radius, a rival predictor of growth: ||A^k|| <= 2 w(A)^k."""

import numpy as np
from numpy.typing import NDArray

_ANGLES = 32
_STEPS = 60
_TOLERANCE = 1e-13


def numerical_radius(matrix: NDArray[np.float64]) -> float:
    r"""w(A) = max over unit x of |x^H A x| = max over theta of lambda_max((e^{i theta} A + e^{-i theta} A^T) / 2).

    Every local maximum of a grid of angles is climbed by theta <- -arg(x^H A x), x the leading eigenvector at theta:
    that step never goes down. A real matrix has a field of values symmetric about the real axis, so 0..pi is enough.

    Reference: E. Mengi, M. L. Overton, IMA J. Numer. Anal. 25, 648 (2005).
    """
    angles = np.linspace(0.0, np.pi, _ANGLES)
    grid = np.array([np.linalg.eigvalsh(_rotated(matrix, theta))[-1] for theta in angles])
    padded = np.concatenate([[-np.inf], grid, [-np.inf]])
    peaks = np.flatnonzero((grid >= padded[:-2]) & (grid >= padded[2:]))
    return max(_climb(matrix, float(angles[peak])) for peak in peaks)


def _rotated(matrix: NDArray[np.float64], theta: float) -> NDArray[np.complex128]:
    turned = np.exp(1j * theta) * matrix
    return (turned + turned.conj().T) / 2.0


def _climb(matrix: NDArray[np.float64], theta: float) -> float:
    best = 0.0
    for _ in range(_STEPS):
        values, vectors = np.linalg.eigh(_rotated(matrix, theta))
        x = vectors[:, -1]
        point = complex(x.conj() @ matrix @ x)
        gained = abs(point) - best
        best = max(best, abs(point), float(values[-1]))
        if gained <= _TOLERANCE * best:
            break
        theta = -float(np.angle(point))
    return best
