"""Loops over groups of matrices: what a thread of the CPU device runs without returning to Python."""

from typing import Any

# What is said of a matrix whose eigenvalues were not found.
FAILED = 1
BEYOND = 2


def build(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def eigenvalues_batch(matrices, a, work, values, out, status, n, ld, start, stop):
        """Eigenvalues of matrices start..stop-1 of a flat (N, n, n) array.

        Into out (flat (N, n, 2): real and imaginary parts). To status (N,), zero before, where the iteration failed
        FAILED, where the matrix is not finite BEYOND. values is work space of 2 n elements. A short last group repeats
        its last matrix.
        """
        vr = values
        vi = lane.part(values, n)
        for first in range(start, stop, lane.WIDTH):
            kit.take_group(matrices, first, stop - 1, a, 0, n, n, ld)
            failed, finite = kit.eigenvalues(a, work, vr, vi, n, ld)
            kit.give_pairs(vr, vi, n, out, first, stop - 1)
            good = (failed < 0.5) & (finite > 0.5)
            if not lane.all(good):
                for s in range(min(lane.WIDTH, stop - first)):
                    if lane.extract(failed, s) > 0.5:
                        lane.put(status, first + s, FAILED)
                    if lane.extract(finite, s) < 0.5:
                        lane.put(status, first + s, BEYOND)

    @jit
    def spectrum_batch(drawn, a, work, values, out, n, ld, cutoff, groups):
        """`spectrum` of `groups` groups that lie one after another in drawn, n ld elements each.

        values receives wr then wi (2 n elements) of each group, out its rows.
        """
        rows = kit.spectrum_rows
        for g in range(groups):
            source = lane.part(drawn, g * n * ld)
            for i in range(n * ld):
                lane.store(a, i, lane.load(source, i))
            wr = lane.part(values, 2 * g * n)
            kit.spectrum(a, work, wr, lane.part(wr, n), lane.part(out, g * rows), n, ld, cutoff)

    return eigenvalues_batch, spectrum_batch
