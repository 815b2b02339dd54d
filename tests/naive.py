"""Slow, obvious oracles, written from the definitions. None of them imports the package.

Floats are rational numbers, so `Fraction` makes sums and products of them exact: for real input the results
are the truth, whatever cancels. mpmath serves where exact numbers would grow too long.
"""

from fractions import Fraction
from typing import Any

import flint  # pyright: ignore[reportMissingImports]  # it has no type hints
import mpmath
import numpy as np
import scipy.linalg
from numpy.typing import NDArray

# Exact linear algebra.


def exact(values: Any) -> NDArray[Any]:
    """The same numbers as an object array of Fractions."""
    array = np.asarray(values, dtype=np.float64)
    out = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        out[index] = Fraction(float(array[index]))
    return out


def log_of(value: Fraction) -> float:
    """Natural logarithm of a rational number of any size; -inf of 0."""
    if value == 0:
        return -np.inf
    with mpmath.workdps(30):
        return float(mpmath.log(value.numerator) - mpmath.log(value.denominator))


def log_norm(values: Any) -> float:
    """Natural logarithm of the Euclidean norm of exact numbers."""
    return log_of(sum((v * v for v in np.ravel(values)), Fraction(0))) / 2


def as_float(value: Fraction) -> float:
    """The nearest float64, infinite past its range."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


as_floats = np.vectorize(as_float, otypes=[np.float64])


def matrix_powers(matrix: NDArray[Any], most: int) -> list[NDArray[Any]]:
    """Powers 0 to `most`, each one product more than the last."""
    powers = [exact(np.eye(len(matrix)))]
    for _ in range(most):
        powers.append(matrix @ powers[-1])
    return powers


def matrix_power(matrix: NDArray[Any], k: int) -> NDArray[Any]:
    """A·A·…·A, k times."""
    return matrix_powers(matrix, k)[-1]


# Norms of powers.


def log_power_norms(A: Any, delta: Any, lags: Any) -> list[float]:
    """log |(A^T)^k delta| for every lag k, exactly but for the last rounding."""
    transposed, vector = exact(A).T, exact(delta)
    norms = {}
    for k in range(max(lags) + 1):
        if k in lags:
            norms[k] = log_norm(vector)
        vector = transposed @ vector
    return [norms[k] for k in lags]


def log_power_norms_mp(A: Any, delta: Any, lags: Any, digits: int = 50) -> list[float]:
    """log |(A^H)^k delta| by stepping in mpmath, without limit of range; for long horizons or complex A."""
    with mpmath.workdps(digits):
        adjoint = mpmath.matrix(np.asarray(A).tolist()).H
        vector = mpmath.matrix(np.asarray(delta).tolist())
        norms = {}
        for k in range(max(lags) + 1):
            if k in lags:
                norm = mpmath.norm(vector)
                norms[k] = float(mpmath.log(norm)) if norm else -np.inf
            vector = adjoint * vector
        return [norms[k] for k in lags]


def log_power_norms_far(A: Any, delta: Any, lags: Any, bits: int = 400) -> list[float]:
    """log |(A^T)^k delta| by squaring A in arb, whose many bits outlast the doubling of errors; real A."""
    flint.ctx.prec = bits
    powers = [flint.arb_mat(np.asarray(A).T.tolist())]
    while len(powers) < int(max(lags)).bit_length():
        powers.append(powers[-1] * powers[-1])
    norms = []
    for k in lags:
        vector = flint.arb_mat([[x] for x in np.asarray(delta).tolist()])
        for bit, power in enumerate(powers):
            if int(k) >> bit & 1:
                vector = power * vector
        square = sum((x * x for x in vector.entries()), flint.arb(0))
        assert square == 0 or square.rel_accuracy_bits() > 60
        norms.append(float(square.log() / 2) if square != 0 else -np.inf)
    return norms


# Backpropagation through time.


def states(A: Any, B: Any, x: Any, h0: Any) -> list[NDArray[Any]]:
    """h_t = A^t h_0 + sum over s = 1..t of A^{t-s} B x_s, for t = 0..T, from exact arguments."""
    powers = matrix_powers(A, len(x))
    return [
        powers[t] @ h0 + sum((powers[t - s] @ B @ x[s - 1] for s in range(1, t + 1)), 0 * h0)
        for t in range(len(x) + 1)
    ]


def bptt(A: Any, B: Any, x: Any, h0: Any, y: Any) -> dict[str, NDArray[Any]]:
    """Gradients of |h_T - y|^2 / 2 as the explicit sums over time, exact."""
    A, B, x, h0, y = (exact(v) for v in (A, B, x, h0, y))
    T = len(x)
    h = states(A, B, x, h0)
    error = h[T] - y
    powers = matrix_powers(A.T, T)
    dh = [powers[T - t] @ error for t in range(T + 1)]
    return {
        "loss": np.array(sum(e * e for e in error) / 2, dtype=object),
        "h": np.array(h),
        "dh": np.array(dh),
        "dA": sum((np.outer(dh[t], h[t - 1]) for t in range(1, T + 1)), 0 * A),
        "dB": sum((np.outer(dh[t], x[t - 1]) for t in range(1, T + 1)), 0 * B),
        "dh0": dh[0],
        "dx": np.array([B.T @ dh[t] for t in range(1, T + 1)]),
    }


def rtrl(A: Any, B: Any, x: Any, h0: Any, y: Any) -> dict[str, NDArray[Any]]:
    """∂L/∂A, ∂L/∂B and ∂L/∂h_0 by carrying the sensitivities of h_t forward in time, exact.

    S_t[i, p, q] = ∂h_t[i]/∂A[p, q] obeys S_t = A S_{t-1} + (1 at i = p) h_{t-1}[q]; like it for B, h_0.
    """
    A, B, x, h0, y = (exact(v) for v in (A, B, x, h0, y))
    n, m = B.shape
    to_A, to_B, to_h0 = exact(np.zeros((n, n, n))), exact(np.zeros((n, n, m))), exact(np.eye(n))
    h = h0
    for inputs in x:
        to_A = np.tensordot(A, to_A, axes=1)
        to_B = np.tensordot(A, to_B, axes=1)
        for i in range(n):
            to_A[i, i] += h
            to_B[i, i] += inputs
        to_h0 = A @ to_h0
        h = A @ h + B @ inputs
    error = h - y
    return {
        "dA": np.tensordot(error, to_A, axes=1),
        "dB": np.tensordot(error, to_B, axes=1),
        "dh0": error @ to_h0,
    }


# Randomness.


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 of Salmon, Moraes, Dror and Shaw (2011), in Python's whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        product0, product1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (product1 >> 32) ^ c[1] ^ k[0],
            product1 & 0xFFFFFFFF,
            (product0 >> 32) ^ c[3] ^ k[1],
            product0 & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0], c[1], c[2], c[3]


def stream_words(seed: int, stream: int, block: int, sample: int) -> tuple[int, int, int, int]:
    """The four words of one block of one stream (8 bits) of a sample (64 bits); a block has 56 bits."""
    low = 0xFFFFFFFF
    counter = (block & low, (block >> 32) << 8 | stream, sample & low, sample >> 32)
    return philox(counter, (seed & low, seed >> 32))


def uniform_pair(seed: int, stream: int, block: int, sample: int) -> tuple[Fraction, Fraction]:
    """Two numbers uniform on {1, ..., 2^53} / 2^53: the first 53 bits of two words."""
    r0, r1, r2, r3 = stream_words(seed, stream, block, sample)
    return Fraction(((r0 << 32 | r1) >> 11) + 1, 2**53), Fraction(((r2 << 32 | r3) >> 11) + 1, 2**53)


def normal_pair(seed: int, stream: int, block: int, sample: int) -> tuple[float, float]:
    """Two standard normal numbers by Box and Muller, rounded once.

    The second uniform number goes from -1/4 to 1/4, in half turns. Of the word's last two bits, the second one turns
    the first axis round, and the last one exchanges the axes.
    """
    u0, u1 = uniform_pair(seed, stream, block, sample)
    *_, last = stream_words(seed, stream, block, sample)
    with mpmath.workdps(40):
        radius = mpmath.sqrt(-2 * mpmath.log(mpmath.mpf(u0.numerator) / u0.denominator))
        angle = mpmath.mpf(u1.numerator) / (2 * u1.denominator) - mpmath.mpf(1) / 4
        along = (-1) ** (last >> 1 & 1) * radius * mpmath.cospi(angle)
        across = radius * mpmath.sinpi(angle)
    return (float(across), float(along)) if last & 1 else (float(along), float(across))


def normals(seed: int, stream: int, sample: int, count: int) -> NDArray[np.float64]:
    """The first `count` normal numbers of one stream of a sample."""
    pairs = [normal_pair(seed, stream, block, sample) for block in range((count + 1) // 2)]
    return np.array([value for pair in pairs for value in pair][:count])


# Spectra.


def eigenvalue_conditions(matrix: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Eigenvalues and kappa = |l| |r| / |l^H r| of each, from LAPACK's left and right eigenvectors."""
    values, left, right = scipy.linalg.eig(matrix, left=True, right=True)
    overlap = np.abs(np.sum(left.conj() * right, axis=0))
    lengths = np.linalg.norm(left, axis=0) * np.linalg.norm(right, axis=0)
    with np.errstate(divide="ignore"):
        return values, lengths / overlap
