"""Eigenvalues in closed form, held to LAPACK's measure of a backward stable method."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from rhoscope.oracles.base import EPSILON, Oracles, Setting, exact
from rhoscope.spectra import eigvals

# An eigenvalue may stray by this many n ε ‖A‖ κ(λ), as LAPACK's own tests allow.
_LAPACK_ALLOWS = 20.0


@dataclass(frozen=True, eq=False)
class _Known:
    """A matrix, its eigenvalues (n,), their condition numbers, ‖A‖ as balanced, the size of its Jordan blocks."""

    name: str
    matrix: NDArray[np.float64]
    eigenvalues: NDArray[Any]
    condition: NDArray[np.float64] | float = 1.0
    norm: float | None = None  # of the matrix itself
    block: int = 1


def known_spectra(setting: Setting) -> Oracles:
    """Each computed eigenvalue beside the exact one it stands for."""
    for known in _list(np.random.default_rng(setting.seed)):
        found = eigvals(known.matrix, device=setting.device)
        distance = np.abs(found[:, None] - known.eigenvalues[None, :])
        mine, theirs = linear_sum_assignment(distance)
        n = len(known.matrix)
        norm = float(np.linalg.norm(known.matrix, 2)) if known.norm is None else known.norm
        unit = (n * EPSILON * norm * known.condition) ** (1.0 / known.block)
        allowed = np.broadcast_to(_LAPACK_ALLOWS * unit, n)[theirs]
        yield exact(f"{known.name}, n = {n}: error of λ", 0.0, distance[mine, theirs], allowed)


def _list(rng: np.random.Generator) -> list[_Known]:
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    jordan = rotation @ (0.9 * np.eye(6) + np.eye(6, k=1)) @ rotation.T
    row = rng.standard_normal(45)
    scale = np.exp2(np.linspace(0, 500, 8).round())  # in order: many sweeps of balancing
    plain, values, condition = _clement(8)
    scaled = plain * scale[:, None] / scale
    return [
        _Known("1x1", np.array([[-2.5]]), np.array([-2.5])),
        _Known("zero", np.zeros((5, 5)), np.zeros(5)),
        _Known("rotation by a right angle", np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([1j, -1j])),
        _Known("Clement", *_clement(21)),
        _Known("Clement, graded by 1e150", scaled, values, condition, float(np.linalg.norm(plain, 2))),
        _Known("Toeplitz, symmetric", *_toeplitz(100, 2.0, -1.0, -1.0)),
        _Known("Toeplitz, real λ", *_toeplitz(14, 0.5, 2.0, 1.0)),
        _Known("Toeplitz, complex λ", *_toeplitz(11, -1.0, -2.0, 0.5)),
        _Known("circulant", np.array([np.roll(row, i) for i in range(45)]), np.fft.fft(row)),
        _Known("cyclic shift", np.roll(np.eye(63), 1, axis=1), np.exp(2j * np.pi * np.arange(63) / 63)),
        _Known("Jordan block, rotated", jordan, np.full(6, 0.9), block=6),
    ]


def _clement(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """1, 2, ..., n-1 above the diagonal and the same backwards below it: λ = n-1, n-3, ..., 1-n.

    D⁻¹ A D is symmetric for D_i² = C(n-1, i), with eigenvectors u: κ(λ) = ‖D u‖ ‖D⁻¹ u‖.
    """
    k = np.arange(1.0, n)
    A = np.diag(k, 1) + np.diag(k[::-1], -1)
    d = np.sqrt([math.comb(n - 1, i) for i in range(n)])
    _, u = np.linalg.eigh(A * d / d[:, None])
    return A, np.arange(1.0 - n, n, 2.0), _condition(u, d)


def _toeplitz(
    n: int, d: float, c: float, e: float
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64]]:
    """c below, d on and e above the diagonal: λ_j = d + 2 sqrt(c e) cos(j π/(n+1)).

    Its eigenvectors are those of the symmetric one, sin(i j π/(n+1)), scaled by |c/e|^{i/2} and by phases.
    """
    j = np.arange(1, n + 1)
    values = d + 2.0 * np.emath.sqrt(c * e) * np.cos(j * np.pi / (n + 1))
    u = np.sin(np.outer(j, j) * np.pi / (n + 1)) * math.sqrt(2.0 / (n + 1))
    condition = _condition(u, abs(c / e) ** (j / 2.0))
    return d * np.eye(n) + c * np.eye(n, k=-1) + e * np.eye(n, k=1), values, condition


def _condition(u: NDArray[np.float64], d: NDArray[np.float64]) -> NDArray[np.float64]:
    """κ = ‖D u‖ ‖D⁻¹ u‖ for right eigenvectors D u and left ones D⁻¹ u, the u being orthonormal columns."""
    return np.linalg.norm(u * d[:, None], axis=0) * np.linalg.norm(u / d[:, None], axis=0)
