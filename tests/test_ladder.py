"""Gradient norms by binary powers: the squares, the account of their error, and when another way takes over."""

import ctypes
import ctypes.util
from fractions import Fraction

import naive
import numpy as np
import pytest
from ladder_cases import (
    Array,
    assert_trusted_is_right,
    ginibre,
    ladder,
    pairs_of_eigenvalues,
    rotated,
    triangular,
)

import rhoscope as rs
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu, cpu_columns
from rhoscope.kernels.layout import leading

WIDTH = 8

both = pytest.mark.parametrize("columns", [False, True], ids=["interleaved", "columns"])
each_ladder = pytest.mark.parametrize("parts", [1, 2], ids=["one part", "two parts"])


# Squares.


def square(P: Array, columns: bool) -> Array:
    """P P by the kernel."""
    n = len(P)
    down = -(-n // WIDTH) if columns else leading(n)
    w = lanes(2 * n * down + 2 * n)
    if columns:
        w[: n * down * WIDTH].reshape(n, -1)[:, :n] = P
        cpu_columns.square(w, n * down, 0, down, n, 2 * n * down)
        return w[n * down * WIDTH : 2 * n * down * WIDTH].reshape(n, -1)[:, :n]
    w[: n * down * WIDTH].reshape(n, down, WIDTH)[:, :n, 5] = P
    cpu.square(w, n * down, 0, down, n, 2 * n * down)
    return w[n * down * WIDTH : 2 * n * down * WIDTH].reshape(n, down, WIDTH)[:, :n, 5]


def square_pair(P: Array, rest: Array, columns: bool) -> tuple[Array, Array]:
    """The two parts of (P + rest)^2 by the kernel."""
    n = len(P)
    down = -(-n // WIDTH) if columns else leading(n)
    cells = n * down
    w = lanes(4 * cells)
    for i, part in enumerate((P, rest)):
        place = w[i * cells * WIDTH : (i + 1) * cells * WIDTH]
        if columns:
            place.reshape(n, -1)[:, :n] = part
        else:
            place.reshape(n, down, WIDTH)[:, :n, 2] = part
    (cpu_columns if columns else cpu).square_pair(w, 2 * cells, 0, cells, down, n)
    found = []
    for i in (2, 3):
        place = w[i * cells * WIDTH : (i + 1) * cells * WIDTH]
        found.append(place.reshape(n, -1)[:, :n] if columns else place.reshape(n, down, WIDTH)[:, :n, 2])
    return found[0], found[1]


@both
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 14, 17, 23, 24, 97, 127, 128, 137, 193])
def test_an_entry_of_a_square_is_a_sum_of_chains_of_multiply_adds(n: int, columns: bool) -> None:
    """In every tile, at every edge of tiles, and from packed columns; larger matrices have several chains."""
    fma = ctypes.CDLL(ctypes.util.find_library("m")).fma
    fma.restype, fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3
    P = np.random.default_rng(n).standard_normal((n, n))
    got = square(P, columns)
    chains = max(1, n // 64) if columns else 1
    length = -(-n // chains)
    rows = sorted({0, n // 2, *range(max(0, n - 9), n)})
    for i in rows:
        for j in rows:
            expected = 0.0
            for first in range(0, n, length):
                one = 0.0
                for k in range(first, min(first + length, n)):
                    one = fma(P[i, k], P[k, j], one)
                expected = one + expected
            assert got[i, j] == expected
    np.testing.assert_allclose(got, P @ P, rtol=0, atol=1e-13 * n)


@both
@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 16])
def test_squares_in_two_parts_keep_their_bound(n: int, columns: bool) -> None:
    rng = np.random.default_rng(n)
    P = rng.standard_normal((n, n))
    P *= 1.999 / np.linalg.norm(P)
    rest = P * rng.uniform(-1, 1, (n, n)) * 2.0**-54
    high, low = square_pair(P, rest, columns)
    exact = naive.exact(P) + naive.exact(rest)
    errors = naive.exact(high) + naive.exact(low) - exact @ exact
    assert max(abs(e) for e in errors.ravel()) <= Fraction(n * n) / 2**101
    np.testing.assert_array_equal(high + low, high)


@both
@pytest.mark.parametrize("n", [5, 16, 24, 64, 100])
def test_a_product_with_two_vectors_is_two_products(n: int, columns: bool) -> None:
    rng = np.random.default_rng(n)
    P, x = rng.standard_normal((n, n)), rng.standard_normal((2, n))
    count = -(-n // WIDTH) if columns else n
    down = count if columns else leading(n)
    w = lanes(n * down + 4 * count)
    vectors = w[n * down * WIDTH :].reshape(4, -1)
    if columns:
        w[: n * down * WIDTH].reshape(n, -1)[:, :n] = P
        vectors[2:, :n] = x
    else:
        w[: n * down * WIDTH].reshape(n, down, WIDTH)[:, :n, 3] = P
        vectors[2:].reshape(2, n, WIDTH)[:, :, 3] = x
    y = n * down
    kernels = cpu_columns if columns else cpu
    kernels.apply_to_two(w, y, y + count, count, (0, down, n), y + 2 * count, y + 3 * count)
    got = vectors[:2, :n] if columns else vectors[:2].reshape(2, n, WIDTH)[:, :, 3]
    np.testing.assert_allclose(got, x @ P, rtol=0, atol=1e-13 * n)


# What the ladder trusts is right, whatever the system.


def decoupled(seed: int) -> Array:
    """A block that decays far beside a rotation; nothing leads from one to the other."""
    A = np.zeros((3, 12, 12))
    A[:, :6, :6] = rotated(triangular(seed, 3, 6, 4.0) * 0.5, seed)
    A[:, 6:, 6:] = 0.99 * np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 6, 6)))[0]
    return A


def hidden_mode(second: float) -> tuple[Array, Array]:
    """Symmetric, eigenvalue 1 and others up to `second`; delta is orthogonal to the first but for rounding."""
    rng = np.random.default_rng(17)
    Q = np.linalg.qr(rng.standard_normal((6, 8, 8)))[0]
    values = np.concatenate([[1.0, second], second * np.linspace(-0.9, 0.8, 6)])
    delta = rng.standard_normal((6, 8))
    delta -= np.sum(delta * Q[:, :, 0], axis=1, keepdims=True) * Q[:, :, 0]
    return Q * values @ Q.swapaxes(-1, -2), delta


def scaled_rows(spread: float) -> Array:
    rng = np.random.default_rng(23)
    D = 10.0 ** rng.uniform(-spread, spread, (6, 8))
    return rng.standard_normal((6, 8, 8)) * D[:, :, None] / D[:, None, :]


def ill_conditioned_pair() -> Array:
    """Eigenvalues e^{i} and e^{-i}, eigenvectors with a condition number of 10^4."""
    V = np.array([[1.0, 1.0], [0.0, 1e-4]])
    turn = np.array([[np.cos(1.0), np.sin(1.0)], [-np.sin(1.0), np.cos(1.0)]])
    return np.tile(np.linalg.inv(V) @ turn @ V, (6, 1, 1))


JORDAN = np.tile(0.95 * np.eye(4) + np.eye(4, k=1), (6, 1, 1))
DEFECTIVE = np.tile([[0.9, 1.0], [0.0, 0.9 + 1e-6]], (6, 1, 1))
SYSTEMS: dict[str, tuple[Array, Array | None]] = {
    "ginibre": (ginibre(1, 6, 8)[0], None),
    "two by two": (ginibre(2, 20, 2, 2.0)[0], None),
    "columns": (ginibre(3, 2, 26)[0], None),
    "triangular": (triangular(4, 6, 12, 3.0), None),
    "rotated triangular": (rotated(triangular(5, 6, 12, 3.0), 5), None),
    "rotated triangular, far from normal": (rotated(triangular(6, 6, 12, 6.0), 6), None),
    "rotated Jordan block": (rotated(JORDAN, 7), None),
    "rotated, nearly defective": (rotated(DEFECTIVE, 8), None),
    "rotated nilpotent": (rotated(np.tile(2.0 * np.eye(10, k=1), (3, 1, 1)), 9), None),
    "decoupled": (decoupled(10), np.repeat([[1.0, -2.0, 3.0, 1.0, -1.0, 2.0] + [0.0] * 6], 3, axis=0)),
    "hidden mode, soon back": hidden_mode(0.8),
    "hidden mode, later": hidden_mode(0.97),
    "hidden mode, late": hidden_mode(0.99),
    "badly scaled": (scaled_rows(2.0), None),
    "very badly scaled": (scaled_rows(8.0), None),
    "ill-conditioned pair": (ill_conditioned_pair(), None),
    "graded": (
        np.tile(np.diag([1.0, 2.0**-400, 0.5]), (2, 1, 1)),
        np.array([[0.0, 3.0, 0.0], [0.0, 1.0, 1.0]]),
    ),
    "underflow": (np.array([[[2.0**-600, 1.0], [0.0, 2.0**-600]]]), np.ones((1, 2))),
    "tiny": (ginibre(11, 3, 5)[0] * 1e-300, None),
}
LAGS = [0, 1, 2, 3, 5, 16, 21, 31, 32, 100, 127, 128, 200, 255, 300, 512, 777, 1000]


@each_ladder
@pytest.mark.parametrize("name", SYSTEMS)
def test_what_the_ladder_trusts_is_right(name: str, parts: int) -> None:
    A, delta = SYSTEMS[name]
    delta = ginibre(99, len(A), A.shape[-1])[1] if delta is None else delta
    assert_trusted_is_right(A, delta, LAGS, parts)
    assert not np.isnan(ladder(A, delta, [0, 1000], parts)[:, 0]).any()


@pytest.mark.parametrize(
    "A",
    [
        rotated(triangular(20, 2500, 6, 6.0), 20),
        rotated(triangular(20, 2500, 12, 4.0), 20),
        pairs_of_eigenvalues(5000, 100.0),
    ],
    ids=["triangular, n = 6", "triangular, n = 12", "pairs"],
)
def test_what_the_ladder_trusts_is_right_at_the_edge(A: Array) -> None:
    """Many systems whose errors pass 1e-8 at these lags: each part of the account decides for some of them."""
    lags = [21, 31, 32, 63, 127, 128, 200, 1000]
    delta = ginibre(20, len(A), A.shape[-1])[1]
    assert_trusted_is_right(A, delta, lags, 1)
    assert 0.1 < np.isnan(ladder(A, delta, lags)).mean() < 0.9


@pytest.mark.parametrize("name", ["ginibre", "two by two", "columns", "tiny"])
def test_the_ladder_trusts_ordinary_systems(name: str) -> None:
    A, _ = SYSTEMS[name]
    assert not np.isnan(ladder(A, ginibre(99, len(A), A.shape[-1])[1], LAGS)).any()


@pytest.mark.parametrize("n", [30, 64, 100])
def test_the_ladder_trusts_ordinary_systems_at_far_lags(n: int) -> None:
    """Errors that came in long after the first vector have not grown since then, however little it had of the modes."""
    A, delta = ginibre(33, 32, n)
    assert not np.isnan(ladder(A, delta, [1000, 300_000])).any()


def test_the_ladder_trusts_most_nearly_defective_systems() -> None:
    """About one in 25 is refused; which, hangs on the rounding of the rotation, and with it on the machine."""
    A = rotated(np.repeat(DEFECTIVE, 50, axis=0), 8)
    refused = np.isnan(ladder(A, ginibre(99, len(A), 2)[1], LAGS)).any(axis=1)
    assert refused.mean() < 0.1


@each_ladder
@pytest.mark.parametrize("n", [9, 30])
def test_a_true_zero_is_trusted(n: int, parts: int) -> None:
    A, delta = ginibre(21, 3, n)
    A[0] = np.eye(n, k=1)  # nilpotent
    A[1] = 0.0
    delta[2] = 0.0
    lags = [0, 1, n - 1, n, 100, 1000]
    got = ladder(A, delta, lags, parts)
    assert not np.isnan(got).any()
    expected = np.zeros(got.shape, dtype=bool)
    expected[0, 3:] = expected[1, 1:] = expected[2] = True
    np.testing.assert_array_equal(got == -np.inf, expected)


@each_ladder
@pytest.mark.parametrize("n", [2, 7, 26])
def test_far_lags_against_high_precision(n: int, parts: int) -> None:
    A, delta = ginibre(12, 3, n)
    lags = [10**6 - 1, 10**6] if parts == 1 else [10**6, 10**12]
    got = ladder(A, delta, lags, parts)
    truth = np.array([naive.log_power_norms_far(a, d, lags) for a, d in zip(A, delta, strict=True)])
    bound = 1e-8 if parts == 1 else 1e-11
    # the result itself is rounded to 53 bits
    np.testing.assert_array_less(np.abs(got - truth), bound + 4e-16 * np.abs(truth))


# Where it is not sure, something else is done.


def plain_ladder(A: Array, delta: Array, steps: int) -> float:
    """log |(A^T)^(2^steps) delta| by squaring in float64, rescaled, with no account of errors."""
    P, exponent = A.copy(), 0.0
    for _ in range(steps):
        P = P @ P
        size = np.abs(P).max()
        P, exponent = P / size, 2 * exponent + np.log(size)
    return float(np.log(np.linalg.norm(P.T @ delta)) + exponent)


@pytest.mark.parametrize("method", ["ladder", "auto"])
def test_a_transient_of_1e8_is_stepped_through(method: str, device: str) -> None:
    n, lag = 24, 1024
    A = rotated(triangular(13, 1, n, 11.0), 13)[0]
    delta = ginibre(13, 1, n)[1][0]
    early = rs.gradient_norms(A, delta, np.arange(200), method="step")
    assert np.max(early) - early[0] > 8 * np.log(10)
    truth = naive.log_power_norms_far(A, delta, [lag])[0]
    # Squaring alone is wrong by many orders of magnitude; stepping is off by what its own rounding allows.
    assert abs(plain_ladder(A, delta, 10) - truth) > 20
    lags = [1, 2, 1000, lag]
    got = rs.gradient_norms(A, delta, lags, method=method, device=device)
    assert abs(got[-1] - truth) < 0.1
    stepped = rs.gradient_norms(A, delta, lags, method="step", device=device)
    np.testing.assert_array_equal(got[2:], stepped[2:])
    # A companion that needs no help changes nothing, nor does it change itself.
    other = ginibre(14, 1, n)[0][0]
    pair = rs.gradient_norms([A, other], delta, lags, method=method, device=device)
    np.testing.assert_array_equal(pair[0], got)
    np.testing.assert_array_equal(
        pair[1], rs.gradient_norms(other, delta, lags, method=method, device=device)
    )


def test_two_parts_take_over_where_one_is_not_enough(device: str) -> None:
    """Near 10^7 the errors of squaring in one float64 pass 1e-8, and stepping would take far longer."""
    A, delta = ginibre(15, 4, 6)
    lags = [1000, 3 * 10**8]
    one, two = ladder(A, delta, lags), ladder(A, delta, lags, 2)
    np.testing.assert_array_equal(np.isnan(one), [[False, True]] * 4)
    got = rs.gradient_norms(A, delta, lags, device=device)
    np.testing.assert_array_equal(got, np.where(np.isnan(one), two, one))


# Its own arithmetic of lags, and the choice of the way.


@each_ladder
@pytest.mark.parametrize("n", [3, 26])
def test_every_lag(n: int, parts: int) -> None:
    """Every path through the binary digits, those shared with the lag before and those that are not."""
    A, delta = ginibre(16, 2, n)
    stepped = rs.gradient_norms(A, delta, np.arange(300), method="step")
    for lags in (range(300), range(0, 300, 7), [256], [5, 6, 255, 299]):
        np.testing.assert_allclose(ladder(A, delta, [*lags], parts), stepped[:, [*lags]], rtol=0, atol=1e-11)


@each_ladder
def test_rows_that_lie_apart(parts: int) -> None:
    """At n = 512 a row is 4 KB, and a cell more keeps rows out of each other's cache sets."""
    A, delta = ginibre(34, 2, 512)
    lags = [1, 100, 1000]
    stepped = rs.gradient_norms(A, delta, lags, method="step")
    np.testing.assert_allclose(ladder(A, delta, lags, parts), stepped, rtol=0, atol=1e-11)


def test_methods_agree_to_the_stated_bound(device: str) -> None:
    for n, count in ((2, 64), (9, 32), (30, 8)):
        A, delta = ginibre(18, count, n, 1.2)
        lags = [10, 100, 1000, 20_000]
        found = [
            rs.gradient_norms(A, delta, lags, method=method, device=device) for method in ("step", "ladder")
        ]
        np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("n", [4, 16, 40])
def test_auto_takes_the_cheaper_way(n: int, device: str) -> None:
    A, delta = ginibre(19, 3, n)

    def bits(lags: list[int], method: str) -> Array:
        return rs.gradient_norms(A, delta, lags, method=method, device=device)

    near, far = [1, 2, 3, 10], [5, 10_000]
    np.testing.assert_array_equal(bits(near, "auto"), bits(near, "step"))
    np.testing.assert_array_equal(bits(far, "auto"), bits(far, "ladder"))
    assert np.any(bits(far, "ladder") != bits(far, "step"))
