"""Systems, easy and hard, for the tests of gradient norms by binary powers."""

from functools import cache

import naive
import numpy as np
from numpy.typing import NDArray

from rhoscope.devices import growth_cpu

Array = NDArray[np.float64]


def ginibre(seed: int, count: int, n: int, gain: float = 1.0) -> tuple[Array, Array]:
    rng = np.random.default_rng([seed, n])
    return gain * rng.standard_normal((count, n, n)) / np.sqrt(n), rng.standard_normal((count, n))


def rotated(T: Array, seed: int) -> Array:
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal(T.shape))[0]
    return Q @ T @ Q.swapaxes(-1, -2)


def triangular(seed: int, count: int, n: int, strength: float) -> Array:
    """Eigenvalues uniform in -0.9..0.9 on the diagonal, N(0, strength^2 / n) above it."""
    rng = np.random.default_rng([seed, n])
    T = np.triu(rng.standard_normal((count, n, n)) * strength / np.sqrt(n), 1)
    return T + np.eye(n) * rng.uniform(-0.9, 0.9, (count, 1, n))


def ladder(A: Array, delta: Array, lags: list[int], parts: int = 1) -> Array:
    """What the ladder finds without help: NaN where it is not sure."""
    pairs = np.repeat(np.arange(len(A))[:, None], 2, axis=1)
    return growth_cpu.by_ladder(A, delta, pairs, np.array(lags), 1, parts)


@cache
def _true_log_norms(matrix: bytes, delta: bytes, lags: tuple[int, ...]) -> list[float]:
    """In hundreds of bits, once for all the ways that are held to them."""
    vector = np.frombuffer(delta)
    return naive.log_power_norms_far(np.frombuffer(matrix).reshape(vector.size, -1), vector, lags)


def true_log_norms(A: Array, delta: Array, lags: list[int]) -> Array:
    return np.array(
        [_true_log_norms(a.tobytes(), d.tobytes(), tuple(lags)) for a, d in zip(A, delta, strict=True)]
    )


def assert_trusted_is_right(A: Array, delta: Array, lags: list[int], parts: int) -> None:
    got = ladder(A, delta, lags, parts)
    known = ~np.isnan(got)
    truth = true_log_norms(A, delta, lags)
    zero = np.isinf(truth)
    assert np.all(got[known & zero] == -np.inf)
    compared = known & ~zero
    apart = np.abs(got[compared] - truth[compared])
    np.testing.assert_array_less(apart, 1e-8 + 4e-16 * np.abs(truth[compared]))


def pairs_of_eigenvalues(count: int, condition: float) -> Array:
    """Eigenvalues e^{i t} and e^{-i t}, t uniform, eigenvectors of that condition number or so."""
    t = np.random.default_rng(24).uniform(0, np.pi, count)
    turn = np.moveaxis(np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]), -1, 0)
    V = np.array([[1.0, 1.0], [0.0, 1.0 / condition]])
    return np.linalg.inv(V) @ turn @ V
