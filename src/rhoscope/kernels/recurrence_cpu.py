"""Norms at lags for matrices in plain arrays: what a thread of the CPU runs when a lane is a matrix."""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernel `step_norms_batch`."""

    @jit
    def step_norms_batch(w, a, delta, matrices, deltas, n, ld, lags, times, out, start, stop):
        """`step_norms` for groups start..stop-1 of a flat (N, n, n) array of matrices and (N, n) of deltas.

        a and delta are work space of one group. A short last group repeats its last matrix.
        """
        size = lags.size
        last = deltas.size // n - 1
        for g in range(start, stop):
            kit.take_group(matrices, g * lane.WIDTH, last, a, 0, n, n, ld)
            kit.take_group(deltas, g * lane.WIDTH, last, delta, 0, 1, n, n)
            group = out[g * size * lane.WIDTH : (g + 1) * size * lane.WIDTH]
            kit.step_norms(w, a, 0, delta, n, ld, lags, times, group, 0, 1)

    return step_norms_batch
