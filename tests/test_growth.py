"""rs.gradient_norms: against exact arithmetic and closed forms; batches, bits and impossible input."""

from typing import Any

import naive
import numpy as np
import pytest
from numpy.typing import NDArray

import rhoscope as rs
from rhoscope.errors import ArgumentError, ArgumentTypeError

Array = NDArray[np.float64]

each_method = pytest.mark.parametrize("method", ["step", "ladder", "auto"])


def ginibre(seed: int, count: int, n: int, gain: float = 1.0) -> tuple[Array, Array]:
    rng = np.random.default_rng([seed, n])
    return gain * rng.standard_normal((count, n, n)) / np.sqrt(n), rng.standard_normal((count, n))


@each_method
@pytest.mark.parametrize("n", [1, 2, 5, 8, 17, 25, 33])
def test_against_exact_arithmetic(n: int, method: str, device: str) -> None:
    A, delta = ginibre(1, 11, n)
    lags = [0, 1, 2, 3, 7, 16, 17]
    got = rs.gradient_norms(A, delta, lags, method=method, device=device)
    for s in (0, 10):
        np.testing.assert_allclose(
            got[s], naive.log_power_norms(A[s], delta[s], lags), rtol=0, atol=1e-13 * n
        )


@each_method
@pytest.mark.parametrize("radius", [0.5, 1.0, 2.0])
def test_a_million_lags_of_a_scaled_rotation(radius: float, method: str, device: str) -> None:
    """(r Q)^k keeps |delta| but for r^k, far past the range of float64."""
    A = radius * np.array([[0.6, 0.8], [-0.8, 0.6]])
    lags = [10**3, 10**6]
    got = rs.gradient_norms(A, [3.0, 4.0], lags, method=method, device=device)
    # The entries .6 and .8 are rounded, which makes Q a rotation times 1 +- 1e-16: 1e-10 at lag 10^6.
    expected = np.array(lags) * np.log(radius) + np.log(5.0)
    np.testing.assert_allclose(got, expected, rtol=1e-14, atol=2.5e-10)


@each_method
def test_the_adjoint_is_taken_and_not_the_matrix(method: str, device: str) -> None:
    A = [[1.0, 5.0], [0.0, 1.0]]  # (A^T)^k (1, 0) = (1, 5 k), while A^k (1, 0) = (1, 0)
    lags = np.array([0, 1, 3, 1000])
    got = rs.gradient_norms(A, [1.0, 0.0], lags, method=method, device=device)
    np.testing.assert_allclose(got, 0.5 * np.log1p(25.0 * lags**2), rtol=1e-14)


@each_method
def test_complex_systems_use_the_conjugate_transpose(method: str, device: str) -> None:
    rng = np.random.default_rng(7)
    A = (rng.standard_normal((3, 5, 5)) + 1j * rng.standard_normal((3, 5, 5))) / np.sqrt(10)
    delta = rng.standard_normal((3, 5)) + 1j * rng.standard_normal((3, 5))
    lags = [0, 1, 2, 30]
    for matrices, vectors in ((A, delta), (A, delta.real), (A.real, delta)):
        got = rs.gradient_norms(matrices, vectors, lags, method=method, device=device)
        for s in range(3):
            expected = naive.log_power_norms_mp(matrices[s], vectors[s], lags)
            np.testing.assert_allclose(got[s], expected, rtol=0, atol=1e-12)


@each_method
@pytest.mark.parametrize("n", [9, 30])
def test_exact_zero_is_minus_infinity_and_nothing_else_is(n: int, method: str, device: str) -> None:
    A, delta = ginibre(2, 5, n)
    A[0] = np.triu(A[0], 1)  # nilpotent: the n-th power vanishes, the one before does not
    A[1] = 0.0
    delta[2] = 0.0
    A[3] *= 1e-300
    lags = [0, 1, n - 1, n, 64, 1000]
    got = rs.gradient_norms(A, delta, lags, method=method, device=device)
    zero = np.zeros(got.shape, dtype=bool)
    zero[0, 3:] = zero[1, 1:] = zero[2] = True
    np.testing.assert_array_equal(got == -np.inf, zero)
    assert not np.isnan(got).any()


@each_method
def test_batches_broadcast(method: str, device: str) -> None:
    A, delta = ginibre(3, 6, 4)
    lags = [0, 3, 40]
    matrices, vectors = A[:2, None], delta[:5]
    got = rs.gradient_norms(matrices, vectors, lags, method=method, device=device)
    assert got.shape == (2, 5, 3)
    for i in range(2):
        for j in range(5):
            alone = rs.gradient_norms(A[i], delta[j], lags, method=method, device=device)
            assert alone.shape == (3,)
            np.testing.assert_array_equal(got[i, j], alone)
    many = rs.gradient_norms(A[:, None, None], delta[1], lags, method=method, device=device)
    assert many.shape == (6, 1, 1, 3)
    np.testing.assert_array_equal(many[0, 0, 0], got[0, 1])


@each_method
@pytest.mark.parametrize("n", [6, 28])
def test_neighbours_and_threads_leave_no_trace(n: int, method: str, device: str) -> None:
    A, delta = ginibre(4, 37, n)
    lags = [0, 5, 33, 300]
    whole = rs.gradient_norms(A, delta, lags, method=method, device=device, threads=1)
    again = rs.gradient_norms(A, delta, lags, method=method, device=device, threads=3)
    np.testing.assert_array_equal(again, whole)
    order = np.random.default_rng(0).permutation(37)
    mixed = rs.gradient_norms(A[order], delta[order], lags, method=method, device=device, threads=2)
    np.testing.assert_array_equal(mixed, whole[order])
    A[::2] *= 1e200
    delta[::3] = 0.0
    part = rs.gradient_norms(A, delta, lags, method=method, device=device)
    untouched = [s for s in range(37) if s % 2 and s % 3]
    np.testing.assert_array_equal(part[untouched], whole[untouched])


@pytest.mark.parametrize("n", [3, 16, 20, 40])
@pytest.mark.parametrize(
    ("method", "dtype"),
    [("step", "float64"), ("ladder", "float64"), ("auto", "float64"), ("step", "float32")],
)
def test_every_lag_has_the_bits_it_has_alone(n: int, method: str, dtype: str, device: str) -> None:
    """Logarithms of many lags go by vectors, the last of which is not full, nor is the last group of samples."""
    A, delta = ginibre(5, 13, n)
    lags = [0, *range(2, 40), 200, 201, 300]
    options: Any = {"dtype": dtype, "device": device if dtype == "float64" else "cpu"}
    together = rs.gradient_norms(A, delta, lags, method=method, **options)
    stepped = [rs.gradient_norms(A, delta, [lag], method="step", **options)[:, 0] for lag in lags]
    np.testing.assert_allclose(together, np.transpose(stepped), rtol=0, atol=0 if method == "step" else 1e-8)
    for s in range(13):
        alone = rs.gradient_norms(A[s], delta[s], lags, method=method, **options)
        np.testing.assert_array_equal(together[s], alone)


@pytest.mark.parametrize("method", ["ladder", "auto"])
@pytest.mark.parametrize("n", [1, 20])
def test_no_exponent_is_taken_for_that_of_zero(n: int, method: str, device: str) -> None:
    A, lags = 0.5 * np.eye(n), 2 ** np.arange(30, 50)
    got = rs.gradient_norms(A, np.ones(n), lags, method=method, device=device)
    np.testing.assert_allclose(got, np.log(n) / 2 - lags * np.log(2.0), rtol=1e-15)


def test_inputs_are_left_alone(device: str) -> None:
    A, delta = ginibre(5, 3, 4)
    before = A.copy(), delta.copy()
    rs.gradient_norms(A, delta, [0, 9], device=device)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(delta, before[1])


A2, D2 = np.eye(2), np.ones(2)


@pytest.mark.parametrize("n", [2, 16, 20])
@pytest.mark.parametrize("lags", [[0], [1, 5], [100_000]], ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_found_in_any_chunk(
    n: int, lags: list[int], bad: float, device: str
) -> None:
    A, delta = ginibre(6, 70, n)
    worse = A.copy()
    worse[57, n - 1, 0] = bad
    with pytest.raises(ArgumentError, match=rf"A: {bad} at index \(57, {n - 1}, 0\)"):
        rs.gradient_norms(worse, delta, lags, threads=2, device=device)
    with pytest.raises(ArgumentError, match=rf"A: {bad} at index \({n - 1}, 0\)"):
        rs.gradient_norms(worse[57], delta + 0j, lags, device=device)
    with pytest.raises(ArgumentError, match=rf"A: {bad} at index \(57, {n - 1}, 0\)"):
        rs.gradient_norms(worse, delta, lags, threads=2, dtype="float32")
    delta[69, n - 1] = bad
    with pytest.raises(ArgumentError, match=rf"delta: {bad} at index \(69, {n - 1}\)"):
        rs.gradient_norms(A, delta, lags, threads=2, device=device)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((A2, np.ones(3), [1]), {}, r"A: shape \(2, 2\) beside delta of shape \(3,\)"),
        ((np.ones((3, 2, 2)), np.ones((4, 2)), [1]), {}, r"\(3, 2, 2\) beside delta of shape \(4, 2\)"),
        ((np.ones((2, 3)), np.ones(3), [1]), {}, r"A: shape \(2, 3\); square"),
        ((np.ones((0, 2, 2)), D2, [1]), {}, r"A: shape \(0, 2, 2\) is empty"),
        (([[1.0, np.nan], [0.0, 1.0]], D2, [1]), {}, r"A: nan at index \(0, 1\)"),
        ((A2, [1.0, np.inf], [1]), {}, r"delta: inf at index \(1,\)"),
        ((A2, D2, [-1]), {}, "lags: -1 at index 0"),
        ((A2, D2, [1, 2.5]), {}, "lags: 2.5 at index 1"),
        ((A2, D2, [4, 2]), {}, "lags: 2 at index 1 follows 4"),
        ((A2, D2, [2, 2]), {}, "lags: 2 at index 1 follows 2"),
        ((A2, D2, []), {}, r"lags: shape \(0,\)"),
        ((A2, D2, [1]), {"method": "lader"}, "method = 'lader': not a method; 'ladder' would do"),
        ((A2, D2, [1]), {"method": "steps"}, "'step' would do"),
        ((A2, D2, [1]), {"method": None}, "method = None: not a method"),
        ((A2, D2, [1]), {"threads": 0}, "threads = 0"),
        ((A2, D2, [1]), {"device": "abacus"}, "device = 'abacus'"),
    ],
)
def test_impossible_values_are_named(arguments: Any, options: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        rs.gradient_norms(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.full((2, 2), "a"), D2, [1]), "A: dtype"),
        ((A2, np.full(2, "a"), [1]), "delta: dtype"),
        ((A2, D2, ["x"]), "lags: dtype"),
    ],
)
def test_what_is_no_number_is_named(arguments: Any, says: str) -> None:
    with pytest.raises(ArgumentTypeError, match=says):
        rs.gradient_norms(*arguments)
