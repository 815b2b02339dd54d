"""Ladders for matrices in plain arrays: what a thread of the CPU runs, in either layout."""

from typing import Any

from rhoscope.kernels.vector import WIDTH


def build_interleaved(lane: Any, kit: Any, jit: Any) -> Any:
    """`ladder_norms` for powers of one and of two parts, where a lane is a matrix."""

    def ladder(parts: int) -> Any:
        @jit
        def ladder_norms(w, a, delta, matrices, deltas, n, ld, lags, top, out, start, stop):
            """`climb` and `along_lags` for groups start..stop-1 of flat (N, n, n) matrices and (N, n) deltas.

            a and delta are work space of one group. A short last group repeats its last matrix.
            """
            chain = kit.ladder_regions(n, ld, n, parts, top)[1]
            last = deltas.size // n - 1
            for g in range(start, stop):
                kit.take_group(matrices, g * WIDTH, last, a, 0, n, n, ld)
                kit.take_group(deltas, g * WIDTH, last, delta, 0, 1, n, n)
                shift = kit.place_matrix(w, a, 0, n, ld)
                kit.place_vector(w, chain, delta, 0, n)
                if parts == 2:
                    reached = kit.climb_pair(w, shift, n, ld, n, top)
                    kit.along_lags_pair(w, n, ld, n, top, reached, lags, out, g)
                else:
                    reached = kit.climb(w, shift, n, ld, n, top)
                    kit.along_lags(w, n, ld, n, top, reached, lags, out, g)

        return ladder_norms

    return ladder(1), ladder(2)


def build_columns(lane: Any, kit: Any, jit: Any) -> Any:
    """`ladder_norms` for powers of one and of two parts, where a lane is a column."""

    def ladder(parts: int) -> Any:
        @jit
        def ladder_norms(w, matrices, deltas, n, lags, top, out, start, stop):
            """`climb` and `along_lags` for samples start..stop-1 of flat (N, n, n) matrices and (N, n) deltas."""
            count = kit.cells(n)
            down = kit.rows_apart(count)
            chain = kit.ladder_regions(n, down, count, parts, top)[1]
            for index in range(start, stop):
                shift = kit.place_matrix(w, matrices, index * n * n, n, 1, n, 1, False)
                if down > count:
                    kit.move_apart(w, n, count, down)
                kit.place_vector(w, chain, deltas, index * n, 1, n)
                if parts == 2:
                    reached = kit.climb_pair(w, shift, n, down, count, top)
                    kit.along_lags_pair(w, n, down, count, top, reached, lags, out, index)
                else:
                    reached = kit.climb(w, shift, n, down, count, top)
                    kit.along_lags(w, n, down, count, top, reached, lags, out, index)

        return ladder_norms

    return ladder(1), ladder(2)
