"""Random reflections, whose product is a Haar-distributed orthogonal matrix.

The Householder QR decomposition of a Gaussian matrix, with signs that make R's diagonal positive, has a Haar Q. After
each of its steps the remaining columns are Gaussian again and independent of the past, so each reflection can be
drawn afresh and the matrix itself is never needed: G. W. Stewart, SIAM J. Numer. Anal. 17, 403 (1980).
"""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> tuple[Any, Any, Any]:
    """The kernels `random_reflection`, `reflect_rows` and `reflect_columns`."""

    @jit
    def random_reflection(v, k, n, k0, k1, stream, block, sample):
        """H = I - beta v v^T, on indices k to n - 1, that sends a Gaussian vector x to a multiple of e_k.

        Writes v[k : n]; returns beta, the sign d such that d H e_k = x / |x|, and the next block of the stream.
        """
        block = kit.fill_normals(v, k, 1, n - k, n - k, 1.0, k0, k1, stream, block, sample)
        zero = lane.const(0.0)
        square = zero
        for i in range(k, n):
            x = lane.load(v, i)
            square = lane.fma(x, x, square)
        norm = lane.sqrt(square)
        first = lane.load(v, k)
        negative = first < 0.0
        lane.store(v, k, first + lane.where(negative, -norm, norm))
        # x = 0 has probability 2^-53 or less at each draw: then H = I
        weight = lane.fma(norm, lane.abs(first), square)
        beta = lane.where(weight > 0.0, 1.0 / weight, zero)
        return beta, lane.where(negative, lane.const(1.0), lane.const(-1.0)), block

    @jit
    def reflect_rows(a, v, beta, k, n, ld, begin, end):
        """a <- H a on columns begin to end - 1; rows k to n - 1 change. Four columns at a time share v."""
        zero = lane.const(0.0)
        j = begin
        while j + 3 < end:
            s0, s1, s2, s3 = zero, zero, zero, zero
            for i in range(k, n):
                x = lane.load(v, i)
                at = i * ld + j
                s0 = lane.fma(x, lane.load(a, at), s0)
                s1 = lane.fma(x, lane.load(a, at + 1), s1)
                s2 = lane.fma(x, lane.load(a, at + 2), s2)
                s3 = lane.fma(x, lane.load(a, at + 3), s3)
            s0, s1, s2, s3 = -(beta * s0), -(beta * s1), -(beta * s2), -(beta * s3)
            for i in range(k, n):
                x = lane.load(v, i)
                at = i * ld + j
                lane.store(a, at, lane.fma(x, s0, lane.load(a, at)))
                lane.store(a, at + 1, lane.fma(x, s1, lane.load(a, at + 1)))
                lane.store(a, at + 2, lane.fma(x, s2, lane.load(a, at + 2)))
                lane.store(a, at + 3, lane.fma(x, s3, lane.load(a, at + 3)))
            j += 4
        for rest in range(j, end):
            s0 = zero
            for i in range(k, n):
                s0 = lane.fma(lane.load(v, i), lane.load(a, i * ld + rest), s0)
            s0 = -(beta * s0)
            for i in range(k, n):
                at = i * ld + rest
                lane.store(a, at, lane.fma(lane.load(v, i), s0, lane.load(a, at)))

    @jit
    def reflect_columns(a, v, beta, k, n, ld):
        """a <- a H on all rows; columns k to n - 1 change. Four rows at a time share v."""
        zero = lane.const(0.0)
        i = 0
        while i + 3 < n:
            s0, s1, s2, s3 = zero, zero, zero, zero
            for j in range(k, n):
                x = lane.load(v, j)
                at = i * ld + j
                s0 = lane.fma(x, lane.load(a, at), s0)
                s1 = lane.fma(x, lane.load(a, at + ld), s1)
                s2 = lane.fma(x, lane.load(a, at + 2 * ld), s2)
                s3 = lane.fma(x, lane.load(a, at + 3 * ld), s3)
            s0, s1, s2, s3 = -(beta * s0), -(beta * s1), -(beta * s2), -(beta * s3)
            for j in range(k, n):
                x = lane.load(v, j)
                at = i * ld + j
                lane.store(a, at, lane.fma(x, s0, lane.load(a, at)))
                lane.store(a, at + ld, lane.fma(x, s1, lane.load(a, at + ld)))
                lane.store(a, at + 2 * ld, lane.fma(x, s2, lane.load(a, at + 2 * ld)))
                lane.store(a, at + 3 * ld, lane.fma(x, s3, lane.load(a, at + 3 * ld)))
            i += 4
        for rest in range(i, n):
            s0 = zero
            for j in range(k, n):
                s0 = lane.fma(lane.load(v, j), lane.load(a, rest * ld + j), s0)
            s0 = -(beta * s0)
            for j in range(k, n):
                at = rest * ld + j
                lane.store(a, at, lane.fma(lane.load(v, j), s0, lane.load(a, at)))

    return random_reflection, reflect_rows, reflect_columns
