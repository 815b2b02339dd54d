"""float32: against float64 and exact arithmetic by its stated errors, against plain float32 by bits, and its ends."""

from typing import Any

import mpmath
import naive
import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray

import rhoscope as rs
from rhoscope.devices.fixed_cpu import FixedGradients
from rhoscope.devices.growth_cpu import by_steps
from rhoscope.devices.precision import SINGLE
from rhoscope.devices.study_cpu import CpuWorker
from rhoscope.devices.workspace import lanes
from rhoscope.errors import ArgumentError, StudyError
from rhoscope.kernels import cpu_columns_single, cpu_single, single
from rhoscope.kernels.layout import leading
from rhoscope.kernels.recurrence_space import norm_times, step_norms_cells

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float32).eps)
WIDTH = single.WIDTH
SIZES = [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 24, 28, 29, 33, 64]


def rounded(values: Array) -> Array:
    """The nearest numbers that float32 has, as float64."""
    return values.astype(np.float32).astype(np.float64)


def ginibre(count: int, n: int, gain: float = 1.0) -> tuple[Array, Array]:
    """Matrices and vectors whose entries float32 has."""
    rng = np.random.default_rng([539, n])
    return (
        rounded(gain * rng.standard_normal((count, n, n)) / np.sqrt(n)),
        rounded(rng.standard_normal((count, n))),
    )


def majorants(A: Array, delta: Array, lags: list[int]) -> Array:
    """log(|A^T|^k |delta|) in the Euclidean norm."""
    return rs.gradient_norms(np.abs(A), np.abs(delta), lags, method="step")


# Eigenvalues.


@pytest.mark.parametrize("n", SIZES)
def test_eigenvalues_within_their_condition(n: int) -> None:
    """|computed - true| <= 8 n eps |A|_F kappa to first order, as in float64 with its own eps."""
    A, _ = ginibre(19, n)
    values = rs.eigvals(A, dtype="float32")
    assert values.dtype == np.complex64
    for matrix, found in zip(A, values, strict=True):
        true, left, right = scipy.linalg.eig(matrix, left=True, right=True)
        kappa = 1.0 / np.abs(np.sum(left.conj() * right, axis=0))
        apart = np.abs(found[:, None] - true[None, :])
        pairs = scipy.optimize.linear_sum_assignment(apart)
        bound = 8 * n * EPS * np.linalg.norm(matrix) * kappa
        assert (apart[pairs] <= bound[pairs[1]]).all()


def test_radius_is_that_of_the_eigenvalues() -> None:
    A, _ = ginibre(33, 12)
    radius = rs.spectral_radius(A, dtype="float32")
    assert radius.dtype == np.float32
    np.testing.assert_array_equal(radius, np.abs(rs.eigvals(A, dtype="float32")).max(axis=1))


@pytest.mark.parametrize("n", [4, 16, 33])
def test_powers_of_two_and_neighbours_change_no_bit(n: int) -> None:
    A, delta = ginibre(37, n)
    values = rs.eigvals(A, dtype="float32", threads=1)
    for power in (-60, 60):
        np.testing.assert_array_equal(rs.eigvals(A * 2.0**power, dtype="float32"), values * 2.0**power)
    norms = rs.gradient_norms(A, delta, [1, 50, 900], dtype="float32", threads=1)
    for few in (slice(5, 6), slice(20, 37)):
        np.testing.assert_array_equal(rs.eigvals(A[few], dtype="float32", threads=2), values[few])
        got = rs.gradient_norms(A[few], delta[few], [1, 50, 900], dtype="float32", threads=2)
        np.testing.assert_array_equal(got, norms[few])


def test_complex_eigenvalues() -> None:
    A, _ = ginibre(6, 7)
    values = rs.eigvals(A[:3] + 1j * A[3:], dtype="float32")
    assert values.dtype == np.complex64
    np.testing.assert_array_equal(values, np.linalg.eigvals((A[:3] + 1j * A[3:]).astype(np.complex64)))


def test_float32_input_alone_does_not_choose_the_arithmetic() -> None:
    A, _ = ginibre(3, 5)
    assert rs.eigvals(A.astype(np.float32)).dtype == np.complex128


# Norms of gradients.


@pytest.mark.parametrize("n", SIZES)
def test_log_norms_within_the_majorant(n: int) -> None:
    A, delta = ginibre(16, n, gain=1.2)
    lags = [0, 1, 2, 7, 30]
    got = rs.gradient_norms(A, delta, lags, dtype="float32")
    assert got.dtype == np.float64
    for s in (0, 15):
        true = naive.log_power_norms(A[s], delta[s], lags)
        # A relative error of c n (k + 1) eps |A^T|^k |delta| / |(A^T)^k delta|; the logarithm itself is of float64.
        bound = n * (np.array(lags) + 1) * EPS * np.exp(majorants(A[s], delta[s], lags) - true)
        assert (np.abs(got[s] - true) <= bound + 1e-12).all()


@pytest.mark.parametrize("gain", [0.6, 1.0, 1.4])
@pytest.mark.parametrize("n", [2, 8, 24, 33])
def test_a_horizon_of_100_000(n: int, gain: float) -> None:
    """Errors grow with the lag as those of float64 do: eps for each step, and no digit of the exponent is lost."""
    A, delta = ginibre(24, n, gain)
    lags = [1000, 10**5]
    apart = np.abs(
        rs.gradient_norms(A, delta, lags, dtype="float32") - rs.gradient_norms(A, delta, lags, method="step")
    )
    leading_value = [scipy.linalg.eig(matrix, left=True, right=True) for matrix in A]
    kappa = []
    for values, left, right in leading_value:
        i = np.argmax(np.abs(values))
        kappa.append(1.0 / np.abs(np.sum(left[:, i].conj() * right[:, i])))
    condition = np.array(kappa) * np.linalg.norm(A, axis=(1, 2)) / rs.spectral_radius(A)
    # A step with rounding is one with a matrix off by n eps |A|, whose radius is off by its condition.
    assert (apart[:, 1] <= n * EPS * condition * 10**5).all()
    assert np.median(apart[:, 1]) < 1e-2


def test_logarithms_have_the_digits_of_float64_at_far_lags() -> None:
    lags = [10**3, 10**5]
    got = rs.gradient_norms(np.diag([2.0, 0.5]), [1.0, 0.0], lags, dtype="float32")
    np.testing.assert_array_equal(got, np.array(lags) * np.log(2.0))


def test_exponents_too_large_for_float32_go_on_in_float64() -> None:
    A = np.diag([2.0**100, 1.0])
    lags = [1000, 40_000, 50_000]  # the last two reach 2^4,000,000 and 2^5,000,000
    pairs = np.zeros((1, 2), dtype=np.intp)
    alone = by_steps(A[None], np.array([[1.0, 0.0]]), pairs, np.array(lags), 1, SINGLE)
    assert np.isnan(alone[0]).tolist() == [False, False, True]
    got = rs.gradient_norms(A, [1.0, 0.0], lags, dtype="float32")
    np.testing.assert_allclose(got, 100.0 * np.array(lags) * np.log(2.0), rtol=1e-15)


def test_zeros_stay_zeros() -> None:
    N = 3.0 * np.eye(20, k=1)
    got = rs.gradient_norms(N, np.eye(20)[0], [0, 1, 19, 20, 1000], dtype="float32")
    np.testing.assert_allclose(got[:3], np.array([0, 1, 19]) * np.log(3.0), rtol=0, atol=10 * EPS)
    assert (got[3:] == -np.inf).all()
    assert rs.gradient_norms(np.eye(3), np.zeros(3), [0, 5], dtype="float32").tolist() == [-np.inf, -np.inf]
    assert rs.spectral_radius(np.zeros((4, 4)), dtype="float32") == 0.0


def test_a_transient_before_the_decay() -> None:
    """A rises to 10^6 before it falls: every block of steps leaves the safe range, and is done again."""
    n = 8
    A = rounded(0.5 * np.eye(n) + 40.0 * np.eye(n, k=-1))
    delta, lags = np.eye(n)[-1], [1, 3, 7, 20, 60, 400]
    got = rs.gradient_norms(A, delta, lags, dtype="float32")
    np.testing.assert_allclose(got, naive.log_power_norms(A, delta, lags), rtol=0, atol=400 * n * EPS)
    assert got.max() > np.log(1e6)
    assert got[-1] < 0.0


def test_one_leaves_the_range_in_the_first_block_and_its_neighbour_in_the_second() -> None:
    """The block that is done again for the neighbour must be rescaled for the first as often as before."""
    n, fast, lags = 12, 6, [47, 95, 200]
    rng = np.random.default_rng(12)
    A = rounded(rng.uniform(1.0, 2.0, (16, n, n)))
    delta = np.ones((16, n))
    A[1::2, fast:] = A[1::2, :, fast:] = 0.0
    A[1::2, range(fast, n), range(fast, n)] = 1.75
    delta[1::2, :fast] = 2.0**-100
    got = rs.gradient_norms(A, delta, lags, method="step", dtype="float32")
    for s in (0, 1):
        expected = naive.log_power_norms(A[s], delta[s], lags)
        np.testing.assert_allclose(got[s], expected, rtol=0, atol=200 * n * EPS)
    np.testing.assert_array_equal(
        rs.gradient_norms(A[0], delta[0], lags, method="step", dtype="float32"), got[0]
    )


def fma(a: Array, b: Array, c: Array) -> Array:
    """a b + c of float32 numbers, rounded once to float32: the sum in float64 is rounded to odd before."""
    product = a * b  # exact
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)
    even = total.view(np.int64) & 1 == 0
    odd = np.where((error != 0) & even, np.nextafter(total, np.copysign(np.inf, error)), total)
    return rounded(np.asarray(odd))


@pytest.mark.parametrize(
    ("n", "parts"), [(1, 1), (3, 1), (12, 1), (28, 1), (29, 4), (32, 4), (48, 2), (64, 2)]
)
def test_equals_plain_float32_bit_for_bit(n: int, parts: int) -> None:
    """The steps of a recurrence in NumPy, in the order of the kernels' sums."""
    A, delta = ginibre(WIDTH, n, gain=1.1)
    columns = n >= single.COLUMNS_FROM
    steps, ld, cells = 25, leading(n), -(-n // WIDTH)
    times = norm_times(n, single)
    work = lanes(step_norms_cells(n, columns, times[0], WIDTH), np.float32)
    lags, out = np.array([steps]), np.empty(WIDTH)
    if columns:
        strides = (WIDTH * n * n, n * n, n, 1), (WIDTH * n, n, 1)
        given = A.reshape(-1), strides[0], delta.reshape(-1), strides[1]
        cpu_columns_single.step_norms(work, *given, n, lags, times, out, WIDTH - 1, WIDTH)
        vector = work[n * cells * WIDTH :][: (cells + 1) * WIDTH]
        got = vector[:n].astype(float) * 2.0 ** vector[cells * WIDTH]
    else:
        a, v = lanes(n * ld, np.float32), lanes(n, np.float32)
        given = A.reshape(-1), delta.reshape(-1)
        cpu_single.step_norms_batch(work, a, v, *given, n, ld, lags, times, out, 0, 1)
        vector = work[n * ld * WIDTH :][: (n + 1) * WIDTH].reshape(n + 1, WIDTH)[:, -1]
        got = vector[:n].astype(float) * 2.0 ** vector[n]
    x = delta[-1]
    for _ in range(steps):
        sums = np.zeros((parts, n))
        for i in range(n):
            p = i % parts if i < n - n % parts else 0
            sums[p] = fma(A[-1, i], x[i], sums[p])
        while len(sums) > 1:
            sums = rounded(sums[: len(sums) // 2] + sums[len(sums) // 2 :])
        x = sums[0]
    np.testing.assert_array_equal(got, x)
    assert np.log(np.linalg.norm(x)) == pytest.approx(out[-1], abs=1e-6)


# Studies.

COLUMNS = ("log_error", "log_gradient", "log_gradient_A", "log_gradient_B")


@pytest.mark.parametrize("horizon", [1, 40, 1000, 20_000])
@pytest.mark.parametrize(("size", "inputs"), [(1, 1), (6, 2), (16, 1), (24, 0), (29, 17), (40, 3)])
def test_a_study_against_float64(size: int, inputs: int, horizon: int) -> None:
    fields = {"size": size, "inputs": inputs, "horizon": horizon, "samples": 21, "gain": (0.8, 1.2)}
    double = rs.run(rs.Study(**fields), device="cpu")
    result = rs.run(rs.Study(**fields, dtype="float32"))
    np.testing.assert_array_equal(result.gain, double.gain)
    assert (
        (result.radius_low <= double.spectral_radius) & (double.spectral_radius <= result.radius_high)
    ).all()
    assert (result.radius_high - result.radius_low > 2 * EPS * double.spectral_radius).all()
    np.testing.assert_allclose(result.spectral_norm, double.spectral_norm, rtol=2 * size * EPS)
    for name in COLUMNS[: 4 if inputs else 3]:
        apart = np.abs(getattr(result, name) - getattr(double, name))
        assert getattr(result, name).dtype == np.float64
        assert np.median(apart) <= (horizon + 20) * size**0.5 * EPS, name
        assert np.quantile(apart, 0.95) <= 40 * (horizon + 20) * size * EPS, name


@pytest.mark.parametrize("horizon", [60, 300])
@pytest.mark.parametrize("n", [5, 28, 40])
@pytest.mark.parametrize("kind", ["positive", "steep"])
def test_matrices_that_grow_and_fall_as_fast_as_they_can(kind: str, n: int, horizon: int) -> None:
    """Positive ones grow a block by nearly (2 n)^block; steep ones fall far below their largest entry at each step."""
    rng = np.random.default_rng(n)
    A = rng.uniform(1.0, 2.0, (17, n, n))
    if kind == "steep":
        A = 1e-4 * A / n
        A[:, 0, -1] = 1.9
    given = rs.ensembles.Given(rounded(A))
    fields = {"ensemble": given, "size": n, "gain": 1.0, "horizon": horizon, "samples": 17, "inputs": 2}
    double, result = (rs.run(rs.Study(**fields, dtype=name), device="cpu") for name in ("float64", "float32"))
    for name in COLUMNS:
        got, true = getattr(result, name), getattr(double, name)
        np.testing.assert_allclose(got, true, rtol=0, atol=2 * n * horizon * EPS, err_msg=name)


def test_powers_far_from_normal_are_not_taken() -> None:
    """Where their errors would be amplified, a sample has the bits of single steps."""
    ensemble = rs.ensembles.Triangular(strength=200.0)
    study = rs.Study(ensemble=ensemble, size=12, horizon=400, samples=16, dtype="float32")
    worker = CpuWorker(study, 1, 1025, None)
    passes = worker.passes
    assert isinstance(passes, FixedGradients)
    assert passes.doublings > 1
    results = []
    for doublings in (passes.doublings, 0):
        passes.doublings = doublings
        worker.draw(0, 16)
        results.append(worker.gradients(16))
    same = (results[0] == results[1]).all(axis=1)
    assert same.sum() > 12


def test_independent_delta() -> None:
    fields = {"size": 30, "horizon": 500, "samples": 17, "delta": "independent"}
    double, result = (rs.run(rs.Study(**fields, dtype=name), device="cpu") for name in ("float64", "float32"))
    np.testing.assert_allclose(result.log_gradient, double.log_gradient, rtol=0, atol=1e-3)


@pytest.mark.parametrize("size", [9, 30])
def test_a_study_has_the_same_bits_in_any_shards_and_threads(size: int) -> None:
    study = rs.Study(size=size, horizon=300, samples=53, dtype="float32")
    whole, parts = rs.run(study, threads=1), rs.run(study, threads=2, shard_size=7)
    for name in ("spectral_radius", "radius_high", *COLUMNS):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_a_study_round_trips_and_differs_from_that_of_float64() -> None:
    study = rs.Study(size=4, dtype="float32")
    assert rs.Study.from_toml(study.to_toml()) == study
    assert study != rs.Study(size=4)


def test_the_logarithm_of_a_study_against_many_digits() -> None:
    """Scalars: delta at lag k is a^k delta_T for the a that was drawn and rounded."""
    study = rs.Study(size=1, horizon=20_000, inputs=0, samples=5, delta="independent", dtype="float32")
    result = rs.run(study)
    for s in range(5):
        a = mpmath.mpf(
            float(np.float32(study.ensemble.sample(1, 1, seed=539, gain=study.gain, start=s)[0, 0, 0]))
        )
        growth = [float(k * mpmath.log(abs(a))) for k in study.lags]
        # k products, each rounded once, at most half an eps off.
        np.testing.assert_allclose(
            result.log_growth[s], growth, rtol=0, atol=0.5 * EPS * study.horizon + 1e-9
        )


# What is refused.


def test_what_float32_does_not_do() -> None:
    A, delta = ginibre(3, 4)
    for call, words in (
        (
            lambda: rs.eigvals(A * 1e39, dtype="float32"),
            r"matrices: .*index \(0,\).*range of float32.*float64",
        ),
        (lambda: rs.eigvals(1j * A * 1e39, dtype="float32"), r"range of float32"),
        (
            lambda: rs.eigvals(A[0] * 1e39, dtype="float32"),
            r"matrices: an entry is past the range of float32",
        ),
        (lambda: rs.spectral_radius(A, dtype="half"), r'dtype = .half.*"float64" or "float32"'),
        (lambda: rs.gradient_norms(A * 1e39, delta, [1], dtype="float32"), r"A: .*range of float32"),
        (lambda: rs.gradient_norms(A, delta * 1e39, [1], dtype="float32"), r"delta: .*range of float32"),
        (lambda: rs.gradient_norms(A, delta, [1], method="ladder", dtype="float32"), r"ladder.*float64"),
        (lambda: rs.eigvals(A, dtype="float32", device="cuda"), r"cuda.*float32.*float64"),
        (lambda: rs.run(rs.Study(size=2, dtype="float32"), device="cuda"), r"cuda.*float32.*float64"),
    ):
        with pytest.raises(ArgumentError, match=words):
            call()
    for fields in ({"mode": "fresh"}, {"horizon": 2**20 + 1}):
        with pytest.raises(StudyError, match=r"float32.*float64"):
            rs.Study(size=2, dtype="float32", **fields)


def test_a_study_whose_exponents_end_says_so() -> None:
    ensemble = rs.ensembles.Given(np.array([[[2.0**100]]]))
    study = rs.Study(
        ensemble=ensemble, size=1, gain=1.0, horizon=50_000, samples=1, inputs=0, dtype="float32"
    )
    with pytest.raises(StudyError, match=r"sample 0 .*2\^±4194304.*float64"):
        rs.run(study)


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("f4")])
def test_the_precision_by_any_of_its_names(dtype: Any) -> None:
    assert rs.eigvals(np.eye(2), dtype=dtype).dtype == np.complex64


@pytest.mark.parametrize("dtype", [None, "float16", 3, [1], np.zeros(2)])
def test_no_such_precision(dtype: Any) -> None:
    with pytest.raises(rs.errors.ArgumentError, match='use "float64" or "float32"'):
        rs.eigvals(np.eye(2), dtype=dtype)
