"""Powers of a matrix, the numerical radius and the Kreiss constant against exact powers, scans and closed forms."""

import math

import naive
import numpy as np
import pytest
import scipy.linalg

from rhoscope import theory
from rhoscope.errors import ArgumentError

RNG = np.random.default_rng(11)


def triangular(n, strength, radius=0.95, complex_valued=False):
    """A matrix far from normal with eigenvalues within `radius`, in a random basis."""
    draw = np.random.default_rng(n).standard_normal
    A = np.triu(strength * draw((n, n)) / math.sqrt(n), 1) + np.diag(np.linspace(-radius, radius, n))
    Q = np.linalg.qr(draw((n, n)) + (1j * draw((n, n)) if complex_valued else 0.0))[0]
    return Q @ A @ Q.conj().T


def disguised_shift(n, weight):
    Q = np.linalg.qr(RNG.standard_normal((n, n)))[0]
    return Q @ np.diag([weight] * (n - 1), 1) @ Q.T


# Norms of powers.


def test_frobenius_norms_equal_those_of_exact_powers():
    A = RNG.standard_normal((3, 3)).round(2)
    lags = [0, 1, 2, 3, 7, 60]
    expected = [naive.log_norm(naive.matrix_power(naive.exact(A), k)) for k in lags]
    np.testing.assert_allclose(theory.log_power_norms(A, lags, "frobenius"), expected, rtol=1e-13)


@pytest.mark.parametrize("complex_valued", [False, True])
def test_spectral_norms_equal_those_of_plain_powers(complex_valued):
    A = triangular(6, 2.0, complex_valued=complex_valued)
    lags = [0, 1, 2, 5, 40]
    expected = [math.log(np.linalg.norm(np.linalg.matrix_power(A, k), 2)) for k in lags]
    np.testing.assert_allclose(theory.log_power_norms(A, lags), expected, atol=1e-12)


@pytest.mark.parametrize("eigenvalue", [0.25, 3.0])
def test_norms_past_the_range_of_float64(eigenvalue):
    k = 3_000
    norm = theory.log_power_norms([[eigenvalue, 1.0], [0.0, eigenvalue]], [k])
    # The singular values of λ^k [[1, k/λ], [0, 1]].
    t = k / eigenvalue
    assert norm == pytest.approx(k * math.log(eigenvalue) + math.asinh(t / 2), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_norms_of_entries_at_the_ends_of_the_range(scale):
    A = scale * np.array([[0.0, 3.0], [1.0, 0.0]])
    expected = [math.log(3.0) + math.log(scale), 1001 * math.log(scale) + 501 * math.log(3.0)]
    np.testing.assert_allclose(theory.log_power_norms(A, [1, 1001]), expected, rtol=1e-14)


def test_norms_of_a_nilpotent_matrix_end_in_exact_zero():
    norms = theory.log_power_norms(np.diag([2.0, 2.0], 1), [0, 2, 3, 10**9])
    np.testing.assert_allclose(norms, theory.log_norm_shift(2.0, 3, [0, 2, 3, 10**9]), rtol=1e-15)


def test_mean_square_growth_of_a_fixed_matrix_is_its_frobenius_norm():
    """4.5 standard errors: false alarms 7e-6."""
    A, k, samples = triangular(5, 3.0), 4, 50_000
    delta = np.random.default_rng(5).standard_normal((samples, 5))
    squares = np.sum((delta @ np.linalg.matrix_power(A, k)) ** 2, axis=1)
    expected = math.exp(2.0 * float(theory.log_power_norms(A, [k], "frobenius")[0]))
    assert abs(squares.mean() - expected) < 4.5 * squares.std() / math.sqrt(samples)


# Bounds of powers.


@pytest.mark.parametrize("complex_valued", [False, True])
@pytest.mark.parametrize("strength", [0.3, 4.0])
def test_bounds_hold_powers_between_them(strength, complex_valued):
    A, lags = triangular(7, strength, complex_valued=complex_valued), [0, 1, 2, 3, 10, 100]
    bounds, norms = theory.log_power_bounds(A, lags), theory.log_power_norms(A, lags)
    assert (bounds.low <= norms + 1e-10).all()
    assert (norms <= bounds.eigenvector + 1e-10).all()
    assert (norms <= bounds.numerical_range + 1e-10).all()
    np.testing.assert_allclose(bounds.low, np.array(lags) * math.log(0.95), atol=1e-9)


def test_bounds_of_a_normal_matrix_meet():
    A = 0.9 * np.linalg.qr(RNG.standard_normal((6, 6)))[0]
    bounds = theory.log_power_bounds(A, [1, 50])
    for bound in (bounds.low, bounds.eigenvector, bounds.numerical_range - math.log(2.0)):
        np.testing.assert_allclose(bound, np.array([1, 50]) * math.log(0.9), atol=1e-12)


def test_the_condition_of_eigenvectors_by_hand():
    """Eigenvectors (1, 0) and (c, μ - λ) at an angle φ have κ = cot(φ/2)."""
    phi = math.atan2(0.25, 8.0)
    bounds = theory.log_power_bounds([[0.5, 8.0], [0.0, 0.25]], [0])
    assert math.exp(bounds.eigenvector[0]) == pytest.approx(1.0 / math.tan(phi / 2.0), rel=1e-12)


# The transient.


@pytest.mark.parametrize("complex_valued", [False, True])
def test_the_transient_is_the_largest_of_all_powers(complex_valued):
    A = triangular(8, 6.0, complex_valued=complex_valued)
    transient = theory.power_transient(A)
    norms = [np.linalg.norm(np.linalg.matrix_power(A, k), 2) for k in range(1000)]
    assert transient.lag == int(np.argmax(norms))
    assert transient.log_height == pytest.approx(math.log(max(norms)), rel=1e-12)
    assert transient.length == 1 + int(np.argmax(np.array(norms[1:]) <= 1.0))


def test_the_transient_of_a_shift():
    transient = theory.power_transient(np.diag([2.0] * 9, 1))
    assert transient == (pytest.approx(9 * math.log(2.0)), 9, 10)


def test_an_orthogonal_matrix_has_no_transient():
    assert theory.power_transient(np.linalg.qr(RNG.standard_normal((16, 16)))[0]) == (0.0, 0, 1)


def test_a_transient_that_does_not_end_is_refused():
    with pytest.raises(ArgumentError, match=r"horizon: 200; .* exp\(19\.1\) at the end; .*larger horizon"):
        theory.power_transient([[1.1, 0.0], [0.0, 0.5]], horizon=200)


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.9), (0.9, 0.5), (0.3, 0.99), (0.7, 0.7 + 1e-12)])
def test_the_peak_of_a_triangle(first, second):
    peak = theory.triangular2_peak(first, second)
    entries = [theory.triangular2_power(first, second, 3.0, k)[0, 1] for k in range(40)]
    assert int(np.argmax(entries)) in (math.floor(peak), math.ceil(peak))
    # The derivative of the entry is zero there: log λ λ^k = log μ μ^k, or 1 + k log λ = 0.
    if second - first > 1e-6:
        assert math.log(first) * first**peak == pytest.approx(math.log(second) * second**peak, rel=1e-12)
    elif second >= first:
        assert peak == pytest.approx(-1.0 / math.log(first), rel=1e-11)


# The numerical radius.


@pytest.mark.parametrize("n", [2, 3, 10])
def test_numerical_radius_of_a_nilpotent_block(n):
    assert theory.numerical_radius(np.diag([3.0] * (n - 1), 1)) == pytest.approx(
        3.0 * math.cos(math.pi / (n + 1)), rel=1e-12
    )


@pytest.mark.parametrize("complex_valued", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
def test_numerical_radius_is_the_largest_of_a_scan(n, complex_valued):
    rng, count = np.random.default_rng(n), 2000
    turns = np.exp(2j * np.pi * np.arange(count) / count)[:, None, None]
    for _ in range(5):
        A = rng.standard_normal((n, n)) + (1j * rng.standard_normal((n, n)) if complex_valued else 0.0)
        turned = turns * A
        scan = np.linalg.eigvalsh((turned + turned.conj().transpose(0, 2, 1)) / 2.0).max()
        # The width of a convex set in a direction δ off that of its farthest point is at least cos δ of it.
        found = theory.numerical_radius(A)
        assert scan * (1.0 - 1e-6) <= found <= scan / math.cos(math.pi / count)


def test_numerical_radius_of_a_normal_matrix_is_its_spectral_radius():
    A = np.diag([0.3, -2.0, 1.0]) + 0j
    assert theory.numerical_radius(A * 1j) == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_numerical_radius_finds_the_farthest_of_many_vertices(seed):
    """Moduli differ by up to 1e-3, which no fixed grid of angles tells apart."""
    rng = np.random.default_rng(seed)
    values = (1.0 - 1e-3 * rng.random(50)) * np.exp(2j * np.pi * rng.random(50))
    values[0] *= 1.0002 / np.abs(values[0])
    assert theory.numerical_radius(np.diag(values)) == pytest.approx(1.0002, rel=1e-6)


@pytest.mark.parametrize("power", [-1060, -600, 530, 600, 1020])
def test_numerical_radius_of_entries_at_the_ends_of_the_range(power):
    A = np.array([[0.5, 3.0], [0.0, 0.5]])  # its field of values is the disc of radius 1.5 about 0.5
    assert theory.numerical_radius(np.ldexp(A, power)) == pytest.approx(np.ldexp(2.0, power), rel=1e-12)


def test_numerical_radius_past_the_range_is_infinite():
    assert theory.numerical_radius(np.full((4, 4), 1e308)) == np.inf


# The Kreiss constant.


@pytest.mark.parametrize("c", [1.5, 5.0, 1e4])
def test_kreiss_constant_of_a_nilpotent_block_by_hand(c):
    """The singular values of [[z, -c], [0, z]] have the product r² and the sum of squares 2r² + c²."""
    r = 1.0 + np.geomspace(1e-3, 1e9, 2_000_001)
    values = (r - 1.0) * (np.sqrt(c * c + 4.0 * r * r) + c) / (2.0 * r * r)
    expected = max(1.0, values.max())  # 1 is the limit far out
    found = theory.kreiss_constant([[0.0, c], [0.0, 0.0]], tolerance=1e-7)
    assert found.low <= expected * (1.0 + 1e-10)
    # Rounding of σ_min keeps the bounds a little further apart at the largest c.
    assert expected * (1.0 - 1e-10) <= found.high <= found.low * (1.0 + 2e-7)


@pytest.mark.parametrize("complex_valued", [False, True])
@pytest.mark.parametrize(("n", "strength"), [(3, 1.0), (6, 5.0), (12, 8.0)])
def test_kreiss_constant_is_the_largest_of_a_scan(n, strength, complex_valued):
    A = triangular(n, strength, complex_valued=complex_valued)
    r = 1.0 + np.geomspace(1e-3, 1e3, 81)
    z = r * np.exp(2j * np.pi * np.arange(120) / 120)[:, None]
    shifted = z[..., None, None] * np.eye(n) - A
    scan = (r - 1.0) / np.linalg.svd(shifted, compute_uv=False)[..., -1]
    found = theory.kreiss_constant(A)
    assert found.low <= found.high <= found.low * (1.0 + 1e-4)
    assert scan.max() <= found.high
    assert found.low <= scan.max() * 1.02  # the scan's steps


@pytest.mark.parametrize("turn", [0.1, 0.2, 3.0])
def test_kreiss_constant_finds_a_peak_between_the_angles_of_any_grid(turn):
    """Of two blocks on the diagonal the larger constant counts; its peak is 0.002 wide, the other's a hill."""
    hill, peak = np.array([[0.5, 9.0], [0.0, 0.5]]), np.array([[0.999, 0.1], [0.0, 0.999]])
    expected = theory.kreiss_constant(peak)
    assert expected.low > 2.0 * theory.kreiss_constant(hill).high
    both = scipy.linalg.block_diag(hill, np.exp(1j * turn) * peak)
    assert theory.kreiss_constant(both).low == pytest.approx(expected.low, rel=2e-4)


@pytest.mark.parametrize("complex_valued", [False, True])
@pytest.mark.parametrize("n", [2, 5, 10])
def test_kreiss_theorem_brackets_the_transient(n, complex_valued):
    A = triangular(n, 10.0, complex_valued=complex_valued)
    height = math.exp(theory.power_transient(A).log_height)
    found = theory.kreiss_constant(A)
    assert found.low <= height <= math.e * n * found.high


def test_kreiss_constant_does_not_depend_on_the_basis():
    A = np.diag([2.0] * 5, 1)
    expected = theory.kreiss_constant(A, tolerance=1e-6)
    found = theory.kreiss_constant(disguised_shift(6, 2.0), tolerance=1e-6)
    assert found.low == pytest.approx(expected.low, rel=2e-6)


@pytest.mark.parametrize("n", [1, 8, 32])
def test_kreiss_constant_of_contractions_is_one(n):
    Q = np.linalg.qr(RNG.standard_normal((n, n)))[0]
    assert theory.kreiss_constant(Q) == (1.0, 1.0)
    assert theory.kreiss_constant(0.5 * Q) == (1.0, 1.0)


def test_kreiss_constant_above_radius_one_is_infinite():
    assert theory.kreiss_constant(triangular(5, 1.0, radius=1.001)) == (math.inf, math.inf)


def test_kreiss_constant_says_where_rounding_decides():
    """ρ = 0, though computed as 1.1; K is between sup ‖A^k‖/(e n) and sup ‖A^k‖ = 2^63."""
    found = theory.kreiss_constant(disguised_shift(64, 2.0))
    assert 1e10 < found.low <= 2.0**63
    assert found.high == math.inf


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.log_power_norms(np.ones((2, 2, 2)), [1]), ["matrix", "(2, 2, 2)", "one square"]),
        (lambda: theory.log_power_norms(np.eye(2), [1], "nuclear"), ["norm", "nuclear", '"frobenius"']),  # type: ignore[arg-type]
        (lambda: theory.log_power_bounds(np.ones((2, 3)), [1]), ["matrix", "(2, 3)"]),
        (lambda: theory.power_transient(np.eye(2), horizon=0), ["horizon", "0"]),
        (lambda: theory.triangular2_peak(1.0, 0.5), ["first", "1.0", "below 1"]),
        (lambda: theory.numerical_radius([[math.nan]]), ["matrix", "nan"]),
        (lambda: theory.kreiss_constant(np.eye(2), tolerance=0.0), ["tolerance", "0.0", "1e-08 to 1"]),
    ],
)
def test_impossible_arguments_are_named(call, words):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)
