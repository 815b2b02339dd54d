"""Backpropagation through time by three routes to one number, and what decides whether ∂L/∂x_t grows.

`rhoscope.bptt` is the readable reference that a study's columns are held to; here it is held to the mathematics.
"""

import numpy as np
from numpy.typing import NDArray

from rhoscope.backprop import Gradients, bptt
from rhoscope.ensembles import RealGinibre
from rhoscope.oracles.base import EPSILON, Oracles, Setting, exact

Array = NDArray[np.float64]
_SAFETY = 4.0


def backpropagation(setting: Setting) -> Oracles:
    """Adjoint, forward sensitivities and closed forms, scalar and matrix; reachability."""
    rng = np.random.default_rng(setting.seed)
    yield from _scalar(rng)
    yield from _matrix(setting, rng)
    yield from _reachability()


def _scalar(rng: np.random.Generator) -> Oracles:
    """∂L/∂a and ∂L/∂b of the scalar system: sums over t against sensitivities s_t, r_t carried forward."""
    T = 40
    a, b, h0, y = -0.95, 0.7, 0.3, -0.2
    x = rng.standard_normal(T)
    gradients = bptt(a, b, x, h0, y)
    bounds = bptt(abs(a), abs(b), np.abs(x), abs(h0), -abs(y))
    h = np.empty(T + 1)
    h[0], s, r = h0, 0.0, 0.0
    for t in range(1, T + 1):
        s, r = h[t - 1] + a * s, x[t - 1] + a * r
        h[t] = a * h[t - 1] + b * x[t - 1]
    error = h[T] - y
    powers = a ** np.arange(T - 1, -1, -1.0)
    routes = {
        "by forward sensitivity": (error * s, error * r),
        "in closed form": (error * powers @ h[:-1], error * powers @ x),
    }
    rounding = _SAFETY * T * EPSILON
    for route, (to_a, to_b) in routes.items():
        yield exact(f"scalar: ∂L/∂a, {route}", to_a, gradients.dA, rounding * bounds.dA)
        yield exact(f"scalar: ∂L/∂b, {route}", to_b, gradients.dB, rounding * bounds.dB)
    explodes = bptt(-2.0, 1.0, np.zeros(T), 1.0, 0.0)
    alternating = 2.0**T * (-2.0) ** np.arange(T, -1, -1.0)
    yield exact("scalar, a = -2: ∂L/∂h_t alternates and explodes", alternating, explodes.dh)
    long = bptt(-2.0, 1.0, np.zeros(2000), 1.0, 0.0)
    logs = np.log(2.0) * np.arange(4000, 1999, -1.0)
    yield exact("scalar, a = -2, T = 2000: log|∂L/∂h_t|", logs, long.log_norm_dh, 4 * EPSILON * logs)


def _matrix(setting: Setting, rng: np.random.Generator) -> Oracles:
    """The same of a matrix system, and the loss along a line against its exact parabola."""
    n, m, T = 4, 2, 8
    A = RealGinibre().sample(n, 1, seed=setting.key(500))[0].real
    B, x = rng.standard_normal((n, m)), rng.standard_normal((T, m))
    h0, y = rng.standard_normal((2, n))
    found = bptt(A, B, x, h0, y)
    bounds = bptt(np.abs(A), np.abs(B), np.abs(x), np.abs(h0), -np.abs(y))
    rounding = _SAFETY * (n + m) * T * EPSILON
    for name, (closed, forward) in _other_routes(A, B, x, h0, y).items():
        measured, allowed = getattr(found, name), rounding * getattr(bounds, name)
        if forward is not None:
            yield exact(f"matrix: {_SYMBOLS[name]}, by forward sensitivity", forward, measured, allowed)
        yield exact(f"matrix: {_SYMBOLS[name]}, in closed form", closed, measured, allowed)


_SYMBOLS = {"dA": "∂L/∂A", "dB": "∂L/∂B", "dh0": "∂L/∂h_0", "dx": "∂L/∂x_t"}


def _other_routes(A: Array, B: Array, x: Array, h0: Array, y: Array) -> dict[str, tuple[Array, Array | None]]:
    """Each gradient as explicit sums of powers of A, and by sensitivities carried forward in time."""
    T, (n, m) = len(x), B.shape
    times = range(1, T + 1)
    powers = [np.linalg.matrix_power(A, k) for k in range(T + 1)]
    h = [powers[t] @ h0 + sum(powers[t - s] @ B @ x[s - 1] for s in range(1, t + 1)) for t in range(T + 1)]
    error = h[T] - y
    delta = [powers[T - t].T @ error for t in range(T + 1)]
    to_A, to_B, to_h0 = np.zeros((n, n, n)), np.zeros((n, n, m)), np.eye(n)
    own = np.eye(n)[:, :, None]
    for t in times:
        # ∂h_t[i]/∂A[p, q] = Σ_j A[i, j] ∂h_{t-1}[j]/∂A[p, q] + (i = p) h_{t-1}[q], and like it for B.
        to_A = np.tensordot(A, to_A, 1) + own * h[t - 1]
        to_B = np.tensordot(A, to_B, 1) + own * x[t - 1]
        to_h0 = A @ to_h0
    return {
        "dA": (np.sum([np.outer(delta[t], h[t - 1]) for t in times], axis=0), np.tensordot(error, to_A, 1)),
        "dB": (np.sum([np.outer(delta[t], x[t - 1]) for t in times], axis=0), np.tensordot(error, to_B, 1)),
        "dh0": (delta[0], error @ to_h0),
        "dx": (np.array([B.T @ delta[t] for t in times]), None),
    }


def _reachability() -> Oracles:
    """Poles 1.5 and 0.5: ∂L/∂x_t explodes where the mode of 1.5 is both reached from B and seen by δ_T.

    A zero at 1.5 cancels the pole in C (zI − A)⁻¹ B, once by hiding the mode from δ_T = Cᵀ and once from B. All
    numbers are short in binary, so nothing is rounded.
    """
    T = 20
    A = np.array([[2.0, -0.75], [1.0, 0.0]])  # right eigenvectors (1.5, 1) and (0.5, 1)
    reached, hides = np.array([1.0, 0.0]), np.array([1.0, -1.5])
    k = np.arange(T - 1, -1, -1.0)
    cases = {
        "reached, not seen": (A, reached, hides, 0.5**k),
        "seen, not reached": (A.T, hides, reached, 0.5**k),
        "reached and seen": (A, reached, reached, 1.5 ** (k + 1) - 0.5 ** (k + 1)),
    }
    for name, (system, b, c, expected) in cases.items():
        found: Gradients = bptt(system, b[:, None], np.zeros((T, 1)), np.zeros(2), -c)
        yield exact(f"mode of 1.5 {name}: ∂L/∂x_t", expected, found.dx[:, 0])
    grown = bptt(A.T, hides[:, None], np.zeros((T, 1)), np.zeros(2), -reached)
    # δ_{T-k} = A^k (1, 0) for the second case: the state's gradient explodes though the input's vanishes.
    expected = np.log(np.hypot(1.5 ** (k + 2) - 0.5 ** (k + 2), 1.5 ** (k + 1) - 0.5 ** (k + 1)))
    rounding = 10 * EPSILON * (1.0 + expected)
    yield exact("mode of 1.5 seen, not reached: log‖∂L/∂h_t‖", expected, grown.log_norm_dh[:-1], rounding)
