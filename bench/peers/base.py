"""What a contender offers the race: variants of one job, of which the fastest counts.

A contender is a module with a `name` and, for each job it can do, a function that yields variants:
`eigvals(matrices, pool)`, `log_norms_by_steps(A, delta, lags, pool)`,
`log_norms_by_ladder(A, delta, lags, pool)`, `backpropagation(A, B, x, h0, y, lags, pool)`,
`normals(count, n, pool)`; and for the pipeline `study(size, horizon, count, pool)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESCALE = 64
"""Steps between exact rescalings: norms of the raced matrices stay in range far longer than this."""

STEPS_TO = 10_000
"""The furthest lag to which a contender steps where it may do otherwise."""


def few_squares(n: int, highest: int) -> list[int]:
    """Numbers of squares worth a try before steps with the last of them: about those at which both cost the same."""
    best = max(1, round(np.log2(max(2.0, 2 * highest / n))))
    return [squares for squares in (best - 1, best, best + 1) if 1 <= squares < highest.bit_length() - 1]


@dataclass(frozen=True)
class Variant:
    """One way to do the job: `run()` does all of it and returns the answer as a NumPy array."""

    label: str
    run: Callable[[], np.ndarray]


def bptt_bytes(n: int) -> int:
    """What one matrix of a backpropagation holds at a time: itself, and the states and adjoints of a block."""
    return 8 * n * n + 16 * n * RESCALE


def chunk_sizes(count: int, bytes_each: int, threads: int, budgets: tuple[float, ...]) -> list[int]:
    """Chunk lengths for the given budgets in bytes, each leaving work for every thread."""
    most = max(1, -(-count // threads))
    return sorted({min(most, max(1, int(budget // bytes_each))) for budget in budgets})
