"""Backpropagation in strides of several steps: against exact arithmetic and single steps; what it declines."""

from typing import Any

import flint  # pyright: ignore[reportMissingImports]  # it has no type hints
import numpy as np
import pytest
from numpy.typing import NDArray
from test_recurrence import KEY, WIDTH, both, bptt, exact_ginibre, ginibre, group, group_matrices

import rhoscope as rs
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu, cpu_columns
from rhoscope.kernels.double import MOST_ERROR
from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import segment_length, stride_doublings, stride_plan
from rhoscope.kernels.strides import usual_error

Array = NDArray[np.float64]
MOST = MOST_ERROR * 2.0**-52


def by_strides(
    A: Array,
    B: Array,
    h0: Array,
    y: Array,
    horizon: int,
    lags: Any,
    columns: bool,
    doublings: int,
    *,
    segment: int | None = None,
) -> Array:
    """Results (8, K + 3) of samples 3..10, as `bptt` of test_recurrence has them by single steps."""
    n, m = B.shape[1:]
    lags = np.asarray(lags, dtype=np.int64)
    kept, cells = stride_plan(n, m, horizon, columns, doublings, lags.size + 3)
    out = lanes(lags.size + 3)
    kit, count = (cpu_columns, WIDTH) if columns else (cpu, 1)
    kit.bptt_by_strides(
        lanes(cells), group_matrices(A), 0, group(B), group(h0), group(y), np.arange(3, 3 + WIDTH), n, leading(n), m,
        doublings, (horizon, segment or kept, BLOCK), segment_length(n, m, horizon, columns), *KEY, lags, out, 0, count,
    )  # fmt: skip
    return out.reshape(-1, WIDTH).T.copy()


def bound(A: Array, doublings: int) -> float:
    """The bound of the relative error of A^(2^doublings) that the kernels keep, in NumPy."""
    n, value = len(A), 0.0
    for _ in range(doublings):
        square = A @ A
        value = (2 * value + n * 2.0**-52) * np.linalg.norm(A) ** 2 / np.linalg.norm(square)
        A = square / np.linalg.norm(square)
    return float(value)


@both
@pytest.mark.parametrize(
    ("n", "m", "horizon", "doublings"),
    [(8, 1, 8, 3), (9, 3, 22, 2), (8, 2, 19, 4), (13, 1, 11, 1), (17, 1, 9, 2)],
)
def test_gradients_against_exact_arithmetic(
    n: int, m: int, horizon: int, doublings: int, columns: bool
) -> None:
    A, B, h0, y = ginibre(n, n, m)
    lags = tuple(range(horizon + 1))
    got = by_strides(A, B, h0, y, horizon, lags, columns, doublings)
    for s in (0, 7):
        expected = exact_ginibre(n, m, horizon, lags, s)
        np.testing.assert_allclose(got[s], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("doublings", [1, 2, 3, 4])
@pytest.mark.parametrize("m", [0, 1, 3])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 12, 16, 17, 24, 33, 64])
def test_single_steps_give_the_same_numbers(n: int, m: int, doublings: int) -> None:
    columns = n >= 17
    A, B, h0, y = ginibre(n + m, n, m, gain=1.3)
    horizon = 333
    lags = [0, 1, 2, 3, 15, 16, 17, 24, 31, 100, 101, 320, 332, 333]
    got = by_strides(A, B, h0, y, horizon, lags, columns, doublings)
    steps = bptt(A, B, h0, y, horizon, lags, columns)
    # Single steps, too, drift from the truth by some roundings of ρ a step.
    np.testing.assert_allclose(got, steps, rtol=1e-13, atol=2e-12)
    # Computed another way, or the powers were declined, which these are not for.
    assert n == 1 or not np.array_equal(got, steps)


@both
@pytest.mark.parametrize("gain", [0.3, 3.0])
def test_checkpoints_leave_no_trace(gain: float, columns: bool) -> None:
    A, B, h0, y = ginibre(3, 10, 2, gain)
    horizon, lags = 1500, [0, 7, 64, 65, 1500]
    stored = by_strides(A, B, h0, y, horizon, lags, columns, 3, segment=192)
    for segment in (32, 64):
        again = by_strides(A, B, h0, y, horizon, lags, columns, 3, segment=segment)
        np.testing.assert_array_equal(again, stored)


def transient(n: int) -> Array:
    """Upper triangular with a transient of many orders of magnitude, hidden by a rotation."""
    rng = np.random.default_rng(2)
    frame = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return (
        frame @ (np.diag(rng.uniform(-0.9, 0.9, n)) + np.triu(3.0 * rng.standard_normal((n, n)), 1)) @ frame.T
    )


@both
def test_where_powers_will_not_do_single_steps_are_taken(columns: bool) -> None:
    n, horizon, lags, doublings = 12, 300, [0, 5, 100, 300], 4
    A, B, h0, y = ginibre(5, n, 1)
    A[0] = transient(n)
    A[1] = 0.0
    A[2] = np.triu(A[2], 1)  # nilpotent
    A[3] *= 1e-30
    A[4] *= 1e30
    A[5] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        declined = [not bound(a, doublings) <= MOST for a in A]
    assert declined == [True, True, True, False, False, True, False, False]
    steps = bptt(A, B, h0, y, horizon, lags, columns)
    got = by_strides(A, B, h0, y, horizon, lags, columns, doublings)
    declined[4] = True  # B multiplied by a power of A is out of range
    np.testing.assert_array_equal(got[declined], steps[declined])
    assert (got[6:] != steps[6:]).any(axis=1).all()
    np.testing.assert_allclose(got, steps, rtol=1e-13, atol=2e-12)


@both
def test_a_lane_does_not_see_its_neighbours(columns: bool) -> None:
    n, horizon, lags = 9, 150, [0, 3, 40, 150]
    A, B, h0, y = ginibre(4, n, 2)
    results = by_strides(A, B, h0, y, horizon, lags, columns, 3)
    for bad in (np.nan, np.inf, 0.0, 1e300, 1e-300):
        A2, h2 = A.copy(), h0.copy()
        A2[[0, 2, 7]] = bad
        h2[6] = bad
        same = [1, 3, 4, 5]
        got = by_strides(A2, B, h2, y, horizon, lags, columns, 3)
        np.testing.assert_array_equal(got[same], results[same])


@both
def test_a_gradient_that_escapes_the_leading_modes_still_does(columns: bool) -> None:
    """A = diag(1.25, X), ρ(X) = .5: what starts in the second block never meets the first through exact zeros."""
    n, horizon, lags = 9, 400, [0, 64, 256, 400]
    A, B, h0, y = ginibre(11, n, 1)
    A[:, 0, :] = A[:, :, 0] = 0.0
    A *= (0.5 / np.abs(np.linalg.eigvals(A)).max(axis=1))[:, None, None]
    A[:, 0, 0] = 1.25
    B[:, 0] = h0[:, 0] = y[:, 0] = 0.0
    got = by_strides(A, B, h0, y, horizon, lags, columns, 4)
    np.testing.assert_allclose(got, bptt(A, B, h0, y, horizon, lags, columns), rtol=1e-13, atol=2e-12)
    assert ((got[:, 2] - got[:, 1]) / 192 < np.log(0.6)).all()


@both
def test_no_number_is_lost_between_sums_of_unlike_size(columns: bool) -> None:
    """States fall to the size of B, 2^-990, and with them the sum for A below that of the inputs."""
    n, horizon, lags = 8, 4000, [0, 4000]
    A, B, h0, y = ginibre(12, n, 1)
    A *= (0.7 / np.abs(np.linalg.eigvals(A)).max(axis=1))[:, None, None]
    B *= 2.0**-990
    h0 *= 2.0**-980
    got = by_strides(A, B, h0, y, horizon, lags, columns, 4)
    np.testing.assert_allclose(got, bptt(A, B, h0, y, horizon, lags, columns), rtol=1e-13, atol=2e-12)
    assert (got[:, -2] < -600).all()


def test_error_near_the_tolerance() -> None:
    """The hardest matrices that are not declined: what strides do to a far gradient, in 400 bits.

    Of 96 such matrices the worst had an error of 1.3e-10, an eighth of what is tolerated.
    """
    ensemble, n, lag = rs.ensembles.Triangular(strength=1.9), 32, 2048
    A = ensemble.sample(n, 64, seed=7)
    A = np.array([a for a in A if 0.3 * MOST < bound(a, 4) <= 0.9 * MOST][:WIDTH])
    assert len(A) == WIDTH
    h0 = np.random.default_rng(0).standard_normal((WIDTH, n))
    B, y = np.zeros((WIDTH, n, 0)), np.zeros((WIDTH, n))
    got = by_strides(A, B, h0, y, lag, [0, lag], True, 4)
    flint.ctx.prec = 400
    for s in range(WIDTH):
        power = flint.arb_mat(A[s].tolist())
        for _ in range(11):
            power = power * power
        last = power * flint.arb_mat([[x] for x in h0[s].tolist()])
        vectors = last, power.transpose() * last
        squares = [sum((x * x for x in v.entries()), flint.arb(0)) for v in vectors]
        assert all(square.rel_accuracy_bits() > 60 for square in squares)
        np.testing.assert_allclose(
            got[s, :2], [float(square.log() / 2) for square in squares], rtol=0, atol=MOST / 4
        )


def test_how_long_a_stride_is() -> None:
    """Decided by size, inputs and horizon; never so long that Ginibre matrices would be declined."""
    assert stride_doublings(32, 1, 1000) == 4
    assert stride_doublings(32, 1, 100) == 0
    assert stride_doublings(1024, 1, 1000) == 0
    for n in (2, 16, 32, 64, 72, 96, 128, 256):
        p = stride_doublings(n, 1, 10**6)
        assert p >= 2
        assert usual_error(n, p) <= MOST_ERROR / 2
        for a in rs.ensembles.RealGinibre().sample(n, 20, seed=1):
            assert bound(a, p) <= MOST


def test_memory_of_long_horizons() -> None:
    for n in (2, 16, 17, 32, 128):
        p = stride_doublings(n, 1, 10**5)
        assert stride_plan(n, 1, 10**5, n >= 17, p, 40)[1] * 64 < 16e6
