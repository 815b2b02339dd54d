"""PyTorch on the CPU: one intra-op thread under a pool of threads over chunks of the batch."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from bench.peers.base import RESCALE, STEPS_TO, Variant, chunk_sizes
from bench.peers.torch_bptt import backpropagation, quick_rows
from bench.peers.torch_study import study
from bench.pool import Pool

__all__ = ["backpropagation", "eigvals", "log_norms_by_ladder", "log_norms_by_steps", "normals", "study"]

name = "PyTorch"


def _over_chunks(pool: Pool, work: Callable[[slice], None], count: int, chunk: int) -> None:
    """The number of intra-op threads is a setting of each thread, so each chunk sets it."""

    def single(part: slice) -> None:
        torch.set_num_threads(1)
        with torch.inference_mode():
            work(part)

    pool.over_chunks(single, count, chunk)


def eigvals(matrices: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """linalg.eigvals, which loops LAPACK (MKL) over a batch and releases the GIL."""
    count, n, _ = matrices.shape
    A = torch.from_numpy(matrices)
    for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (2.5e5, 1.5e6, 1e9)):

        def run(chunk: int = chunk) -> np.ndarray:
            out = torch.empty((count, n), dtype=torch.complex128)

            def work(part: slice) -> None:
                torch.linalg.eigvals(A[part], out=out[part])

            _over_chunks(pool, work, count, chunk)
            return out.numpy()

        yield Variant(f"linalg.eigvals, chunks of {chunk}", run)


def log_norms_by_steps(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """bmm, the whole loop over the lags for one chunk at a time, so that its matrices stay in cache."""
    yield from _recurrences("bmm", steps, (5e5, 8e5, 1.5e6), A, delta, lags, pool)
    if delta.shape[1] <= 16:
        yield from _recurrences("mul and sum, matrices last", _steps_last, (2.5e5, 5e5), A, delta, lags, pool)


def log_norms_by_ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """Binary powers: P holds A^(2^j), scaled; every lag with bit j set takes one product with it.

    Or, where lags are not too far, steps.
    """
    yield from _recurrences("binary powers by bmm", _ladder, (2.5e5, 5e5, 1e6), A, delta, lags, pool)
    if int(max(lags)) <= STEPS_TO:
        yield from log_norms_by_steps(A, delta, lags, pool)


def _recurrences(
    label: str,
    method: Callable[[torch.Tensor, torch.Tensor, np.ndarray], torch.Tensor],
    budgets: tuple[float, ...],
    A: np.ndarray,
    delta: np.ndarray,
    lags: np.ndarray,
    pool: Pool,
) -> Iterator[Variant]:
    count, n = delta.shape
    matrices, vectors = torch.from_numpy(A), torch.from_numpy(delta)
    for chunk in chunk_sizes(count, 8 * n * n, pool.threads, budgets):

        def run(chunk: int = chunk) -> np.ndarray:
            out = torch.empty((count, len(lags)), dtype=torch.float64)

            def work(part: slice) -> None:
                out[part] = method(matrices[part], vectors[part], lags)

            _over_chunks(pool, work, count, chunk)
            return out.numpy()

        yield Variant(f"{label}, chunks of {chunk}", run)


def _shift_of(values: torch.Tensor, dim: int | tuple[int, ...]) -> torch.Tensor:
    """The exponent of the largest entry, in float64: an integer times log 2 would come out in float32."""
    return torch.frexp(values.abs().amax(dim=dim)).exponent.double()


def steps(A: torch.Tensor, delta: torch.Tensor, lags: np.ndarray) -> torch.Tensor:
    """d as (chunk, 1, n): BLAS at every step."""
    by_columns = quick_rows(A)
    return _log_norms(
        lambda d, out: torch.bmm(d, by_columns, out=out), delta.clone()[:, None, :], (1, 2), lags
    )


def _steps_last(A: torch.Tensor, delta: torch.Tensor, lags: np.ndarray) -> torch.Tensor:
    """d as (n, chunk): at small n long inner loops over the chunk beat many small calls of BLAS."""
    A, d = A.permute(1, 2, 0).contiguous(), delta.mT.contiguous()
    terms = torch.empty_like(A)

    def step(d: torch.Tensor, out: torch.Tensor) -> None:
        torch.mul(A, d[:, None, :], out=terms)
        torch.sum(terms, 0, out=out)

    return _log_norms(step, d, 0, lags)


def _log_norms(
    step: Callable[[torch.Tensor, torch.Tensor], object],
    d: torch.Tensor,
    dim: int | tuple[int, ...],
    lags: np.ndarray,
) -> torch.Tensor:
    columns = {int(lag): column for column, lag in enumerate(lags)}
    exponent = torch.zeros_like(d.abs().amax(dim=dim))
    out = torch.empty((len(exponent), len(lags)), dtype=torch.float64)
    spare = torch.empty_like(d)
    for k in range(int(max(lags)) + 1):
        if k in columns:
            out[:, columns[k]] = torch.log(torch.linalg.vector_norm(d, dim=dim)) + exponent * math.log(2.0)
        step(d, spare)
        d, spare = spare, d
        if k % RESCALE == RESCALE - 1:
            shift = _shift_of(d, dim)
            torch.ldexp(d, -shift[:, None, None] if dim == (1, 2) else -shift, out=d)
            exponent += shift
    return out


def _ladder(A: torch.Tensor, delta: torch.Tensor, lags: np.ndarray) -> torch.Tensor:
    highest = int(max(lags))
    P, spare = A.clone(), torch.empty_like(A)
    power = torch.zeros(len(A), dtype=torch.float64)
    d = delta[:, None, :].repeat(1, len(lags), 1)
    exponent = torch.zeros((len(A), len(lags)), dtype=torch.float64)
    for bit in range(highest.bit_length()):
        columns = torch.from_numpy(np.flatnonzero(lags >> bit & 1))
        if len(columns):
            moved = torch.bmm(d[:, columns], P)
            shift = _shift_of(moved, 2)
            d[:, columns] = torch.ldexp(moved, -shift[:, :, None])
            exponent[:, columns] += power[:, None] + shift
        if highest >> (bit + 1):
            torch.bmm(P, P, out=spare)
            shift = _shift_of(spare, (1, 2))
            torch.ldexp(spare, -shift[:, None, None], out=spare)
            P, spare = spare, P
            power = 2 * power + shift
    return torch.log(torch.linalg.vector_norm(d, dim=2)) + exponent * math.log(2.0)


def normals(count: int, n: int, pool: Pool) -> Iterator[Variant]:
    """One generator a chunk."""
    chunk = chunk_sizes(count, 8 * n * n, pool.threads, (5e5,))[0]

    def run() -> np.ndarray:
        out = torch.empty((count, n, n), dtype=torch.float64)

        def work(part: slice) -> None:
            generator = torch.Generator().manual_seed(539 + part.start)
            out[part].normal_(0.0, 1 / math.sqrt(n), generator=generator)

        _over_chunks(pool, work, count, chunk)
        return out.numpy()

    yield Variant(f"normal_, chunks of {chunk}", run)
