"""Eigenvalues with a thread or a block of threads a matrix, at the sizes between which the choice was predicted.

`SPECTRA_FROM` of `rhoscope.kernels.block_space` is to be the size from which blocks are faster.
"""

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import cuda

import rhoscope as rs
from bench.on_gpu.budget import Budget, words
from bench.on_gpu.data import CHECKED, Data
from bench.on_gpu.ours import repeated
from bench.timing import interleaved, ratio
from rhoscope.kernels import block_space

SIZES = (16, 12, 9, 14, 10, 11, 13, 15, 17, 20, 24)
"""The ends first, in case the others are cut."""
REPEATS = 5

Record = dict[str, Any]


def forms(budget: Budget) -> Iterator[Record]:
    """A record for each size: both times, and whether both found the same bits."""
    sizes = (3,) if budget.small else SIZES
    for done, n in enumerate(sizes):
        if not budget.left:
            yield {
                "kind": "note",
                "text": f"out of time: forms at {', '.join(map(str, sizes[done:]))} left out",
            }
            return
        try:
            yield _both(n, budget.small)
        except Exception as error:  # of one size; the others may do
            what = f"forms, n = {n}"
            yield {"kind": "note", "text": f"{what}: {words(error)}", "failed": [what]}


def _both(n: int, small: bool) -> Record:
    data = Data(n, block=8 if small else 4096, small=small)
    A = repeated(data.A, data.many)
    runs = {"lanes": _eigenvalues(A, n + 1), "blocks": _eigenvalues(A, n)}
    found = [run()[:CHECKED].copy_to_host() for run in runs.values()]  # compiles both
    times = interleaved(runs, 1 if small else REPEATS)
    return {
        "kind": "forms",
        "size": n,
        "microseconds_each": {
            name: statistics.median(taken) / data.many * 1e6 for name, taken in times.items()
        },
        "ratio": ratio(times["blocks"], times["lanes"]),
        "passed": bool(np.array_equal(*found)),
    }


def _eigenvalues(matrices: Any, blocks_from: int) -> Callable[[], Any]:
    """All eigenvalues, with blocks from that size on."""

    def run() -> Any:
        usual, block_space.SPECTRA_FROM = block_space.SPECTRA_FROM, blocks_from
        try:
            found = rs.eigvals(matrices, device="cuda", on_device=True)
            cuda.synchronize()
        finally:
            block_space.SPECTRA_FROM = usual
        return found

    return run
