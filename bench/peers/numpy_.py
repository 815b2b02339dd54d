"""NumPy: one BLAS thread under a pool of threads over chunks of the batch."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench.peers.base import RESCALE, STEPS_TO, Variant, chunk_sizes, few_squares
from bench.peers.numpy_bptt import backpropagation
from bench.peers.numpy_study import study
from bench.pool import Pool

__all__ = ["backpropagation", "eigvals", "log_norms_by_ladder", "log_norms_by_steps", "normals", "study"]

name = "NumPy"


def eigvals(matrices: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """linalg.eigvals, which releases the GIL."""
    count, n, _ = matrices.shape
    for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (2.5e5, 1.5e6, 1e9)):

        def run(chunk: int = chunk) -> np.ndarray:
            out = np.empty((count, n), dtype=complex)

            def work(part: slice) -> None:
                out[part] = np.linalg.eigvals(matrices[part])

            pool.over_chunks(work, count, chunk)
            return out

        yield Variant(f"linalg.eigvals, chunks of {chunk}", run)


def log_norms_by_steps(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """The whole loop over the lags for one chunk at a time, so that its matrices stay in cache."""
    count, n = delta.shape
    products = {"matmul": _Rows, "einsum, matrices last": _MatricesLast} if n <= 16 else {"matmul": _Rows}
    for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (5e5, 8e5, 1.5e6)):
        for label, layout in products.items():

            def run(chunk: int = chunk, layout: type[_Rows] | type[_MatricesLast] = layout) -> np.ndarray:
                out = np.empty((count, len(lags)))

                def work(part: slice) -> None:
                    _log_norms(layout(A[part], delta[part]), lags, out[part])

                pool.over_chunks(work, count, chunk)
                return out

            yield Variant(f"{label}, chunks of {chunk}", run)


class _Rows:
    """d as (chunk, n): BLAS at every step."""

    axis = 1

    def __init__(self, A: np.ndarray, delta: np.ndarray) -> None:
        self.A, self.d = A, delta.copy()

    def step(self, d: np.ndarray, out: np.ndarray) -> None:
        np.matmul(d[:, None, :], self.A, out=out[:, None, :])


class _MatricesLast:
    """d as (n, chunk): at small n one long inner loop over the chunk beats many small calls of BLAS."""

    axis = 0

    def __init__(self, A: np.ndarray, delta: np.ndarray) -> None:
        self.A, self.d = np.array(np.moveaxis(A, 0, -1), order="C"), np.array(delta.T, order="C")

    def step(self, d: np.ndarray, out: np.ndarray) -> None:
        np.einsum("ic,ijc->jc", d, self.A, out=out)


def _log_norms(layout: _Rows | _MatricesLast, lags: np.ndarray, out: np.ndarray) -> None:
    columns = {int(lag): column for column, lag in enumerate(lags)}
    d, spare = layout.d, np.empty_like(layout.d)
    exponent = np.zeros(len(out), dtype=np.int64)
    for k in range(int(max(lags)) + 1):
        if k in columns:
            out[:, columns[k]] = np.log(np.linalg.norm(d, axis=layout.axis)) + exponent * np.log(2.0)
        layout.step(d, spare)
        d, spare = spare, d
        if k % RESCALE == RESCALE - 1:
            shift = np.frexp(np.abs(d).max(axis=layout.axis))[1]
            np.ldexp(d, -np.expand_dims(shift, layout.axis), out=d)
            exponent += shift


def log_norms_by_ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """Binary powers: P holds A^(2^j), scaled; every lag with bit j set takes one product with it.

    Or few of them and steps with the last; or, where lags are not too far, steps alone.
    """
    count, n = delta.shape
    highest = int(max(lags))
    ways: dict[str, Callable] = {"binary powers by matmul": _ladder}
    for squares in few_squares(n, highest):
        ways[f"{squares} squares, then steps"] = partial(_few_squares, squares)
    for label, way in ways.items():
        for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (2.5e5, 5e5, 1e6)):

            def run(chunk: int = chunk, way: Callable = way) -> np.ndarray:
                out = np.empty((count, len(lags)))

                def work(part: slice) -> None:
                    out[part] = way(A[part], delta[part], lags)

                pool.over_chunks(work, count, chunk)
                return out

            yield Variant(f"{label}, chunks of {chunk}", run)
    if highest <= STEPS_TO:
        yield from log_norms_by_steps(A, delta, lags, pool)


def _few_squares(squares: int, A: np.ndarray, delta: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """With P = A^(2^squares): a vector goes on by P, and lags branch off by the lower powers."""
    powers, shifts = [A], [np.zeros(len(A), dtype=np.int64)]
    for _ in range(squares):
        P = np.matmul(powers[-1], powers[-1])
        shift = np.frexp(np.abs(P).max(axis=(1, 2)))[1]
        powers.append(np.ldexp(P, -shift[:, None, None], out=P))
        shifts.append(2 * shifts[-1] + shift)
    out = np.empty((len(A), len(lags)))
    d, spare = delta[:, None, :].copy(), np.empty((len(A), 1, A.shape[-1]))
    exponent = np.zeros(len(A), dtype=np.int64)
    reached = 0
    for column in np.argsort(lags):
        lag = int(lags[column])
        while reached < lag >> squares:
            np.matmul(d, powers[-1], out=spare)
            d, spare = spare, d
            reached += 1
            exponent += shifts[-1]
            if reached % (RESCALE >> squares or 1) == 0:
                shift = np.frexp(np.abs(d).max(axis=(1, 2)))[1]
                np.ldexp(d, -shift[:, None, None], out=d)
                exponent += shift
        branch, apart = d, exponent
        for bit in range(squares):
            if lag >> bit & 1:
                branch, apart = np.matmul(branch, powers[bit]), apart + shifts[bit]
        out[:, column] = np.log(np.linalg.norm(branch, axis=(1, 2))) + apart * np.log(2.0)
    return out


def _ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray) -> np.ndarray:
    highest = int(max(lags))
    P, spare = A.copy(), np.empty_like(A)
    power = np.zeros(len(A), dtype=np.int64)
    d = np.repeat(delta[:, None, :], len(lags), axis=1)
    exponent = np.zeros((len(A), len(lags)), dtype=np.int64)
    for bit in range(highest.bit_length()):
        columns = np.flatnonzero(lags >> bit & 1)
        if columns.size:
            moved = d[:, columns] @ P
            shift = np.frexp(np.abs(moved).max(axis=2))[1]
            d[:, columns] = np.ldexp(moved, -shift[:, :, None])
            exponent[:, columns] += power[:, None] + shift
        if highest >> (bit + 1):
            np.matmul(P, P, out=spare)
            shift = np.frexp(np.abs(spare).max(axis=(1, 2)))[1]
            np.ldexp(spare, -shift[:, None, None], out=spare)
            P, spare = spare, P
            power = 2 * power + shift
    return np.log(np.linalg.norm(d, axis=2)) + exponent * np.log(2.0)


def normals(count: int, n: int, pool: Pool) -> Iterator[Variant]:
    """One generator a chunk; Philox is the family that rhoscope draws from, SFC64 NumPy's fastest."""
    chunk = chunk_sizes(count, 8 * n * n, pool.threads, (5e5,))[0]
    for bits in (np.random.Philox, np.random.SFC64):

        def run(bits: type[np.random.BitGenerator] = bits) -> np.ndarray:
            out = np.empty((count, n, n))

            def work(part: slice) -> None:
                np.random.Generator(bits([539, part.start])).standard_normal(out=out[part])
                out[part] *= 1 / np.sqrt(n)

            pool.over_chunks(work, count, chunk)
            return out

        yield Variant(f"standard_normal from {bits.__name__}, chunks of {chunk}", run)
