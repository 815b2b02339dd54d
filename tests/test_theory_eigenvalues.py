"""The elliptic law, eigenvector overlaps and the stationary state against quadrature, simulation and sums.

Each simulation compares means at 4.5 standard errors, so one that is right fails with probability 7e-6.
"""

import cmath
import doctest
import importlib
import math
import pkgutil

import numpy as np
import pytest
from scipy import integrate

from rhoscope import theory
from rhoscope.errors import ArgumentError, ArgumentTypeError


def assert_mean(draws, expected):
    error = np.std(draws, ddof=1) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - expected) < 4.5 * error


def complex_normals(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / math.sqrt(2.0)


# The elliptic law.


@pytest.mark.parametrize("tau", [0.0, 0.2, -0.5, 0.9, -0.99])
@pytest.mark.parametrize("s", [0.05, 0.3, 0.6, 0.999, 1.0, 1.7])
def test_elliptic_law_is_the_area_within_a_circle(tau, s):
    gain = 1.3
    a, b = gain, gain * (1 - abs(tau)) / (1 + abs(tau))

    def boundary(angle):
        return a * b / math.hypot(b * math.cos(angle), a * math.sin(angle))

    area, _ = integrate.quad(lambda angle: 2 * min(s * gain, boundary(angle)) ** 2, 0, math.pi / 2, limit=500)
    share = theory.elliptic_law_share(s * gain, tau, gain)
    assert share == pytest.approx(area / (math.pi * a * b), rel=1e-7)


@pytest.mark.parametrize("tau", [1.0, -1.0])
def test_elliptic_law_of_symmetric_matrices_is_the_semicircle(tau):
    s = np.array([[0.0, 0.4], [1.5, 3.0]])
    expected = [
        [integrate.quad(lambda x: math.sqrt(4 - x * x) / math.pi, 0, min(r, 2.0))[0] for r in row]
        for row in s
    ]
    np.testing.assert_allclose(theory.elliptic_law_share(s, tau, gain=2.0), expected, rtol=1e-9)


def test_elliptic_law_is_continuous_where_its_branches_meet():
    r = np.linspace(0.0, 1.0, 2001)
    for tau, limit in ((1e-9, 0.0), (1.0 - 1e-9, 1.0)):
        near, at = theory.elliptic_law_share(r, tau), theory.elliptic_law_share(r, limit)
        np.testing.assert_allclose(near, at, atol=1e-4)
    assert np.abs(np.diff(theory.elliptic_law_share(r, 0.5))).max() < 2e-3


def test_the_exact_circular_law_tends_to_its_limit():
    s = np.array([0.2, 0.7, 0.9])
    exact = theory.expected_eigenvalues_within(s, 10_000, gain=1.1) / 10_000
    np.testing.assert_allclose(exact, theory.elliptic_law_share(s, gain=1.1), atol=1e-6)


# Overlaps.


def test_overlap_of_two_eigenvalues_by_quadrature():
    """At n = 2 the density of the other eigenvalue w at a given z is |z - w|² exp(-|w|²), and κ² = 1 + |t/(z - w)|²."""
    for z in (0.0, 0.6, 2.0):

        def mean(extra, z=z):
            def integrand(angle, r):
                return r * math.exp(-r * r) * (abs(z - r * cmath.exp(1j * angle)) ** 2 + extra)

            return integrate.dblquad(integrand, 0, 9, 0, math.pi)[0]

        # In units where E|a|² = 1; the matrices of the package have 1/n.
        assert theory.expected_overlap(z / math.sqrt(2.0), 2) == pytest.approx(mean(1) / mean(0), rel=1e-8)


def test_overlap_at_given_eigenvalues_is_a_product():
    """E κ² = Π_k (1 + g²/(n |λ - λ_k|²)) over the triangular factor of Schur's form, from NumPy's eigenvectors."""
    n, samples, rng = 4, 20_000, np.random.default_rng(6)
    values = np.array([0.3, -0.5 + 0.4j, 0.2 - 0.8j, 0.9])
    T = np.triu(complex_normals(rng, samples, n, n) / math.sqrt(n), 1) + np.diag(values)
    found, right = np.linalg.eig(T)
    left = np.linalg.inv(right)
    squares = (np.abs(right) ** 2).sum(axis=1) * (np.abs(left) ** 2).sum(axis=2)
    first = np.abs(found - values[0]).argmin(axis=1)
    expected = np.prod(1 + 1 / (n * np.abs(values[0] - values[1:]) ** 2))
    assert_mean(squares[np.arange(samples), first], expected)


@pytest.mark.parametrize("r", [0.0, 0.5, 0.9, 1.2])
def test_overlap_averages_that_product_over_the_other_eigenvalues(r):
    """Those of n given one at z are weighted by Π |z - λ_k|² against a Ginibre matrix of size n - 1."""
    n, samples, rng = 4, 40_000, np.random.default_rng(7)
    z = math.sqrt(n) * r
    others = np.linalg.eigvals(complex_normals(rng, samples, n - 1, n - 1))
    squares = np.abs(z - others) ** 2
    weighted, weight = np.prod(squares + 1, axis=1), np.prod(squares, axis=1)
    assert_mean(weighted - theory.expected_overlap(r, n) * weight, 0.0)


def test_overlap_is_near_its_limit_inside_and_one_far_outside():
    inside = np.array([0.0, 0.3, 0.8])
    np.testing.assert_allclose(
        theory.expected_overlap(2.0 * inside, 500, gain=2.0), 500 * (1 - inside**2), rtol=1e-6
    )
    assert theory.expected_overlap(1e6, 500) == pytest.approx(1.0, abs=1e-6)
    assert theory.expected_overlap(0.7, 1) == 1.0


# The stationary state.


def test_stationary_covariance_is_the_sum_over_the_past():
    rng = np.random.default_rng(8)
    A, B = rng.standard_normal((5, 5)), rng.standard_normal((5, 2))
    A *= 0.9 / np.abs(np.linalg.eigvals(A)).max()
    expected, power = np.zeros((5, 5)), B
    for _ in range(600):
        expected += power @ power.T
        power = A @ power
    np.testing.assert_allclose(theory.stationary_covariance(A, B), expected, rtol=1e-10)


@pytest.mark.parametrize("a", [0.0, 0.5, -0.999])
def test_stationary_variance_of_a_number(a):
    assert theory.stationary_covariance([[a]], [[1.0]]) == pytest.approx(1 / (1 - a * a), rel=1e-12)


def test_laws_of_radii_without_bound_reach_their_limits():
    far = [1e120, 1e200, 1e308, np.inf]
    for gain in (1.0, 1e-308):
        assert (theory.expected_overlap(far, 5, gain) == 1.0).all()
        assert (theory.kostlan_cdf(far, 5, gain) == 1.0).all()
        assert (theory.expected_eigenvalues_within(far, 5, gain) == 5.0).all()


def test_radii_that_are_not_numbers_are_named():
    with pytest.raises(ArgumentTypeError, match="radius: 'one'; numbers >= 0 would do"):
        theory.kostlan_cdf("one", 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.elliptic_law_share(0.5, tau=1.1), ["tau", "1.1", "-1 to 1"]),
        (lambda: theory.elliptic_law_share(-0.5), ["radius", "-0.5"]),
        (lambda: theory.elliptic_law_share(0.5, gain=0.0), ["gain", "0.0"]),
        (lambda: theory.expected_overlap(-1.0, 3), ["modulus", "-1.0"]),
        (lambda: theory.expected_overlap(1.0, 0), ["size", "0"]),
        (lambda: theory.stationary_covariance([[1.0]], [[1.0]]), ["A", "spectral radius 1", "below 1"]),
        (lambda: theory.stationary_covariance([[0.5]], [1.0]), ["B", "(1,)", "(1, m)"]),
        (lambda: theory.stationary_covariance([[0.5]], [[1j]]), ["B", "complex"]),
    ],
)
def test_impossible_arguments_are_named(call, words):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(theory.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"rhoscope.theory.{name}")
    assert doctest.testmod(module).failed == 0
