"""What a run of three-element reflectors does to the matrix."""

from typing import Any


def build(lane: Any, inlined: Any) -> Any:
    @inlined
    def apply_four(h, run, first, count, p, step, side):
        """Apply `count` reflectors, from `first` on, along four lines.

        Entries of a line lie at p, p + step, ...; the next line is `side` away.
        One line after the other within a step: all four abreast would put entries on the stack.
        """
        q = p
        x0 = lane.load(h, q)
        x1 = lane.load(h, q + side)
        x2 = lane.load(h, q + 2 * side)
        x3 = lane.load(h, q + 3 * side)
        q += step
        y0 = lane.load(h, q)
        y1 = lane.load(h, q + side)
        y2 = lane.load(h, q + 2 * side)
        y3 = lane.load(h, q + 3 * side)
        for r in range(first, first + count):
            back = q - step
            q += step
            v1 = lane.load(run, 5 * r)
            v2 = lane.load(run, 5 * r + 1)
            t0 = lane.load(run, 5 * r + 2)
            t1 = lane.load(run, 5 * r + 3)
            t2 = lane.load(run, 5 * r + 4)
            z0 = lane.load(h, q)
            s0 = lane.fma(v2, z0, lane.fma(v1, y0, x0))
            lane.store(h, back, lane.fma(s0, t0, x0))
            x0 = lane.fma(s0, t1, y0)
            y0 = lane.fma(s0, t2, z0)
            z1 = lane.load(h, q + side)
            s1 = lane.fma(v2, z1, lane.fma(v1, y1, x1))
            lane.store(h, back + side, lane.fma(s1, t0, x1))
            x1 = lane.fma(s1, t1, y1)
            y1 = lane.fma(s1, t2, z1)
            z2 = lane.load(h, q + 2 * side)
            s2 = lane.fma(v2, z2, lane.fma(v1, y2, x2))
            lane.store(h, back + 2 * side, lane.fma(s2, t0, x2))
            x2 = lane.fma(s2, t1, y2)
            y2 = lane.fma(s2, t2, z2)
            z3 = lane.load(h, q + 3 * side)
            s3 = lane.fma(v2, z3, lane.fma(v1, y3, x3))
            lane.store(h, back + 3 * side, lane.fma(s3, t0, x3))
            x3 = lane.fma(s3, t1, y3)
            y3 = lane.fma(s3, t2, z3)
        back = q - step
        lane.store(h, back, x0)
        lane.store(h, back + side, x1)
        lane.store(h, back + 2 * side, x2)
        lane.store(h, back + 3 * side, x3)
        lane.store(h, q, y0)
        lane.store(h, q + side, y1)
        lane.store(h, q + 2 * side, y2)
        lane.store(h, q + 3 * side, y3)

    @inlined
    def apply_corner(h, p, ld, v1, v2, t0, t1, t2):
        """Apply reflector k, from both sides, to the entries that reflector k + 1 waits for; p is that of (k, k).

        Columns k, k + 1, k + 2 from the left, rows k + 1, k + 2, k + 3 from the right. Returns the entries of
        column k below the diagonal, which are not stored.
        """
        x0 = lane.load(h, p)
        y0 = lane.load(h, p + ld)
        z0 = lane.load(h, p + 2 * ld)
        s = lane.fma(v2, z0, lane.fma(v1, y0, x0))
        lane.store(h, p, lane.fma(s, t0, x0))
        y0 = lane.fma(s, t1, y0)
        z0 = lane.fma(s, t2, z0)
        p += 1
        x1 = lane.load(h, p)
        y1 = lane.load(h, p + ld)
        z1 = lane.load(h, p + 2 * ld)
        s = lane.fma(v2, z1, lane.fma(v1, y1, x1))
        lane.store(h, p, lane.fma(s, t0, x1))
        y1 = lane.fma(s, t1, y1)
        z1 = lane.fma(s, t2, z1)
        p += 1
        x2 = lane.load(h, p)
        y2 = lane.load(h, p + ld)
        z2 = lane.load(h, p + 2 * ld)
        s = lane.fma(v2, z2, lane.fma(v1, y2, x2))
        lane.store(h, p, lane.fma(s, t0, x2))
        y2 = lane.fma(s, t1, y2)
        z2 = lane.fma(s, t2, z2)
        p += ld
        s = lane.fma(v2, y2, lane.fma(v1, y1, y0))
        y0 = lane.fma(s, t0, y0)
        lane.store(h, p - 1, lane.fma(s, t1, y1))
        lane.store(h, p, lane.fma(s, t2, y2))
        p += ld
        s = lane.fma(v2, z2, lane.fma(v1, z1, z0))
        z0 = lane.fma(s, t0, z0)
        lane.store(h, p - 1, lane.fma(s, t1, z1))
        lane.store(h, p, lane.fma(s, t2, z2))
        p += ld
        # Row k + 3 has nothing but its subdiagonal entry yet.
        below = lane.load(h, p)
        s = v2 * below
        lane.store(h, p - 1, s * t1)
        lane.store(h, p, lane.fma(s, t2, below))
        return y0, z0, s * t0

    return apply_four, apply_corner
