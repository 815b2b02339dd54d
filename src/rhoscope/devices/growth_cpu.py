"""Norms at lags on the cores of this machine: a pool of threads over groups of samples."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.precision import DOUBLE, SINGLE, Precision
from rhoscope.devices.workspace import lanes
from rhoscope.kernels.ladder_space import height, ladder_cells, ladder_work, step_work
from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.kernels.recurrence_space import COLUMNS_FROM, norm_times, side_by_side_cells
from rhoscope.pool import for_chunks

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Lags = NDArray[np.int64]
Kernel = Callable[[Floats, Floats, Floats, int], None]

# Multiply-adds that a thread does between two looks at the common list of chunks: about a millisecond. Below the least
# what surrounds a kernel would be felt.
_CHUNK_WORK = 5.0e7
_LEAST_WORK = 5.0e6


class OutOfRange(Exception):
    """Raised where a number is past the range of the precision, Inf or NaN; who knows what was given says which."""


def log_norms(
    matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, method: str, threads: int
) -> Floats:
    """Log norms (N, K) of (A^T)^k delta.

    matrices (M, n, n); deltas (D, n); pairs (N, 2): which matrix and which delta make each sample. What one way
    leaves open, because its error may be too large, goes to the next; the last is stepping, which leaves nothing.

    Raises:
        OutOfRange: there is a NaN or Inf.
    """
    return _in_turn(_ways(method, deltas.shape[1], lags), matrices, deltas, pairs, lags, threads)


def _in_turn(
    ways: list[Callable[..., Floats]],
    matrices: Floats,
    deltas: Floats,
    pairs: Indices,
    lags: Lags,
    threads: int,
) -> Floats:
    """What the first way finds, and where that is NaN what the next does."""
    results = ways[0](matrices, deltas, pairs, lags, threads)
    for way in ways[1:]:
        left = np.flatnonzero(np.isnan(results).any(axis=1))
        if left.size == 0:
            break
        known = results[left]
        found = way(matrices, deltas, pairs[left], lags, threads)
        results[left] = np.where(np.isnan(known), found, known)
    return results


def _ways(method: str, n: int, lags: Lags) -> list[Callable[..., Floats]]:
    """What is tried in turn; it depends on n and the lags alone, and so does every sample's result."""
    step, ladder, pair = step_work(n, lags), ladder_work(n, lags, 1), ladder_work(n, lags, 2)
    if method == "step" or (method == "auto" and step <= ladder):
        return [by_steps]
    return [by_ladder, by_pair_ladder, by_steps] if pair < step else [by_ladder, by_steps]


def by_steps(
    matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, threads: int, precision: Precision = DOUBLE
) -> Floats:
    """Step by step; in float32 NaN where an exponent was too large for it."""
    n = deltas.shape[1]
    ld, width = leading(n), precision.width
    by_columns = n >= precision.numbers.COLUMNS_FROM
    kit = precision.columns_kit if by_columns else precision.kit
    times = norm_times(n, precision.numbers)

    def prepare() -> Kernel:
        cells = side_by_side_cells(n, by_columns, times[0], width)
        groups = 0 if by_columns else 2  # whose matrices are turned into lanes
        space, a, v = (lanes(elements, precision.real) for elements in (cells, groups * n * ld, groups * n))

        def run(A: Floats, delta: Floats, out: Floats, count: int) -> None:
            if by_columns:
                steps = (width * n * n, n * n, n, 1), (width * n, n, 1)
                kit.step_norms(space, A, steps[0], delta, steps[1], n, lags, times, out, 0, count)
            else:
                kit.step_norms_batch(space, a, v, A, delta, n, ld, lags, times, out, 0, -(-count // width))

        return run

    work = step_work(n, lags)
    return _over_chunks(prepare, by_columns, matrices, deltas, pairs, lags, threads, work, precision)


def single_log_norms(matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, threads: int) -> Floats:
    """`log_norms` by steps in float32; where its exponents do not suffice, of the rounded numbers in float64.

    Raises:
        OutOfRange: a number is past the range of float32, Inf or NaN.
    """
    ways = [partial(by_steps, precision=SINGLE), _by_rounded_steps]
    return _in_turn(ways, matrices, deltas, pairs, lags, threads)


def _by_rounded_steps(matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, threads: int) -> Floats:
    """In float64 of the numbers as float32 has them."""
    A, delta = (array.astype(np.float32).astype(np.float64) for array in (matrices, deltas))
    return by_steps(A, delta, pairs, lags, threads)


def by_ladder(
    matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, threads: int, parts: int = 1
) -> Floats:
    """By binary powers that are kept in one float64 an entry, or in two; NaN where the error may be too large."""
    from rhoscope.kernels import cpu, cpu_columns

    n = deltas.shape[1]
    ld, top, by_columns = leading(n), height(n, lags, parts), n >= COLUMNS_FROM

    def prepare() -> Kernel:
        space, a, v = lanes(ladder_cells(n, parts, top, int(lags[-1]))), lanes(n * ld), lanes(n)

        def run(A: Floats, delta: Floats, out: Floats, count: int) -> None:
            if by_columns:
                kernel = cpu_columns.ladder_norms if parts == 1 else cpu_columns.ladder_norms_pair
                kernel(space, A, delta, n, lags, top, out, 0, count)
            else:
                kernel = cpu.ladder_norms if parts == 1 else cpu.ladder_norms_pair
                kernel(space, a, v, A, delta, n, ld, lags, top, out, 0, -(-count // WIDTH))

        return run

    work = ladder_work(n, lags, parts)
    return _over_chunks(prepare, by_columns, matrices, deltas, pairs, lags, threads, work)


def by_pair_ladder(matrices: Floats, deltas: Floats, pairs: Indices, lags: Lags, threads: int) -> Floats:
    """By binary powers in two parts, where those in one were not accurate enough."""
    return by_ladder(matrices, deltas, pairs, lags, threads, parts=2)


def _over_chunks(
    prepare: Callable[[], Kernel],
    by_columns: bool,
    matrices: Floats,
    deltas: Floats,
    pairs: Indices,
    lags: Lags,
    threads: int,
    work: float,
    precision: Precision = DOUBLE,
) -> Floats:
    """Results (N, K) of kernels, one for each thread with space of its own, that write group by group."""
    count, width = len(pairs), precision.width
    chunk = min(_samples(_CHUNK_WORK, work, width), width * -(-count // width))
    grain = _samples(_LEAST_WORK, work, 1 if by_columns else width)
    groups = chunk // width
    results = np.empty((count, lags.size))
    kernels = [
        (prepare(), np.empty(groups * lags.size * width)) for _ in range(min(threads, -(-count // grain)))
    ]

    def run(worker: int, start: int, stop: int) -> None:
        kernel, out = kernels[worker]
        A, delta = _chosen(matrices, pairs[start:stop, 0]), _chosen(deltas, pairs[start:stop, 1])
        # Here, where many threads look and the kernel finds in its cache what they have read.
        for numbers in (A, delta):
            if not max(numbers.max(), -numbers.min()) <= precision.numbers.LARGEST:  # nor where either is NaN
                raise OutOfRange
        kernel(A, delta, out, stop - start)
        # The kernel turns groups of eight; in a short one lanes past the last sample may be anything.
        whole = (stop - start) // width
        middle = start + whole * width
        by_lane = out.reshape(groups, lags.size, width).transpose(0, 2, 1)
        if precision is DOUBLE:
            precision.kit.deinterleave(
                out, lags.size, results[start:middle].reshape(-1), 1, lags.size, lags.size
            )
        else:
            results[start:middle].reshape(whole, width, lags.size)[:] = by_lane[:whole]
        if middle < stop:
            results[middle:stop] = by_lane[whole, : stop - middle]

    for_chunks(run, count, chunk, threads, grain=grain)
    return results


def _chosen(arrays: Floats, index: Indices) -> Any:
    """The arrays at these indices, flat; where they are neighbours, without a copy."""
    first, last = int(index[0]), int(index[-1])
    if last - first == len(index) - 1 and np.array_equal(index, np.arange(first, last + 1)):
        return arrays[first : last + 1].reshape(-1)
    return arrays[index].reshape(-1)


def _samples(total: float, work: float, width: int) -> int:
    """How many samples, whole groups of `width`, make a total of multiply-adds at `work` each."""
    return width * max(1, round(total / (width * max(work, 1.0))))
