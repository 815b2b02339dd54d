"""Recurrences in scaled arithmetic: against exact arithmetic, against plain float64, and their promise of bits."""

import ctypes
import ctypes.util
from collections.abc import Callable
from functools import cache
from typing import Any

import naive
import numpy as np
import pytest
from numpy.typing import NDArray

import rhoscope as rs
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu, cpu_columns, double, single
from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import bptt_cells, norm_times, segment_length, step_norms_cells
from rhoscope.kernels.streams import INPUTS

WIDTH = 8
KEY = (539, 7)
Array = NDArray[np.float64]

both = pytest.mark.parametrize("columns", [False, True], ids=["interleaved", "columns"])


def group(values: Array) -> Array:
    """Eight arrays of equal shape as one interleaved, aligned group."""
    out = lanes(values[0].size)
    out[: values.size] = values.reshape(WIDTH, -1).T.ravel()
    return out


def group_matrices(A: Array) -> Array:
    n = A.shape[-1]
    padded = np.full((WIDTH, n, leading(n)), np.nan)
    padded[:, :, :n] = A
    return group(padded)


def step_norms(
    A: Array, delta: Array, lags: Any, columns: bool, times: tuple[int, int] | None = None
) -> tuple[Array, Array, Array]:
    """Log norms (8, K) of a group, and the last vector of its last sample as mantissas and exponent."""
    n = A.shape[-1]
    ld, lags = leading(n), np.asarray(lags, dtype=np.int64)
    times = times or norm_times(n, double)
    work, out = lanes(2 * step_norms_cells(n, columns, times[0])), lanes(lags.size)
    a, d = group_matrices(A), group(delta)
    if columns:
        steps = (0, 1, ld * WIDTH, WIDTH), (0, 1, WIDTH)
        for first in (0, WIDTH - 1):  # once more alone, where it is known where its vector lies
            cpu_columns.step_norms(work, a, steps[0], d, steps[1], n, lags, times, out, first, WIDTH)
        cells = -(-n // WIDTH)
        vector = work[n * cells * WIDTH :][: (cells + 1) * WIDTH]
        mantissas, exponent = vector[:n], vector[cells * WIDTH]
    else:
        cpu.step_norms(work, a, 0, d, n, ld, lags, times, out, 0, 1)
        vector = work[n * ld * WIDTH :][: (n + 1) * WIDTH].reshape(n + 1, WIDTH)[:, -1]
        mantissas, exponent = vector[:n], vector[n]
    return out.reshape(-1, WIDTH).T.copy(), mantissas.copy(), exponent


def bptt(
    A: Array,
    B: Array,
    h0: Array,
    y: Array,
    horizon: int,
    lags: Any,
    columns: bool,
    *,
    segment: int | None = None,
    block: int = BLOCK,
    first: int = 3,
) -> Array:
    """Results (8, K + 3) of samples first..first+7."""
    n, m = B.shape[1:]
    ld, lags = leading(n), np.asarray(lags, dtype=np.int64)
    segment = segment or segment_length(n, m, horizon, columns, block)
    work = lanes(bptt_cells(n, m, horizon, segment, columns, block))
    out = lanes(lags.size + 3)
    kit, count = (cpu_columns, WIDTH) if columns else (cpu, 1)
    samples = np.arange(first, first + WIDTH)
    kit.bptt(
        work, group_matrices(A), 0, group(B), group(h0), group(y), samples, n, ld, m,
        horizon, segment, block, *KEY, lags, out, 0, count,
    )  # fmt: skip
    return out.reshape(-1, WIDTH).T.copy()


def inputs(horizon: int, m: int, first: int = 3) -> Array:
    """x of samples first..first+7 as (8, T, m)."""
    out = lanes(horizon * m)
    samples = np.arange(first, first + WIDTH)
    cpu.draw_vectors(out, horizon * m, horizon * m, 1.0, *KEY, INPUTS, samples)
    return out.reshape(horizon, m, WIDTH).transpose(2, 0, 1)


def ginibre(seed: int, n: int, m: int = 1, gain: float = 1.0) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    A = gain * rng.standard_normal((WIDTH, n, n)) / np.sqrt(n)
    B, h0, y = (rng.standard_normal((WIDTH, n, *k)) / np.sqrt(n) for k in ((m,), (), ()))
    return A, B, h0, y


def libm_fma() -> Callable[[float, float, float], float]:
    fma = ctypes.CDLL(ctypes.util.find_library("m")).fma
    fma.restype, fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3
    return fma


def plain_product(A: Array, x: Array, columns: bool) -> Array:
    """A^T x in the documented order: ascending rows, for `columns` in partial sums over congruent rows."""
    n, fma = len(x), libm_fma()
    y = np.zeros(n)
    cells = -(-n // WIDTH) if columns else 0
    rest = cells % 8
    parts_of = [1] * (cells - rest) + [4 if rest == 1 else 2] * rest
    for j in range(n):
        parts = parts_of[j // WIDTH] if columns else 1
        sums = [0.0] * parts
        for i in range(n):
            p = i % parts if i < n - n % parts else 0
            sums[p] = fma(A[i, j], x[i], sums[p])
        while len(sums) > 1:
            half = len(sums) // 2
            sums = [sums[k] + sums[k + half] for k in range(half)]
        y[j] = sums[0]
    return y


@both
@pytest.mark.parametrize("n", [1, 3, 7, 12, 21, 33, 50, 70, 103])
def test_equals_plain_float64_bit_for_bit(n: int, columns: bool) -> None:
    A, _, delta, _ = ginibre(n, n, gain=1.3)
    steps = 37
    _, mantissas, exponent = step_norms(A, delta, [steps], columns, (9, 9))
    plain = delta[-1]
    for _ in range(steps):
        plain = plain_product(A[-1], plain, columns)
    assert exponent != 0
    np.testing.assert_array_equal(np.ldexp(mantissas, int(exponent)), plain)


@both
@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
def test_rescaling_is_invisible(columns: bool, gain: float) -> None:
    A, _, h0, _ = ginibre(5, 11, m=2, gain=gain)
    lags = [0, 1, 2, 31, 32, 33, 100]
    usual = step_norms(A, h0, lags, columns)[0]
    for times in ((1, 1), (7, 7), (1000, 1000), (100, 3)):
        np.testing.assert_array_equal(step_norms(A, h0, lags, columns, times)[0], usual)
    assert len(np.unique(usual)) == usual.size


@both
@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 17, 26])
def test_norms_against_exact_arithmetic(n: int, columns: bool) -> None:
    A, _, delta, _ = ginibre(n, n)
    lags = [0, 1, 2, 3, 15, 16, 17]
    got = step_norms(A, delta, lags, columns)[0]
    for s in (0, 6):
        np.testing.assert_allclose(
            got[s], naive.log_power_norms(A[s], delta[s], lags), rtol=0, atol=1e-13 * n
        )


@both
@pytest.mark.parametrize("size", [1e300, 1e150, 1e-150, 1e-300, 1e-310])
def test_entries_near_the_ends_of_the_range(size: float, columns: bool) -> None:
    A, _, delta, _ = ginibre(2, 5)
    A, delta = A * size, delta * size
    lags = [0, 1, 2, 33, 70]
    got = step_norms(A, delta, lags, columns)[0]
    np.testing.assert_allclose(got[3], naive.log_power_norms(A[3], delta[3], lags), rtol=1e-14)


@both
def test_modes_of_very_different_rate(columns: bool) -> None:
    """A vector in the slow mode alone falls by 2^-400 a step; redone blocks must follow it."""
    A = np.tile(np.diag([1.0, 2.0**-400, 0.5]), (WIDTH, 1, 1))
    delta = np.tile([0.0, 3.0, 0.0], (WIDTH, 1))
    lags = [1, 2, 50, 100]
    got = step_norms(A, delta, lags, columns)[0]
    expected = np.log(3.0) - 400 * np.log(2.0) * np.array(lags)
    np.testing.assert_allclose(got, np.tile(expected, (WIDTH, 1)), rtol=1e-15)


@pytest.mark.parametrize("precision", [double, single], ids=["float64", "float32"])
@pytest.mark.parametrize("n", [9, 33])
def test_a_fall_below_the_range_and_a_rise_within_one_block(n: int, precision: Any) -> None:
    """Digits are lost where numbers become subnormal, which the vector at the end of the block does not tell."""
    steps = precision.NORM_BLOCK
    low = precision.TINY * 2.0 ** (8 - precision.FRACTION)
    A = np.random.default_rng(n).uniform(1.0, 2.0, (n, n))
    A[:4] = A[:, :4] = 0.0
    for i in range(4):
        A[i, i + 1] = low**0.25
    real = np.float64 if precision is double else np.float32
    A = A.astype(real).astype(float)
    delta, lags = np.eye(n)[0], [4, steps // 2, steps]
    got = rs.gradient_norms(A, delta, lags, method="step", dtype=np.dtype(real).name)
    assert np.isfinite(got).all()
    expected = naive.log_power_norms(A, delta, lags)
    np.testing.assert_allclose(got, expected, rtol=2 * double.EPS, atol=20 * n * precision.EPS)


@both
@pytest.mark.parametrize("radius", [1e-300, 0.999, 1.0, 1e250])
def test_a_million_steps(radius: float, columns: bool) -> None:
    rotation = np.array([[0.6, 0.8], [-0.8, 0.6]])
    A = np.tile(rotation * radius, (WIDTH, 1, 1))
    lags = [10**6]
    got = step_norms(A, np.ones((WIDTH, 2)), lags, columns)[0]
    # A is a rotation but for rounding of its entries: 1e-16 a step.
    np.testing.assert_allclose(got, 1e6 * np.log(radius) + 0.5 * np.log(2.0), rtol=1e-14, atol=2.5e-10)


@both
def test_exact_zero_is_minus_infinity_and_nothing_else_is(columns: bool) -> None:
    n = 9
    A, _, delta, _ = ginibre(1, n)
    A[2] = np.triu(A[2], 1)  # nilpotent: the 9th power vanishes, the 8th does not
    A[3] = 0
    delta[4] = 0
    lags = [0, 1, n - 1, n, 50]
    got = step_norms(A, delta, lags, columns)[0]
    expected = np.zeros(got.shape, dtype=bool)
    expected[2, 3:] = expected[3, 1:] = expected[4] = True
    np.testing.assert_array_equal(got == -np.inf, expected)
    assert not np.isnan(got).any()


@both
def test_a_matrix_of_zeros_takes_no_exponent_from_a_vector(columns: bool) -> None:
    """Such a vector would leave the range within two steps, and every block with it be done again."""
    _, _, delta, _ = ginibre(4, 3)
    _, mantissas, exponent = step_norms(np.zeros((WIDTH, 3, 3)), delta, [1], columns)
    assert not mantissas.any()
    assert exponent == np.floor(np.log2(np.abs(delta[-1]).sum()))


@both
def test_a_lane_does_not_see_its_neighbours(columns: bool) -> None:
    n, lags = 6, [0, 1, 40, 41]
    A, B, h0, y = ginibre(4, n)
    norms = step_norms(A, h0, lags, columns)[0]
    results = bptt(A, B, h0, y, 40, lags[:3], columns)
    order = np.array([5, 2, 0, 7, 1, 6, 3, 4])
    np.testing.assert_array_equal(step_norms(A[order], h0[order], lags, columns)[0], norms[order])
    for bad in (np.nan, np.inf, 1e300, 1e-300):
        A2, h2 = A.copy(), h0.copy()
        A2[[0, 2, 7]] = bad
        h2[6] = bad
        same = [1, 3, 4, 5]
        np.testing.assert_array_equal(step_norms(A2, h2, lags, columns)[0][same], norms[same])
        np.testing.assert_array_equal(bptt(A2, B, h2, y, 40, lags[:3], columns)[same], results[same])


def test_plain_arrays_give_the_bits_of_groups() -> None:
    n, members, lags = 7, 11, np.array([0, 5, 60])
    rng = np.random.default_rng(8)
    A, delta = rng.standard_normal((members, n, n)), rng.standard_normal((members, n))
    ld, times = leading(n), norm_times(n, double)
    work = lanes(2 * step_norms_cells(n, False, times[0]))
    out = lanes(2 * lags.size)
    cpu.step_norms_batch(
        work, lanes(2 * n * ld), lanes(2 * n), A.ravel(), delta.ravel(), n, ld, lags, times, out, 0, 2
    )
    got = out.reshape(2, -1, WIDTH).transpose(0, 2, 1).reshape(16, -1)[:members]
    np.testing.assert_array_equal(got[3:], step_norms(A[3:], delta[3:], lags, False)[0])
    work, out = lanes(2 * step_norms_cells(n, True, times[0])), lanes(2 * lags.size)
    steps = (WIDTH * n * n, n * n, n, 1), (WIDTH * n, n, 1)
    cpu_columns.step_norms(
        work, A.ravel(), steps[0], delta.ravel(), steps[1], n, lags, times, out, 0, members
    )
    got = out.reshape(2, -1, WIDTH).transpose(0, 2, 1).reshape(16, -1)[:members]
    np.testing.assert_array_equal(got[3:], step_norms(A[3:], delta[3:], lags, True)[0])


@cache
def exact_ginibre(n: int, m: int, horizon: int, lags: tuple[int, ...], s: int) -> list[float]:
    """`exact_results` of one sample of ginibre(n, n, m); the layouts share them."""
    A, B, h0, y = (values[s] for values in ginibre(n, n, m))
    return exact_results(A, B, inputs(horizon, m)[s], h0, y, list(lags))


def exact_results(A: Array, B: Array, x: Array, h0: Array, y: Array, lags: list[int]) -> list[float]:
    """What `bptt` reports, from exact gradients."""
    truth = naive.bptt(A, B, x, h0, y)
    horizon = len(x)
    norms = [naive.log_norm(truth["dh"][horizon - k]) for k in [*lags, 0]]
    return [*norms, naive.log_norm(truth["dA"]), naive.log_norm(truth["dB"])]


@both
@pytest.mark.parametrize(("n", "m", "horizon"), [(1, 1, 9), (3, 2, 12), (5, 1, 35), (9, 3, 6), (10, 9, 5)])
def test_gradients_against_exact_arithmetic(n: int, m: int, horizon: int, columns: bool) -> None:
    A, B, h0, y = ginibre(n, n, m)
    lags = tuple(sorted({0, 1, horizon // 2, horizon}))
    got = bptt(A, B, h0, y, horizon, lags, columns)
    for s in (0, 7):
        expected = exact_ginibre(n, m, horizon, lags, s)
        np.testing.assert_allclose(got[s], expected, rtol=0, atol=1e-12)


@both
@pytest.mark.parametrize("size", [1e-250, 1e-30, 1e30, 1e200])
def test_gradients_of_extreme_matrices(size: float, columns: bool) -> None:
    """States then run ahead of their inputs, or follow them alone, by hundreds of orders a step."""
    A, B, h0, y = ginibre(6, 3, 2)
    A *= size
    horizon, lags = 6, [0, 3, 6]
    got = bptt(A, B, h0, y, horizon, lags, columns)
    x = inputs(horizon, 2)
    expected = exact_results(A[2], B[2], x[2], h0[2], y[2], lags)
    np.testing.assert_allclose(got[2], expected, rtol=1e-13)


@both
@pytest.mark.parametrize("size", [0.0, 1e-320, 1e-308, 1e-280])
def test_gradients_by_tiny_matrices_have_all_digits(size: float, columns: bool) -> None:
    """Scaled by the exponent of such a matrix, a state would be subnormal."""
    A, B, h0, y = ginibre(6, 9, 2)
    A *= size
    horizon = 3
    got = bptt(A, B, h0, y, horizon, [], columns)
    expected = [exact_results(A[s], B[s], inputs(horizon, 2)[s], h0[s], y[s], [])[1:] for s in range(WIDTH)]
    np.testing.assert_allclose(got[:, 1:], expected, rtol=0, atol=16 * double.EPS)


@both
@pytest.mark.parametrize("a", [2.0, -2.0, 0.25])
def test_scalar_closed_form_far_past_the_range(a: float, columns: bool) -> None:
    """Without inputs and target dL/da = T a^(2T - 1) h_0^2 and delta_{T-k} = a^(T+k) h_0."""
    horizon, lags = 3000, [0, 1, 999, 3000]
    A, h0 = np.full((WIDTH, 1, 1), a), np.full((WIDTH, 1), 3.0)
    got = bptt(A, np.zeros((WIDTH, 1, 0)), h0, np.zeros((WIDTH, 1)), horizon, lags, columns)
    rate = np.log(abs(a))
    expected = [(horizon + k) * rate + np.log(3.0) for k in [*lags, 0]]
    expected += [np.log(horizon) + (2 * horizon - 1) * rate + 2 * np.log(3.0), -np.inf]
    np.testing.assert_allclose(got, np.tile(expected, (WIDTH, 1)), rtol=1e-14)


@both
@pytest.mark.parametrize("gain", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("m", [0, 1, 3])
def test_checkpoints_and_blocks_leave_no_trace(gain: float, m: int, columns: bool) -> None:
    A, B, h0, y = ginibre(3, 10, m, gain)
    horizon, lags = 200, [0, 7, 64, 65, 200]
    stored = bptt(A, B, h0, y, horizon, lags, columns, segment=224)
    for segment in (32, 64):
        again = bptt(A, B, h0, y, horizon, lags, columns, segment=segment)
        np.testing.assert_array_equal(again, stored)
    # Another block groups the sums over time differently; the vectors stay the same bits.
    other = bptt(A, B, h0, y, horizon, lags, columns, segment=200, block=5)
    np.testing.assert_array_equal(other[:, :-2], stored[:, :-2])
    np.testing.assert_allclose(other[:, -2:], stored[:, -2:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 8, 13, 25, 40])
def test_layouts_agree(n: int) -> None:
    A, B, h0, y = ginibre(n, n, 2)
    lags = [0, 1, 10, 100]
    np.testing.assert_allclose(
        bptt(A, B, h0, y, 100, lags, True), bptt(A, B, h0, y, 100, lags, False), rtol=0, atol=1e-11
    )


@both
def test_target_equal_to_the_last_state_has_no_gradient(columns: bool) -> None:
    A = np.tile(np.eye(3), (WIDTH, 1, 1))
    h0 = np.tile([1.0, -2.0, 0.5], (WIDTH, 1))
    got = bptt(A, np.zeros((WIDTH, 3, 0)), h0, h0, 50, [0, 20], columns)
    np.testing.assert_array_equal(got, -np.inf)


def test_long_horizons_keep_few_states() -> None:
    horizon = 10**6
    segment = segment_length(32, 1, horizon, True)
    assert segment % BLOCK == 0
    assert bptt_cells(32, 1, horizon, segment, True) * 64 < 2**20
    assert segment_length(32, 1, 1000, True) >= 1000


def test_no_two_kernels_have_one_name() -> None:
    """Compiled code from disk is linked by name: the layouts share sources, and one would get the other's kernel."""
    kernels = [k.py_func for kit in (cpu, cpu_columns) for k in vars(kit).values() if hasattr(k, "py_func")]
    distinct = {(k.__code__, *(cell.cell_contents for cell in k.__closure__ or ())) for k in kernels}
    assert len(distinct) > 100
    assert len({(k.__module__, k.__qualname__) for k in kernels}) == len(distinct)
