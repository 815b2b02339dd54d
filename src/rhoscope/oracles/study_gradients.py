"""The gradients of a study, computed by kernels in scaled arithmetic, against `rhoscope.bptt` sample by sample."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing, theory
from rhoscope.backprop import Gradients, bptt
from rhoscope.ensembles import ComplexGinibre, Given, HaarOrthogonal, RealGinibre
from rhoscope.ensembles.base import real_form
from rhoscope.kernels import streams
from rhoscope.oracles.base import EPSILON, Oracle, Oracles, Setting, exact, mean
from rhoscope.result import Result

Array = NDArray[np.float64]

# Both routes round, and neither bound below counts every constant.
_SAFETY = 4.0


@dataclass(frozen=True, eq=False)
class _System:
    """What a study drew for its samples: A (N, n, n), B (N, n, m), x (N, T, m), h_0 and y (N, n)."""

    A: Array
    B: Array
    x: Array
    h0: Array
    y: Array


def study_gradients(setting: Setting) -> Oracles:
    """∂L/∂h_t, ∂L/∂A and ∂L/∂B of every sample; the stationary state of the forward pass."""
    cases: list[tuple[str, dict[str, Any]]] = [
        ("n = 1, T = 50", {"size": 1, "horizon": 50}),
        ("n = 5, T = 150", {"size": 5, "horizon": 150, "inputs": 3}),
        ("n = 6, T = 1", {"size": 6, "horizon": 1}),
        ("n = 33, T = 200", {"size": 33, "horizon": 200, "inputs": 2}),
        ("complex 2x2, T = 64", {"ensemble": ComplexGinibre(), "size": 2, "horizon": 64, "inputs": 0}),
        # So long that earlier states are computed again from checkpoints.
        (
            "n = 24, T = 2700",
            {"ensemble": HaarOrthogonal(), "size": 24, "horizon": 2700, "gain": (0.95, 1.05)},
        ),
    ]
    for number, (label, fields) in enumerate(cases):
        result = setting.run(
            600 + number, samples=10, **{"ensemble": RealGinibre(), "gain": (0.6, 1.4)} | fields
        )
        yield from _held_to_reference(label, result)
    yield from _independent(setting)
    yield _stationary(setting)


def _held_to_reference(label: str, result: Result) -> Oracles:
    system = _drawn(result)
    reference = bptt(system.A, system.B, system.x, system.h0, system.y)
    T, lags = result.study.horizon, result.lags
    bounds = _bounds(system, reference)
    columns = {
        "log‖∂L/∂h_T‖": (result.log_error[:, None], reference.log_norm_dh[:, T:], bounds["dh"][:, T:]),
        "log‖∂L/∂h_t‖": (result.log_gradient, reference.log_norm_dh[:, T - lags], bounds["dh"][:, T - lags]),
        "log‖∂L/∂A‖": (result.log_gradient_A, reference.log_norm_dA, bounds["dA"]),
    }
    if result.study.inputs:
        columns["log‖∂L/∂B‖"] = result.log_gradient_B, reference.log_norm_dB, bounds["dB"]
    for name, (measured, expected, bound) in columns.items():
        tolerance = _SAFETY * (bound + EPSILON * np.abs(expected))
        yield exact(f"study, {label}: {name} vs bptt", expected, measured, tolerance)


def _drawn(result: Result) -> _System:
    """The systems of a study, drawn again from the streams of its samples."""
    study, N = result.study, result.study.samples
    n, m, T = study.ensemble.real_size(study.size), study.inputs, study.horizon
    A = study.ensemble.sample(study.size, N, seed=study.seed, gain=study.gain)

    def draw(stream: int, *shape: int, scale: float = drawing.vector_scale(n)) -> Array:
        if 0 in shape:
            return np.zeros((N, *shape))
        return drawing.draw_vectors(stream, shape, scale, 0, N, study.seed)

    return _System(
        A=real_form(A) if study.ensemble.complex_valued else A.real,
        B=draw(streams.INPUT_MAP, n, m),
        x=draw(streams.INPUTS, T, m, scale=1.0),
        h0=draw(streams.STATE, n),
        y=draw(streams.TARGET, n),
    )


def _bounds(system: _System, found: Gradients) -> dict[str, Array]:
    """Bounds of the rounding in each log norm, to first order.

    A step h ← A h + B x rounds by at most u = (n + m) ε times ‖A‖‖h‖ + ‖B‖‖x‖, and what was rounded j steps ago has
    been carried on by A^j: the error of h_t is Σ_j ‖A^j‖ u (‖A‖‖h_{t-1-j}‖ + ‖B‖‖x_{t-j}‖), and like it back in time.
    """
    N, T, m = system.x.shape
    n = system.A.shape[-1]
    u = (n + m) * EPSILON
    carried = _power_norms(system.A, T)
    A, B = (np.linalg.norm(part, axis=(1, 2))[:, None] for part in (system.A, system.B))
    h, d, x = (np.linalg.norm(part, axis=2) for part in (found.h, found.dh, system.x))
    back = d[:, ::-1]  # by lag
    error_h, error_d = np.zeros((N, T + 1)), np.empty((N, T + 1))
    for i in range(N):
        error_h[i, 1:] = np.convolve(carried[i, :T], u * (A[i] * h[i, :-1] + B[i] * x[i]))[:T]
        start = error_h[i, T] + EPSILON * (h[i, T] + np.linalg.norm(system.y[i]))
        error_d[i] = carried[i] * start
        error_d[i, 1:] += np.convolve(carried[i, :T], u * A[i] * back[i, :-1])[:T]
    error_d = error_d[:, ::-1]
    to_A = error_d[:, 1:] * h[:, :-1] + d[:, 1:] * error_h[:, :-1] + T * EPSILON * d[:, 1:] * h[:, :-1]
    to_B = (error_d[:, 1:] + T * EPSILON * d[:, 1:]) * x
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "dh": error_d / d,
            "dA": to_A.sum(axis=1) / np.linalg.norm(found.dA, axis=(1, 2)),
            "dB": to_B.sum(axis=1) / np.linalg.norm(found.dB, axis=(1, 2)),
        }


def _power_norms(A: Array, T: int) -> Array:
    """‖A^k‖_F for k = 0..T, (N, T + 1)."""
    power = np.broadcast_to(np.eye(A.shape[-1]), A.shape)
    norms = np.empty((len(A), T + 1))
    for k in range(T + 1):
        norms[:, k] = np.linalg.norm(power, axis=(1, 2))
        power = A @ power
    return norms


def _independent(setting: Setting) -> Oracles:
    """A study whose δ is drawn apart from A: the adjoint alone."""
    n, T = 7, 100
    result = setting.run(
        650,
        ensemble=RealGinibre(),
        size=n,
        horizon=T,
        samples=10,
        gain=(0.6, 1.4),
        inputs=0,
        delta="independent",
    )
    A = result.study.ensemble.sample(n, 10, seed=result.study.seed, gain=result.study.gain).real
    delta = drawing.draw_vectors(streams.DELTA, (n,), drawing.vector_scale(n), 0, 10, result.study.seed)
    still = _System(A, np.zeros((10, n, 0)), np.zeros((10, T, 0)), np.zeros((10, n)), -delta)
    reference = bptt(still.A, still.B, still.x, still.h0, still.y)
    bounds = _bounds(still, reference)
    place = T - result.lags
    tolerance = _SAFETY * (bounds["dh"][:, place] + EPSILON * np.abs(reference.log_norm_dh[:, place]))
    yield exact(
        f"study, n = {n}, δ drawn: log‖∂L/∂h_t‖ vs bptt",
        reference.log_norm_dh[:, place],
        result.log_gradient,
        tolerance,
    )


def _stationary(setting: Setting) -> Oracle:
    """h = λh + b·x with white x has E h² = ‖b‖²/(1 − λ²); a study adds y ~ N(0, 1), and ‖b‖² has mean m."""
    value, m, T = 0.9, 8, 200
    samples = setting.count(2.0)
    same = Given(np.full((samples, 1, 1), value))
    result = setting.run(651, ensemble=same, size=1, horizon=T, samples=samples, gain=1.0, inputs=m, lags=[1])
    # Averaged over b, m sources of variance 1 drive the state as one of variance m would.
    expected = float(theory.stationary_covariance([[value]], [[m**0.5]])[0, 0]) + 1.0
    squares = np.exp(2.0 * result.log_error)
    return mean(f"study, a = {value}, m = {m}: E (h_T - y)²", expected, squares, result=result)
