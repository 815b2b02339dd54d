"""The systems of `rhoscope.counterexamples`, each built anew by a function."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rhoscope import theory
from rhoscope.ensembles import HaarOrthogonal, RealGinibre
from rhoscope.falsification_system import FreshSystem, System
from rhoscope.outcome_table import INDETERMINATE, VANISHES

SEED = 539
"""Key of the generator, for the rotations and the fresh matrices."""


def negative() -> System:
    """The scalar a = −2."""
    return System(
        name="negative",
        title="a = −2",
        why="The condition is on |a|: read as a number below 1, a = −2 seems to vanish, and it explodes.",
        A=np.array([[-2.0]]),
        B=_no_inputs(1),
        delta=np.ones(1),
        horizon=100,
        exact_radius=2.0,
        reading=VANISHES,
    )


def transient() -> System:
    """A chain of 12 units with eigenvalues .9, .83, …, .13."""
    n = 12
    return System(
        name="transient",
        title="triangular, ρ = 0.9",
        why="A is triangular, with eigenvalues 0.9, 0.83 … 0.13 and entries of 2 above them: each unit passes its "
        "gradient on doubled, and a million is reached before the eigenvalues tell.",
        A=np.diag((90 - 7 * np.arange(n)) / 100) + 2.0 * np.eye(n, k=1),
        B=_no_inputs(n),
        delta=_unit(n),
        horizon=400,
        exact_radius=0.9,
    )


def jordan() -> System:
    """A Jordan block of size 4 at 1."""
    return System(
        name="jordan",
        title="Jordan block, λ = 1",
        why="ρ = 1 seems to keep the norm, but a Jordan block of size 4 grows like k³/6.",
        A=np.eye(4) + np.eye(4, k=1),
        B=_no_inputs(4),
        delta=_unit(4),
        horizon=1000,
        exact_radius=1.0,
        reading=INDETERMINATE,
    )


def jordan_complex() -> System:
    """Jordan blocks of size 3 at ±i, in real form."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    return System(
        name="jordan-complex",
        title="Jordan blocks, λ = ±i",
        why="The same for a complex pair on the unit circle: blocks of size 3 at ±i grow like k²/2.",
        A=np.kron(np.eye(3), turn) + np.kron(np.eye(3, k=1), np.eye(2)),
        B=_no_inputs(6),
        delta=_unit(6),
        horizon=1000,
        exact_radius=1.0,
        reading=INDETERMINATE,
    )


# The first two units explode at rate 1.5 and are driven by the last two, which decay at rates .5 and .25: a
# gradient on the last two stays there.
_UNSEEN = np.array(
    [[0.0, -1.5, 0.5, 1.0], [1.5, 0.0, -1.0, 0.5], [0.0, 0.0, 0.5, 0.25], [0.0, 0.0, 0.0, -0.25]]
)
_UNSEEN_DELTA = np.array([0.0, 0.0, 1.0, 1.0])


def orthogonal() -> System:
    """δ orthogonal to the right eigenvectors of the leading pair, by exact zeros."""
    return System(
        name="orthogonal",
        title="δ ⊥ leading modes, zeros",
        why="δ is orthogonal to the right eigenvectors of the leading pair ±1.5i, so the gradient never meets it "
        "and follows the next eigenvalue, 0.5; exact zeros in A and δ keep it so.",
        A=_UNSEEN.copy(),
        B=_no_inputs(4),
        delta=_UNSEEN_DELTA.copy(),
        horizon=200,
        exact_radius=1.5,
    )


def orthogonal_twin() -> System:
    """The same system in rotated coordinates."""
    T = 200
    rotation = np.real(HaarOrthogonal().sample(4, 1, seed=SEED)[0])
    powers = [theory.triangular2_power(0.5, -0.25, 0.25, lag).T @ _UNSEEN_DELTA[2:] for lag in range(T + 1)]
    exact = np.log(np.linalg.norm(powers, axis=1))
    return System(
        name="orthogonal-twin",
        title="δ ⊥ leading modes, rotated",
        why="The same system in rotated coordinates, where rounding puts 1e-16 of the leading modes into A and δ: "
        "within tens of steps it has grown past everything else.",
        A=rotation @ _UNSEEN @ rotation.T,
        B=_no_inputs(4),
        delta=rotation @ _UNSEEN_DELTA,
        horizon=T,
        exact_radius=1.5,
        exact=exact - exact[0],
    )


def complex_pair() -> System:
    """0.98 times a rotation by 0.15 along an ellipse with axes 32 : 1."""
    radius, angle, axes = 0.98, 0.15, 32.0
    cosine, sine = math.cos(angle), math.sin(angle)
    return System(
        name="complex-pair",
        title="complex leading pair",
        why="A turns along an ellipse with axes 32 : 1 while it shrinks, so growth and decay alternate for ever: "
        "the rate of one step tells nothing, and at short lags nor does the norm.",
        A=radius * np.array([[cosine, -axes * sine], [sine / axes, cosine]]),
        B=_no_inputs(2),
        delta=_unit(2),
        horizon=400,
        exact_radius=radius,
    )


def unreached() -> System:
    """B drives two stable units only; they hear the third, unstable one, which hears nobody."""
    return System(
        name="unreached",
        title="B misses the mode",
        why="∂L/∂h_t explodes at rate 1.2, but B does not reach that mode (the input never gets to the third "
        "unit): ∂L/∂x_t vanishes.",
        A=np.array([[0.6, 0.5, 1.0], [0.0, 0.3, 1.0], [0.0, 0.0, 1.2]]),
        B=np.array([[1.0], [1.0], [0.0]]),
        delta=np.ones(3),
        horizon=201,  # x_1 is one lag nearer than h_0
        exact_radius=1.2,
        gradient="x",
    )


def unseen() -> System:
    """The transfer function (z − 2) / ((z − 2)(z − ½)) in companion form."""
    return System(
        name="unseen",
        title="δ misses the mode",
        why="From x to the loss leads (z − 2)/((z − 2)(z − ½)): the pole at 2 is reached by B, but the zero of δ "
        "cancels it, and ∂L/∂x_t halves at each step.",
        A=np.array([[2.5, -1.0], [1.0, 0.0]]),
        B=np.array([[1.0], [0.0]]),
        delta=np.array([1.0, -2.0]),
        horizon=201,
        exact_radius=2.0,
        gradient="x",
    )


_SHIFT_SIZE, _SHIFT_WEIGHT = 64, 2.0


def nilpotent() -> System:
    """The shift of 64 units with weight 2."""
    n = _SHIFT_SIZE
    return System(
        name="nilpotent",
        title="nilpotent shift, weight 2",
        why="Every eigenvalue of the shift is 0, yet the gradient doubles 63 times before it is exactly 0.",
        A=_SHIFT_WEIGHT * np.eye(n, k=1),
        B=_no_inputs(n),
        delta=_unit(n),
        horizon=200,
        exact_radius=0.0,
    )


def nilpotent_twin() -> System:
    """The same shift in rotated coordinates."""
    n, T = _SHIFT_SIZE, 200
    rotation = np.real(HaarOrthogonal().sample(n, 1, seed=SEED)[0])
    return System(
        name="nilpotent-twin",
        title="nilpotent shift, rotated",
        why="The same shift in rotated coordinates: rounding its entries moves nearly all eigenvalues from 0 "
        "to a circle of radius 1.1, and from lag 64 the computed gradient is rounding alone. Only the bounds of "
        "ρ tell.",
        A=rotation @ (_SHIFT_WEIGHT * np.eye(n, k=1)) @ rotation.T,
        B=_no_inputs(n),
        delta=rotation[:, 0].copy(),
        horizon=T,
        exact_radius=0.0,
        exact=theory.log_norm_shift(_SHIFT_WEIGHT, n, range(T + 1)),
    )


def fresh() -> System:
    """A fresh 4×4 real Ginibre matrix of gain 1.05 at each step, 101 paths."""
    n, gain, T, paths = 4, 1.05, 600, 101
    matrices = np.real(RealGinibre().sample(n, paths * T, seed=SEED, gain=gain))
    return FreshSystem(
        name="fresh",
        title="fresh A at every step",
        why="With a fresh Ginibre matrix of gain 1.05 at each step the mean square gradient grows by 1.05² a step, "
        "carried by ever rarer paths, while the typical path vanishes (here the median of 101).",
        A=matrices.reshape(paths, T, n, n),
        B=_no_inputs(n),
        delta=_unit(n),
        horizon=T,
        exact_radius=gain,
        exact=theory.lyapunov_exponents_fresh(n, gain)[0] * np.arange(T + 1),
    )


SYSTEMS: tuple[Callable[[], System], ...] = (
    negative,
    transient,
    jordan,
    jordan_complex,
    orthogonal,
    orthogonal_twin,
    complex_pair,
    unreached,
    unseen,
    nilpotent,
    nilpotent_twin,
    fresh,
)


def _no_inputs(n: int) -> NDArray[np.float64]:
    return np.zeros((n, 0))


def _unit(n: int) -> NDArray[np.float64]:
    return np.eye(n)[0]
