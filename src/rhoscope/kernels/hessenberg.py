"""Reduction to upper Hessenberg form by Householder reflections, one pass over the matrix a step.

A <- (I - tau v v^T) A (I - tau v v^T) = A - v w^T - u v^T with w = tau A^T v, y = tau A v, u = y - (tau v^T y) v.
LAPACK's dgehd2 reads and writes A twice a step. Here the rank-two update of one step is applied in the very pass
that forms A v and A^T v of the next, four rows at a time, so that arithmetic and not memory sets the pace.
Reference: G. Howell et al., Cache efficient bidiagonalization using BLAS 2.5 operators, ACM TOMS 34 (2008).
"""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def householder(alpha, square):
        """(beta, tau, 1 / (alpha - beta)) of a column with alpha on top and that sum of squares below."""
        zero = lane.const(0.0)
        some = square > 0.0
        size = lane.sqrt(lane.fma(alpha, alpha, square))
        beta = lane.where(alpha < 0.0, size, -size)
        beta = lane.where(some, beta, lane.const(-1.0))
        tau = lane.where(some, (beta - alpha) / beta, zero)
        scale = lane.where(some, 1.0 / (alpha - beta), zero)
        return lane.where(some, beta, alpha), tau, scale

    @jit
    def reflector(a, v, n, ld, k):
        """Householder vector of column k below the diagonal into v (v[k] = 0, v[k+1] = 1); returns tau.

        Column k is finished: beta at (k + 1, k), zeros below.
        """
        zero = lane.const(0.0)
        alpha = lane.load(a, (k + 1) * ld + k)
        square = zero
        for i in range(k + 2, n):
            x = lane.load(a, i * ld + k)
            square = lane.fma(x, x, square)
        beta, tau, scale = kit.householder(alpha, square)
        lane.store(a, (k + 1) * ld + k, beta)
        lane.store(v, k, zero)
        lane.store(v, k + 1, lane.const(1.0))
        for i in range(k + 2, n):
            lane.store(v, i, lane.load(a, i * ld + k) * scale)
            lane.store(a, i * ld + k, zero)
        return tau

    @jit
    def hessenberg_upper(a, v, u, v2, y2, ld, k, n):
        """Rows above k: subtract u v^T, and form y2 = A v2, over columns k + 1 to n - 1."""
        zero = lane.const(0.0)
        i = 0
        while i + 4 <= k:
            u0 = -lane.load(u, i)
            u1 = -lane.load(u, i + 1)
            u2 = -lane.load(u, i + 2)
            u3 = -lane.load(u, i + 3)
            y0 = zero
            y1 = zero
            y_2 = zero
            y3 = zero
            p = i * ld
            for j in range(k + 1, n):
                vj = lane.load(v, j)
                wj = lane.load(v2, j)
                a0 = lane.fma(u0, vj, lane.load(a, p + j))
                a1 = lane.fma(u1, vj, lane.load(a, p + ld + j))
                a2 = lane.fma(u2, vj, lane.load(a, p + 2 * ld + j))
                a3 = lane.fma(u3, vj, lane.load(a, p + 3 * ld + j))
                lane.store(a, p + j, a0)
                lane.store(a, p + ld + j, a1)
                lane.store(a, p + 2 * ld + j, a2)
                lane.store(a, p + 3 * ld + j, a3)
                y0 = lane.fma(a0, wj, y0)
                y1 = lane.fma(a1, wj, y1)
                y_2 = lane.fma(a2, wj, y_2)
                y3 = lane.fma(a3, wj, y3)
            lane.store(y2, i, y0)
            lane.store(y2, i + 1, y1)
            lane.store(y2, i + 2, y_2)
            lane.store(y2, i + 3, y3)
            i += 4
        while i < k:
            u0 = -lane.load(u, i)
            y0 = zero
            for j in range(k + 1, n):
                a0 = lane.fma(u0, lane.load(v, j), lane.load(a, i * ld + j))
                lane.store(a, i * ld + j, a0)
                y0 = lane.fma(a0, lane.load(v2, j), y0)
            lane.store(y2, i, y0)
            i += 1

    @jit
    def hessenberg_lower(a, v, w, u, v2, w2, y2, ld, k, n):
        """Rows k to n - 1: subtract v w^T + u v^T, and form y2 = A v2, w2 = A^T v2, over columns k + 1 to n - 1."""
        zero = lane.const(0.0)
        for j in range(k + 1, n):
            lane.store(w2, j, zero)
        i = k
        while i + 4 <= n:
            u0 = -lane.load(u, i)
            u1 = -lane.load(u, i + 1)
            u2 = -lane.load(u, i + 2)
            u3 = -lane.load(u, i + 3)
            v0 = -lane.load(v, i)
            v1 = -lane.load(v, i + 1)
            v_2 = -lane.load(v, i + 2)
            v3 = -lane.load(v, i + 3)
            r0 = lane.load(v2, i)
            r1 = lane.load(v2, i + 1)
            r2 = lane.load(v2, i + 2)
            r3 = lane.load(v2, i + 3)
            y0 = zero
            y1 = zero
            y_2 = zero
            y3 = zero
            p = i * ld
            for j in range(k + 1, n):
                vj = lane.load(v, j)
                wj = lane.load(w, j)
                xj = lane.load(v2, j)
                a0 = lane.fma(u0, vj, lane.fma(v0, wj, lane.load(a, p + j)))
                a1 = lane.fma(u1, vj, lane.fma(v1, wj, lane.load(a, p + ld + j)))
                a2 = lane.fma(u2, vj, lane.fma(v_2, wj, lane.load(a, p + 2 * ld + j)))
                a3 = lane.fma(u3, vj, lane.fma(v3, wj, lane.load(a, p + 3 * ld + j)))
                lane.store(a, p + j, a0)
                lane.store(a, p + ld + j, a1)
                lane.store(a, p + 2 * ld + j, a2)
                lane.store(a, p + 3 * ld + j, a3)
                y0 = lane.fma(a0, xj, y0)
                y1 = lane.fma(a1, xj, y1)
                y_2 = lane.fma(a2, xj, y_2)
                y3 = lane.fma(a3, xj, y3)
                left = lane.fma(a0, r0, a1 * r1)
                right = lane.fma(a2, r2, a3 * r3)
                lane.store(w2, j, lane.load(w2, j) + (left + right))
            lane.store(y2, i, y0)
            lane.store(y2, i + 1, y1)
            lane.store(y2, i + 2, y_2)
            lane.store(y2, i + 3, y3)
            i += 4
        while i < n:
            u0 = -lane.load(u, i)
            v0 = -lane.load(v, i)
            r0 = lane.load(v2, i)
            y0 = zero
            for j in range(k + 1, n):
                a0 = lane.fma(u0, lane.load(v, j), lane.fma(v0, lane.load(w, j), lane.load(a, i * ld + j)))
                lane.store(a, i * ld + j, a0)
                y0 = lane.fma(a0, lane.load(v2, j), y0)
                lane.store(w2, j, lane.fma(a0, r0, lane.load(w2, j)))
            lane.store(y2, i, y0)
            i += 1

    @jit
    def hessenberg(a, vectors, n, ld):
        """Reduce each lane's a to Hessenberg form in place; vectors is six arrays of n elements, zero on entry."""
        v, w, u, v2, w2, y2 = vectors
        # The last step has nothing to eliminate (tau = 0); it settles the update of the step before.
        for k in range(n - 1):
            # Column k first: it takes the pending update of the step before, and gives the next reflector.
            vk = lane.load(v, k)
            wk = lane.load(w, k)
            for i in range(k):
                lane.store(a, i * ld + k, lane.fma(-lane.load(u, i), vk, lane.load(a, i * ld + k)))
            for i in range(k, n):
                x = lane.fma(-lane.load(v, i), wk, lane.load(a, i * ld + k))
                lane.store(a, i * ld + k, lane.fma(-lane.load(u, i), vk, x))
            tau = kit.reflector(a, v2, n, ld, k)
            kit.hessenberg_upper(a, v, u, v2, y2, ld, k, n)
            kit.hessenberg_lower(a, v, w, u, v2, w2, y2, ld, k, n)
            dot = lane.const(0.0)
            for i in range(k + 1, n):
                dot = lane.fma(lane.load(v2, i), lane.load(y2, i), dot)
            half = dot * tau * tau
            for i in range(k + 1):
                lane.store(u, i, lane.load(y2, i) * tau)
                lane.store(v, i, lane.const(0.0))
            for i in range(k + 1, n):
                x = lane.load(v2, i)
                lane.store(u, i, lane.fma(-half, x, lane.load(y2, i) * tau))
                lane.store(v, i, x)
                lane.store(w, i, lane.load(w2, i) * tau)

    return householder, reflector, hessenberg_upper, hessenberg_lower, hessenberg
