"""The largest singular value of each lane's matrix: sigma_max^2 is the largest eigenvalue of M = A^T A.

M is formed in 4 x 4 tiles and reduced to tridiagonal T by Householder reflections; the rank-two update of one step is
applied in the very pass that forms M v of the next. Laguerre's iteration then descends from Gershgorin's bound to the
largest root of det(x I - T). All roots being real, it never passes the root, and a step covers at least
2 / (1 + sqrt(n)) of the way to it, whatever the multiplicity: a short step proves that the root is near.
Rounding enters relative to sigma_max^2 alone, which is why the squared matrix is good enough.
Reference: B. N. Parlett, The Symmetric Eigenvalue Problem (1998), 7.4; J. H. Wilkinson, The Algebraic Eigenvalue
Problem (1965), 7.7.
"""

from typing import Any

TILE = 4
# Far more than the worst multiplicity needs at any size that fits in memory; NaN ends the iteration by itself.
MOST_STEPS = 2000


def spectral_norm_work(n: int) -> int:
    """Elements of work space for `spectral_norm`: M in whole tiles, rows an odd number apart, and six vectors."""
    count = -(-n // TILE) * TILE
    return count * (count + 7)


def build(lane: Any, kit: Any, jit: Any) -> Any:
    precision = lane.precision

    @jit
    def gram(a, m, n, ld, lm, count):
        """Lower tiles of m = a^T a, with zeros where the last tiles reach beyond n, up to count."""
        zero = lane.const(0.0)
        last = n - 1
        for i in range(0, n, TILE):
            i1 = min(i + 1, last)
            i2 = min(i + 2, last)
            i3 = min(i + 3, last)
            for j in range(0, i + 1, TILE):
                j1 = min(j + 1, last)
                j2 = min(j + 2, last)
                j3 = min(j + 3, last)
                s00 = s01 = s02 = s03 = zero
                s10 = s11 = s12 = s13 = zero
                s20 = s21 = s22 = s23 = zero
                s30 = s31 = s32 = s33 = zero
                p = 0
                for _ in range(n):
                    y0 = lane.load(a, p + j)
                    y1 = lane.load(a, p + j1)
                    y2 = lane.load(a, p + j2)
                    y3 = lane.load(a, p + j3)
                    x = lane.load(a, p + i)
                    s00 = lane.fma(x, y0, s00)
                    s01 = lane.fma(x, y1, s01)
                    s02 = lane.fma(x, y2, s02)
                    s03 = lane.fma(x, y3, s03)
                    x = lane.load(a, p + i1)
                    s10 = lane.fma(x, y0, s10)
                    s11 = lane.fma(x, y1, s11)
                    s12 = lane.fma(x, y2, s12)
                    s13 = lane.fma(x, y3, s13)
                    x = lane.load(a, p + i2)
                    s20 = lane.fma(x, y0, s20)
                    s21 = lane.fma(x, y1, s21)
                    s22 = lane.fma(x, y2, s22)
                    s23 = lane.fma(x, y3, s23)
                    x = lane.load(a, p + i3)
                    s30 = lane.fma(x, y0, s30)
                    s31 = lane.fma(x, y1, s31)
                    s32 = lane.fma(x, y2, s32)
                    s33 = lane.fma(x, y3, s33)
                    p += ld
                p = i * lm + j
                lane.store(m, p, s00)
                lane.store(m, p + 1, s01)
                lane.store(m, p + 2, s02)
                lane.store(m, p + 3, s03)
                p += lm
                lane.store(m, p, s10)
                lane.store(m, p + 1, s11)
                lane.store(m, p + 2, s12)
                lane.store(m, p + 3, s13)
                p += lm
                lane.store(m, p, s20)
                lane.store(m, p + 1, s21)
                lane.store(m, p + 2, s22)
                lane.store(m, p + 3, s23)
                p += lm
                lane.store(m, p, s30)
                lane.store(m, p + 1, s31)
                lane.store(m, p + 2, s32)
                lane.store(m, p + 3, s33)
        for i in range(n, count):
            for j in range(count):
                lane.store(m, i * lm + j, zero)
                lane.store(m, j * lm + i, zero)

    @jit
    def update_and_multiply(m, v, w, x, y, lm, first, count):
        """m -= v w^T + w v^T on the tiles from row and column `first` on, and y = m x over them."""
        for i in range(first, count):
            lane.store(y, i, lane.const(0.0))
        for j in range(first, count, TILE):
            v0 = -lane.load(v, j)
            v1 = -lane.load(v, j + 1)
            v2 = -lane.load(v, j + 2)
            v3 = -lane.load(v, j + 3)
            w0 = -lane.load(w, j)
            w1 = -lane.load(w, j + 1)
            w2 = -lane.load(w, j + 2)
            w3 = -lane.load(w, j + 3)
            x0 = lane.load(x, j)
            x1 = lane.load(x, j + 1)
            x2 = lane.load(x, j + 2)
            x3 = lane.load(x, j + 3)
            y0 = y1 = y2 = y3 = lane.const(0.0)
            p = j * lm + j
            for i in range(j, count):
                vi = lane.load(v, i)
                wi = lane.load(w, i)
                m0 = lane.fma(vi, w0, lane.fma(wi, v0, lane.load(m, p)))
                m1 = lane.fma(vi, w1, lane.fma(wi, v1, lane.load(m, p + 1)))
                m2 = lane.fma(vi, w2, lane.fma(wi, v2, lane.load(m, p + 2)))
                m3 = lane.fma(vi, w3, lane.fma(wi, v3, lane.load(m, p + 3)))
                lane.store(m, p, m0)
                lane.store(m, p + 1, m1)
                lane.store(m, p + 2, m2)
                lane.store(m, p + 3, m3)
                # A tile on the diagonal holds both halves: its rows alone give all of its part of y.
                left = lane.fma(m0, x0, m1 * x1)
                right = lane.fma(m2, x2, m3 * x3)
                lane.store(y, i, lane.load(y, i) + (left + right))
                if i >= j + TILE:
                    xi = lane.load(x, i)
                    y0 = lane.fma(m0, xi, y0)
                    y1 = lane.fma(m1, xi, y1)
                    y2 = lane.fma(m2, xi, y2)
                    y3 = lane.fma(m3, xi, y3)
                p += lm
            lane.store(y, j, lane.load(y, j) + y0)
            lane.store(y, j + 1, lane.load(y, j + 1) + y1)
            lane.store(y, j + 2, lane.load(y, j + 2) + y2)
            lane.store(y, j + 3, lane.load(y, j + 3) + y3)

    @jit
    def symmetric_reflector(m, v, w, x, d, e2, lm, k, count):
        """Column k with its pending update: its diagonal to d, the square beside it to e2, its reflector to x.

        Returns 2 / (x^T x), or 0 where there is nothing to eliminate.
        """
        zero = lane.const(0.0)
        vk = -lane.load(v, k)
        wk = -lane.load(w, k)
        for i in range(k):
            lane.store(x, i, zero)
        tail = zero
        for i in range(k, count):
            c = lane.fma(lane.load(v, i), wk, lane.fma(lane.load(w, i), vk, lane.load(m, i * lm + k)))
            lane.store(x, i, c)
            if i > k + 1:
                tail = lane.fma(c, c, tail)
        lane.store(d, k, lane.load(x, k))
        lane.store(x, k, zero)
        head = lane.load(x, k + 1)
        square = lane.fma(head, head, tail)
        some = tail > precision.NEGLIGIBLE
        norm = lane.sqrt(square)
        lane.store(e2, k, lane.where(some, square, head * head))
        lane.store(x, k + 1, head + lane.where(head < 0.0, -norm, norm))
        return lane.where(some, 1.0 / lane.fma(lane.abs(head), norm, square), zero)

    @jit
    def tridiagonalise(m, vectors, d, e2, lm, count):
        """Reduce the symmetric m (lower tiles) to the diagonal d and the squares e2 of the entries beside it."""
        v, w, x, y = vectors
        zero = lane.const(0.0)
        for i in range(count):
            lane.store(v, i, zero)
            lane.store(w, i, zero)
        # The last step has nothing to eliminate; it settles the update of the step before.
        for k in range(count - 1):
            beta = kit.symmetric_reflector(m, v, w, x, d, e2, lm, k, count)
            first = (k + 1) // TILE * TILE
            kit.update_and_multiply(m, v, w, x, y, lm, first, count)
            dot = zero
            for i in range(k + 1, count):
                dot = lane.fma(lane.load(x, i), lane.load(y, i), dot)
            half = dot * beta * 0.5
            for i in range(first, count):
                xi = lane.load(x, i)
                wi = lane.fma(-half, xi, lane.load(y, i)) * beta
                lane.store(v, i, xi)
                lane.store(w, i, wi if i > k else zero)
        last = count - 1
        lane.store(d, last, lane.load(m, last * lm + last))

    @jit
    def laguerre_step(d, e2, x, count):
        """Laguerre's step from x towards the largest root of p = det(x I - T); NaN or 0 where there is none."""
        one = lane.const(1.0)
        zero = lane.const(0.0)
        # p, p' and p'' / 2 of the leading minors, of the last two sizes; all six share one exponent.
        p0, q0, r0 = zero, zero, zero
        p1, q1, r1 = one, zero, zero
        beside = zero
        for i in range(count):
            t = x - lane.load(d, i)
            p2 = lane.fma(t, p1, -(beside * p0))
            q2 = lane.fma(t, q1, lane.fma(-beside, q0, p1))
            r2 = lane.fma(t, r1, lane.fma(-beside, r0, q1))
            p0, q0, r0 = p1, q1, r1
            p1, q1, r1 = p2, q2, r2
            beside = lane.load(e2, i)
            if (i + 1) % precision.FACTORS == 0:
                e = kit.clamp_exponent(lane.iconst(0) - kit.exponent(p1))
                s = kit.pow2(e)
                p0, q0, r0 = p0 * s, q0 * s, r0 * s
                p1, q1, r1 = p1 * s, q1 * s, r1 * s
        g = q1 / p1
        n = lane.const(float(count))
        spread = lane.fma((n - 1.0) * g, g, -(n * 2.0) * (r1 / p1))
        step = n / (g + lane.sqrt((n - 1.0) * lane.maximum(spread, zero)))
        # Beyond the largest root p and p' have one sign. Where they have not, x is at it but for rounding, and what
        # is left of `spread` may be anything.
        return lane.where(g > 0.0, step, zero)

    @jit
    def largest_root(d, e2, count):
        """The largest eigenvalue of the positive semidefinite tridiagonal matrix of d and e2."""
        x = lane.const(0.0)
        before = lane.const(0.0)
        for i in range(count):
            beside = lane.sqrt(lane.load(e2, i)) if i + 1 < count else lane.const(0.0)
            x = lane.maximum(lane.load(d, i) + (before + beside), x)
            before = beside
        going = x > 0.0
        for _ in range(MOST_STEPS):
            step = kit.laguerre_step(d, e2, x, count)
            going = going & (step > x * precision.SHORT)
            x = lane.where(going, x - step, x)
            if not lane.any(going):
                break
        return x

    @jit
    def spectral_norm(a, work, n, ld):
        """sigma_max of each lane's normalised matrix a (largest entry in [1, 2), or zero), which is kept."""
        count = (n + TILE - 1) // TILE * TILE
        lm = count + 1
        m = work
        d = lane.part(work, count * lm)
        e2 = lane.part(d, count)
        vectors = (
            lane.part(d, 2 * count),
            lane.part(d, 3 * count),
            lane.part(d, 4 * count),
            lane.part(d, 5 * count),
        )
        kit.gram(a, m, n, ld, lm, count)
        kit.tridiagonalise(m, vectors, d, e2, lm, count)
        return lane.sqrt(kit.largest_root(d, e2, count))

    return (
        gram,
        update_and_multiply,
        symmetric_reflector,
        tridiagonalise,
        laguerre_step,
        largest_root,
        spectral_norm,
    )
