"""Random reflections, whose product is a Haar-distributed orthogonal matrix, and their application.

The Householder QR decomposition of a Gaussian matrix, with signs that make R's diagonal positive, has a Haar
Q. After each of its steps the remaining columns are Gaussian again and independent of the past, so each
reflection can be drawn afresh and that matrix is never needed: G. W. Stewart, SIAM J. Numer. Anal. 17, 403
(1980).
"""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> tuple[Any, Any, Any, Any]:
    """The kernels `random_reflection`, `reflect_four`, `reflect_one` and `reflect`."""

    @jit
    def random_reflection(v, k, n, k0, k1, stream, block, sample):
        """H_k = I - v v^T, on indices k to n - 1, that sends a Gaussian vector x to a multiple of e_k.

        Writes row k of v (n x n); returns the sign d such that d H_k e_k = x / |x|, and the next block of the
        stream.
        """
        row = k * n
        block = kit.fill_normals(v, row + k, 1, n - k, n, 1.0, k0, k1, stream, block, sample)
        zero = lane.const(0.0)
        square = zero
        for i in range(row + k, row + n):
            x = lane.load(v, i)
            square = lane.fma(x, x, square)
        norm = lane.sqrt(square)
        first = lane.load(v, row + k)
        negative = first < 0.0
        lane.store(v, row + k, first + lane.where(negative, -norm, norm))
        # |v|² = 2 weight before it becomes 2; x = 0, of probability 2^-53 or less at each draw, gives H = I.
        weight = lane.fma(norm, lane.abs(first), square)
        factor = lane.where(weight > 0.0, 1.0 / lane.sqrt(weight), zero)
        for i in range(row + k, row + n):
            lane.store(v, i, lane.load(v, i) * factor)
        return lane.where(negative, lane.const(1.0), lane.const(-1.0)), block

    @jit
    def reflect_four(a, at, line, step, v, n, last):
        """Apply H_last, ..., H_1, H_0 in turn to four lines of a: first entry at `at`, the next `step` on.

        The pass that applies one reflection forms the inner products with the next.
        """
        zero = lane.const(0.0)
        s0, s1, s2, s3 = zero, zero, zero, zero
        for i in range(last, n):
            x = lane.load(v, last * n + i)
            p = at + i * step
            s0 = lane.fma(x, lane.load(a, p), s0)
            s1 = lane.fma(x, lane.load(a, p + line), s1)
            s2 = lane.fma(x, lane.load(a, p + 2 * line), s2)
            s3 = lane.fma(x, lane.load(a, p + 3 * line), s3)
        for k in range(last, 0, -1):
            x = lane.load(v, (k - 1) * n + k - 1)
            p = at + (k - 1) * step
            t0 = x * lane.load(a, p)
            t1 = x * lane.load(a, p + line)
            t2 = x * lane.load(a, p + 2 * line)
            t3 = x * lane.load(a, p + 3 * line)
            for i in range(k, n):
                x = lane.load(v, k * n + i)
                y = lane.load(v, (k - 1) * n + i)
                p = at + i * step
                a0 = lane.fma(-x, s0, lane.load(a, p))
                a1 = lane.fma(-x, s1, lane.load(a, p + line))
                a2 = lane.fma(-x, s2, lane.load(a, p + 2 * line))
                a3 = lane.fma(-x, s3, lane.load(a, p + 3 * line))
                lane.store(a, p, a0)
                lane.store(a, p + line, a1)
                lane.store(a, p + 2 * line, a2)
                lane.store(a, p + 3 * line, a3)
                t0 = lane.fma(y, a0, t0)
                t1 = lane.fma(y, a1, t1)
                t2 = lane.fma(y, a2, t2)
                t3 = lane.fma(y, a3, t3)
            s0, s1, s2, s3 = t0, t1, t2, t3
        for i in range(n):
            x = lane.load(v, i)
            p = at + i * step
            lane.store(a, p, lane.fma(-x, s0, lane.load(a, p)))
            lane.store(a, p + line, lane.fma(-x, s1, lane.load(a, p + line)))
            lane.store(a, p + 2 * line, lane.fma(-x, s2, lane.load(a, p + 2 * line)))
            lane.store(a, p + 3 * line, lane.fma(-x, s3, lane.load(a, p + 3 * line)))

    @jit
    def reflect_one(a, at, step, v, n, last):
        """Apply H_last, ..., H_1, H_0 in turn to one line of a."""
        for k in range(last, -1, -1):
            s = lane.const(0.0)
            for i in range(k, n):
                s = lane.fma(lane.load(v, k * n + i), lane.load(a, at + i * step), s)
            for i in range(k, n):
                x = lane.load(a, at + i * step)
                lane.store(a, at + i * step, lane.fma(-lane.load(v, k * n + i), s, x))

    @jit
    def reflect(a, lines, line, step, v, n, last, staircase):
        """Apply H_0 H_1 ... H_last to each of `lines` lines of a: columns (line 1, step ld) or rows (ld, 1).

        With staircase, column j is zero from row j + 2 on if j is even and j + 1 if odd, so that fewer are
        needed.
        """
        j = 0
        while j < lines:
            width = 4 if j + 4 <= lines else 1
            first = min(last, (j + width - 1) | 1) if staircase else last
            if width == 4:
                kit.reflect_four(a, j * line, line, step, v, n, first)
            else:
                kit.reflect_one(a, j * line, step, v, n, first)
            j += width

    return random_reflection, reflect_four, reflect_one, reflect
