"""Loops over groups of matrices: what a thread of the CPU device runs without returning to Python."""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def eigenvalues_batch(matrices, a, work, values, out, status, n, ld, start, stop):
        """Eigenvalues of matrices start..stop-1 of a flat (N, n, n) array.

        Into out (flat (N, n, 2): real and imaginary parts) and status (N, 2): failed, finite. values is work space of
        2 n elements. A short last group repeats its last matrix.
        """
        vr = values
        vi = lane.part(values, n)
        for first in range(start, stop, lane.WIDTH):
            kit.take_group(matrices, first, stop - 1, a, 0, n, n, ld)
            failed, finite = kit.eigenvalues(a, work, vr, vi, n, ld)
            for s in range(min(lane.WIDTH, stop - first)):
                target = 2 * (first + s) * n
                for i in range(n):
                    lane.put(out, target + 2 * i, lane.get(vr, i * lane.WIDTH + s))
                    lane.put(out, target + 2 * i + 1, lane.get(vi, i * lane.WIDTH + s))
                lane.put(status, 2 * (first + s), lane.extract(failed, s))
                lane.put(status, 2 * (first + s) + 1, lane.extract(finite, s))

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
