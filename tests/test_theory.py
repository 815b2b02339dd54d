"""Closed forms against enumeration, high precision and simulation.

Simulations draw with NumPy alone, from fixed seeds. Each compares a mean with its closed form at 4.5 standard
errors, so one that is right fails with probability 7e-6.
"""

import itertools
import math
from collections import Counter
from fractions import Fraction

import mpmath
import naive
import numpy as np
import pytest

from rhoscope import theory
from rhoscope.errors import ArgumentError, ArgumentTypeError


def ginibre(rng, samples, n, gain=1.0, complex_valued=False):
    G = rng.standard_normal((samples, n, n))
    if complex_valued:
        G = (G + 1j * rng.standard_normal((samples, n, n))) / np.sqrt(2.0)
    return gain * G / np.sqrt(n)


def assert_mean(draws, expected):
    error = np.std(draws, ddof=1) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - expected) < 4.5 * error


@pytest.mark.parametrize(
    ("n", "mean", "below"), [(4, 1.0726, 0.385), (8, 1.0915, 0.257), (64, 1.0679, 0.0216)]
)
def test_kostlan_gives_the_published_figures(n, mean, below):
    assert theory.kostlan_mean(n) == pytest.approx(mean, abs=5e-5)
    assert float(f"{theory.kostlan_cdf(1.0, n):.3g}") == below


@pytest.mark.parametrize("n", [1, 3, 20])
def test_kostlan_equals_the_gamma_laws_in_high_precision(n):
    radius, gain = 1.05, 1.2
    with mpmath.workdps(30):
        laws = [mpmath.gammainc(j, 0, n * (radius / gain) ** 2, regularized=True) for j in range(1, n + 1)]
        cdf, count = mpmath.fprod(laws), mpmath.fsum(laws)
    assert theory.kostlan_cdf(radius, n, gain) == pytest.approx(float(cdf), rel=1e-13)
    assert theory.expected_eigenvalues_within(radius, n, gain) == pytest.approx(float(count), rel=1e-13)


def test_kostlan_of_one_number_is_the_rayleigh_law():
    radius = np.array([[0.0, 0.5], [1.0, 40.0]])
    np.testing.assert_allclose(theory.kostlan_cdf(radius, 1), 1.0 - np.exp(-(radius**2)), rtol=1e-14)
    assert theory.kostlan_mean(1, gain=3.0) == pytest.approx(3.0 * math.sqrt(math.pi) / 2.0, rel=1e-12)


def test_complex_spectra_follow_kostlan_and_the_circular_law():
    n, gain, radius = 6, 1.3, 1.1
    moduli = np.abs(
        np.linalg.eigvals(ginibre(np.random.default_rng(1), 20_000, n, gain, complex_valued=True))
    )
    assert_mean(moduli.max(axis=1), theory.kostlan_mean(n, gain))
    assert_mean(moduli.max(axis=1) <= radius, theory.kostlan_cdf(radius, n, gain))
    assert_mean((moduli < radius).sum(axis=1), theory.expected_eigenvalues_within(radius, n, gain))


def odd_factorial(multiplicity):
    """E g^m of a standard normal g."""
    return 0 if multiplicity % 2 else math.prod(range(1, multiplicity, 2))


def enumerated_power_norm(n, k, field):
    """E‖G^k‖² entry by entry: (G^k)_ij is a sum over paths, and the mean of a product of entries factors."""
    total = 0
    for i, j in itertools.product(range(n), repeat=2):
        paths = [(i, *inner, j) for inner in itertools.product(range(n), repeat=k - 1)]
        steps = [Counter(itertools.pairwise(path)) for path in paths]
        for left, right in itertools.product(steps, repeat=2):
            if field == "real":
                total += math.prod(odd_factorial(count) for count in (left + right).values())
            elif left == right:
                total += math.prod(math.factorial(count) for count in left.values())
    return total


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize(
    ("n", "k"), [(1, 4), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (3, 2), (3, 3), (3, 4), (4, 3)]
)
def test_power_norms_equal_the_sum_over_all_paths(field, n, k):
    gain = 1.5
    expected = Fraction(enumerated_power_norm(n, k, field)) * Fraction(gain) ** (2 * k) / n**k
    assert theory.expected_power_norm(n, k, gain, field) == float(expected)


@pytest.mark.parametrize("field", ["real", "complex"])
def test_the_power_norm_of_a_fixed_vector_is_its_share_of_the_matrix(field):
    n, k, rng = 5, 3, np.random.default_rng(2)
    A = ginibre(rng, 40_000, n, complex_valued=field == "complex")
    v = np.array([0.6, 0.0, 0.8, 0.0, 0.0])
    moved = np.linalg.matrix_power(A.transpose(0, 2, 1), k) @ v
    assert_mean(np.sum(np.abs(moved) ** 2, axis=1), theory.expected_power_norm(n, k, field=field) / n)


def test_power_norms_have_no_largest_lag_where_the_form_is_general():
    assert theory.expected_power_norm(3, 0) == 3.0
    assert theory.expected_power_norm(64, 256, gain=0.9) > math.exp(200)
    assert theory.expected_power_norm(2, 2000) == math.inf


def real_eigenvalue_density(x, n):
    """Density of real eigenvalues of a real n×n matrix with standard normal entries (Edelman 1994)."""
    flat = mpmath.gammainc(n - 1, x * x, regularized=True) / mpmath.sqrt(2 * mpmath.pi)
    edge = (
        abs(x) ** (n - 1)
        * mpmath.exp(-x * x / 2)
        / (mpmath.gamma(mpmath.mpf(n) / 2) * 2 ** (mpmath.mpf(n) / 2))
    )
    return flat + edge * mpmath.gammainc(mpmath.mpf(n - 1) / 2, 0, x * x / 2, regularized=True)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 32])
def test_real_eigenvalues_equal_the_integral_of_their_density(n):
    end = math.sqrt(n)
    pieces = [0, end / 2, end, end + 3, end + 12]
    expected = 2 * mpmath.quad(lambda x: real_eigenvalue_density(x, n), pieces)
    assert theory.expected_real_eigenvalues(n) == pytest.approx(float(expected), rel=1e-12)


def test_real_eigenvalues_of_small_and_large_matrices():
    figures = [round(theory.expected_real_eigenvalues(n), 5) for n in (1, 2, 3, 4)]
    assert figures == [1.0, 1.41421, 1.70711, 1.94454]
    assert theory.expected_real_eigenvalues(10**6) == pytest.approx(0.5 + math.sqrt(2e6 / math.pi), rel=1e-6)


def test_fresh_products_have_the_lyapunov_exponents_of_newman():
    # By QR: the logarithms of the diagonal of R are independent over steps and positions.
    n, gain, rng = 4, 1.25, np.random.default_rng(3)
    Q, logs = np.eye(n), []
    for A in ginibre(rng, 5_000, n, gain):
        Q, R = np.linalg.qr(A @ Q)
        logs.append(np.log(np.abs(np.diag(R))))
    logs = np.array(logs)
    for position, exponent in enumerate(theory.lyapunov_exponents_fresh(n, gain)):
        assert_mean(logs[:, position], exponent)
    assert_mean((logs[:, 0] - logs[:, 0].mean()) ** 2, theory.fresh_growth_variance(n))


@pytest.mark.parametrize("n", [1, 4, 9])
def test_fresh_growth_is_half_the_log_of_a_chi_square(n):
    def density(z):
        half = mpmath.mpf(n) / 2
        return z ** (half - 1) * mpmath.exp(-z / 2) / (mpmath.gamma(half) * 2**half)

    def moment(function):
        return mpmath.quad(
            lambda z: function(mpmath.log(z / n) / 2) * density(z), [0, 1, n, 4 * n, 40 * n + 80]
        )

    mean = moment(lambda growth: growth)
    variance = moment(lambda growth: (growth - mean) ** 2)
    assert theory.lyapunov_exponents_fresh(n)[0] == pytest.approx(float(mean), rel=1e-6)
    assert theory.fresh_growth_variance(n) == pytest.approx(float(variance), rel=1e-6)


def test_normal_matrices_grow_by_the_moduli_of_their_eigenvalues():
    Q = np.linalg.qr(np.random.default_rng(4).standard_normal((4, 4)))[0]
    eigenvalues = np.array([1.5, -1.2, 0.3, 0.0])
    delta, lags = np.array([1.0, -2.0, 0.5, 1.0]), [0, 1, 5, 50, 300]
    expected = naive.log_power_norms_mp((Q * eigenvalues) @ Q.T, delta, lags)
    np.testing.assert_allclose(theory.log_norm_normal(eigenvalues, Q.T @ delta, lags), expected, rtol=1e-13)


def test_a_scaled_rotation_grows_by_its_modulus_at_any_lag():
    lags = np.array([0, 1, 10**9])
    norms = theory.log_norm_normal([0.75j, -0.75j], [0.6, 0.8j], lags)
    np.testing.assert_allclose(norms, lags * math.log(0.75), rtol=1e-15, atol=1e-15)


def test_exact_zeros_of_a_normal_matrix_are_minus_infinity():
    assert theory.log_norm_normal([0.0, 2.0], [3.0, 0.0], [0, 1]).tolist() == [math.log(3.0), -math.inf]


@pytest.mark.parametrize("eigenvalue", [0.9, -2.0, 1.0, 0.0])
@pytest.mark.parametrize("k", [0, 1, 2, 7, 60])
def test_powers_of_a_jordan_block(eigenvalue, k):
    J = np.diag([eigenvalue] * 5) + np.diag(np.ones(4), 1)
    expected = naive.as_floats(naive.matrix_power(naive.exact(J), k))
    assert np.array_equal(theory.jordan_power(eigenvalue, 5, k), expected)


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [(0.9, 0.9, 100.0), (0.9, 0.9 + 2.0**-50, 1.0), (-1.5, 0.5, 3.0), (0.7, -0.7, 2.0), (0.0, 0.0, 1.0)],
)
@pytest.mark.parametrize("k", [0, 1, 2, 9, 80])
def test_powers_of_a_triangle(a, b, c, k):
    expected = naive.as_floats(naive.matrix_power(naive.exact([[a, c], [0.0, b]]), k))
    assert np.array_equal(theory.triangular2_power(a, b, c, k), expected)


def test_the_transient_of_a_triangle_peaks_where_theory_says():
    entries = [theory.triangular2_power(0.9, 0.9, 100.0, k)[0, 1] for k in range(40)]
    assert int(np.argmax(entries)) in (9, 10)
    assert max(entries) == pytest.approx(387.4, abs=0.05)


def test_powers_past_the_range_are_infinite_or_zero():
    assert theory.jordan_power(-2.0, 2, 1025).tolist() == [[-math.inf, math.inf], [0.0, -math.inf]]
    assert theory.triangular2_power(0.5, 0.25, 1.0, 1200).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("c", [2.0, -0.5, 0.0])
def test_powers_of_the_nilpotent_shift(c):
    n, lags = 4, range(7)
    N = np.diag([c] * (n - 1), 1)
    with np.errstate(divide="ignore"):
        expected = [np.log(np.linalg.norm(np.linalg.matrix_power(N, k), 2)) for k in lags]
    np.testing.assert_allclose(theory.log_norm_shift(c, n, lags), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.kostlan_cdf(-1.0, 4), ["radius", "-1.0"]),
        (lambda: theory.kostlan_cdf(math.nan, 4), ["radius", "nan"]),
        (lambda: theory.kostlan_mean(0), ["size", "0", "1 up"]),
        (lambda: theory.kostlan_mean(4, gain=0.0), ["gain", "0.0"]),
        (lambda: theory.kostlan_mean(4, gain=math.inf), ["gain", "inf"]),
        (lambda: theory.expected_power_norm(4, 5, field="real"), ["lag", "5", "0 to 4"]),
        (lambda: theory.expected_power_norm(4, -1), ["lag", "-1"]),
        (lambda: theory.expected_power_norm(4, 1, field="quaternion"), ["field", "quaternion", '"real"']),  # type: ignore[arg-type]
        (lambda: theory.expected_real_eigenvalues(0), ["size", "0"]),
        (lambda: theory.lyapunov_exponents_fresh(4, gain=-1.0), ["gain", "-1.0"]),
        (lambda: theory.jordan_power(math.nan, 2, 3), ["eigenvalue", "nan"]),
        (lambda: theory.log_norm_normal([1.0, 2.0], [1.0], [1]), ["coefficients", "(1,)", "(2,)"]),
        (lambda: theory.log_norm_shift(2.0, 4, [3, 1]), ["lags", "ascend"]),
    ],
)
def test_impossible_arguments_are_named(call, words):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_size_that_is_not_whole_is_named():
    with pytest.raises(ArgumentTypeError, match=r"size: 2\.5; a whole number"):
        theory.expected_real_eigenvalues(2.5)  # type: ignore[arg-type]
