"""Norms at lags for matrices in plain arrays: what a thread of the CPU runs when a lane is a matrix."""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels `place_sample`, `step_norms` and `step_norms_batch`."""

    @jit
    def place_sample(w, a, stride, delta, n, ld, g):
        """Matrix and delta of a group to w, which lie as for `step_norms`; returns the exponent of the matrix."""
        kit.place_vector(w, n * ld, delta, g * n, n)
        return kit.place_matrix(w, a, g * stride, n, ld)

    @jit
    def step_norms(w, a, stride, delta, n, ld, lags, times, out, start, stop):
        """As `step_norms` of `interleaved`, by two groups at a time where that is faster."""
        v = n * ld
        matrix = (0, ld, n)
        g = start
        if kit.goes_with_another(n, matrix):
            other = lane.part(w, v + (times[0] + 1) * (n + 1))
            while g + 1 < stop:
                shift = kit.place_sample(w, a, stride, delta, n, ld, g)
                second = kit.place_sample(other, a, stride, delta, n, ld, g + 1)
                kit.norms_of_two(w, other, v, shift, second, n, matrix, lags, times, out, g)
                g += 2
        kit.steps_alone(w, a, stride, delta, n, ld, lags, times, out, g, stop)

    @jit
    def step_norms_batch(w, a, delta, matrices, deltas, n, ld, lags, times, out, start, stop):
        """`step_norms` for groups start..stop-1 of a flat (N, n, n) array of matrices and (N, n) of deltas.

        a and delta are work space of two groups. A short last group repeats its last matrix.
        """
        size = lags.size * lane.WIDTH
        last = deltas.size // n - 1
        for g in range(start, stop, 2):
            groups = min(2, stop - g)
            for k in range(groups):
                first = (g + k) * lane.WIDTH
                kit.take_group(matrices, first, last, a, k * n * ld, n, n, ld)
                kit.take_group(deltas, first, last, delta, k * n, 1, n, n)
            here = out[g * size : (g + groups) * size]
            kit.step_norms(w, a, n * ld, delta, n, ld, lags, times, here, 0, groups)

    return place_sample, step_norms, step_norms_batch
