"""Norms at lags on the cores of this machine: a pool of threads over groups of samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.pool import for_chunks
from rhoscope.devices.workspace import lanes
from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import COLUMNS_FROM, step_norms_cells

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Multiply-adds that a thread does between two looks at the common list of chunks: some milliseconds.
_CHUNK_WORK = 5.0e7


def log_norms(
    matrices: Floats, deltas: Floats, pairs: Indices, lags: NDArray[np.int64], method: str, threads: int
) -> Floats:
    """Log norms (N, K) of (A^T)^k delta.

    matrices (M, n, n); deltas (D, n); pairs (N, 2): which matrix and which delta make each sample.
    """
    return _by_steps(matrices, deltas, pairs, lags, threads)


def _by_steps(
    matrices: Floats, deltas: Floats, pairs: Indices, lags: NDArray[np.int64], threads: int
) -> Floats:
    from rhoscope.kernels import cpu, cpu_columns

    count, n = len(pairs), deltas.shape[1]
    columns = n >= COLUMNS_FROM
    ld = leading(n)
    results = np.empty((count, lags.size))
    chunk = _chunk(n * n * int(lags[-1]), count, threads)
    groups = chunk // WIDTH
    scratch = [
        (lanes(step_norms_cells(n, columns)), lanes(groups * lags.size), lanes(n * ld), lanes(n))
        for _ in range(min(threads, -(-count // chunk)))
    ]

    def work(worker: int, start: int, stop: int) -> None:
        space, out, a, v = scratch[worker]
        A, delta = _chosen(matrices, pairs[start:stop, 0]), _chosen(deltas, pairs[start:stop, 1])
        if columns:
            steps = (WIDTH * n * n, n * n, n, 1), (WIDTH * n, n, 1)
            cpu_columns.step_norms(space, A, steps[0], delta, steps[1], n, lags, BLOCK, out, 0, stop - start)
        else:
            used = -(-(stop - start) // WIDTH)
            cpu.step_norms_batch(space, a, v, A, delta, n, ld, lags, BLOCK, out, 0, used)
        by_sample = out.reshape(groups, lags.size, WIDTH).transpose(0, 2, 1).reshape(-1, lags.size)
        results[start:stop] = by_sample[: stop - start]

    for_chunks(work, count, chunk, threads)
    return results


def _chosen(arrays: Floats, index: Indices) -> Any:
    """The arrays at these indices, flat; where they are neighbours, without a copy."""
    first, last = int(index[0]), int(index[-1])
    if last - first == len(index) - 1 and np.array_equal(index, np.arange(first, last + 1)):
        return arrays[first : last + 1].reshape(-1)
    return arrays[index].reshape(-1)


def _chunk(work: float, count: int, threads: int) -> int:
    """Whole groups of samples of so many multiply-adds each, few enough that no thread is left waiting."""
    groups = round(_CHUNK_WORK / (WIDTH * max(work, 1.0)))
    share = -(-count // (4 * threads * WIDTH))
    return WIDTH * max(1, min(groups, share))
