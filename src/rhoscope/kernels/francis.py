"""Eigenvalues of upper Hessenberg matrices by the implicit double-shift QR iteration, all lanes in lockstep.

The algorithm is LAPACK's dlahqr without the Schur form (G. H. Golub, C. F. Van Loan, Matrix Computations, 7.5;
deflation of M. Ahues, F. Tisseur, LAPACK Working Note 122). Differences, and why:
- Lanes share the loop over positions (`chase`); a lane whose window [lo, hi] does not cover a position takes the
  identity reflector there. Counters, shifts and deflation are each lane's own, so neighbours never change its numbers.
- A sweep starts at the top of the window; the search for two consecutive small subdiagonals would differ by lane.
- The sign of a zero never matters: sign(x) is taken as + for both zeros.
H needs two spare rows of zeros (`layout.spare`): the last reflector of a sweep reads and writes back beyond it.
"""

from typing import Any

EPS = 2.220446049250313e-16
TINY = 2.2250738585072014e-308
# The square of an entry this far below its neighbours underflows beside theirs, and no reflection sees it.
UNSEEN = 1e-160
# Sweeps for one eigenvalue after which a lane gives up; an exceptional shift is taken after every tenth.
PATIENCE = 90
EXPONENT = 0x7FF0000000000000


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    @inlined
    def small_beside(sub, d1, d2):
        """Whether a subdiagonal entry may be negligible between two diagonal ones; all are absolute values."""
        return (sub <= (d1 + d2) * EPS) | (sub <= TINY)

    @inlined
    def find_window(h, ld, hi, top):
        """Set negligible subdiagonal entries to zero; returns where each lane's window starts, and the one above it.

        A window ends at hi and starts below the last subdiagonal entry that is zero.
        """
        zero = lane.const(0.0)
        lo = zero
        above = zero
        d1 = lane.abs(lane.load(h, 0))
        for k in range(1, top + 1):
            p = k * ld + k
            sub = lane.abs(lane.load(h, p - 1))
            d2 = lane.abs(lane.load(h, p))
            small = kit.small_beside(sub, d1, d2)
            if lane.any(small):
                if lane.any(small & (sub > 0.0)):
                    sup = lane.abs(lane.load(h, p - ld))
                    gap = lane.abs(lane.load(h, p - ld - 1) - lane.load(h, p))
                    ab = lane.maximum(sub, sup)
                    ba = lane.minimum(sub, sup)
                    aa = lane.maximum(d2, gap)
                    bb = lane.minimum(d2, gap)
                    s = lane.maximum(aa + ab, lane.const(TINY))
                    strict = ba * (ab / s) <= lane.maximum(lane.const(TINY), bb * (aa / s) * EPS)
                    drop = small & (strict | (sub <= (d1 + d2) * UNSEEN) | (sub <= TINY))
                    sub = lane.where(drop, zero, sub)
                    lane.store(h, p - 1, lane.where(drop, zero, lane.load(h, p - 1)))
                at = lane.const(float(k))
                starts = (sub == 0.0) & (hi >= at)
                above = lane.where(starts, lo, above)
                lo = lane.where(starts, at, lo)
            d1 = d2
        return lo, above

    @inlined
    def unit_of(size):
        """(2^-e, 2^e) with 2^e <= size < 2^(e+1), for lanes of normalised matrices (size < 2^1023)."""
        e = lane.bits(lane.maximum(size, lane.const(TINY))) & EXPONENT
        return lane.from_bits(lane.iconst(2046 << 52) - e), lane.from_bits(e)

    @inlined
    def eigenvalues_2x2(a, b, c, d):
        """Real and imaginary parts of both eigenvalues of [[a, b], [c, d]]; the first has Im >= 0."""
        p = (a - d) * 0.5
        size = lane.maximum(lane.abs(p), lane.maximum(lane.abs(b), lane.abs(c)))
        # A power of two near the largest keeps the products in range.
        down, unit = kit.unit_of(size)
        p = p * down
        bc = (b * down) * (c * down)
        disc = lane.fma(p, p, bc)
        root = lane.sqrt(lane.abs(disc))
        real = disc >= 0.0
        z = lane.where(p < 0.0, p - root, p + root)
        safe = lane.where(z == 0.0, lane.const(1.0), z)
        mean = lane.fma(p, unit, d)
        zero = lane.const(0.0)
        re1 = lane.where(real, lane.fma(z, unit, d), mean)
        re2 = lane.where(real, lane.fma(-(bc / safe), unit, d), mean)
        im = lane.where(real, zero, root * unit)
        return re1, re2, im

    @inlined
    def deflate(h, wr, wi, ld, hi, top):
        """Split off eigenvalues at the bottom until every lane's window has three rows or more.

        Returns (hi, lo, 1 where something was split off).
        """
        zero = lane.const(0.0)
        one = lane.const(1.0)
        moved = zero
        lo, above = kit.find_window(h, ld, hi, top)
        while True:
            single = (hi >= 0.0) & (lo == hi)
            pair = (hi >= 1.0) & (lo == hi - 1.0)
            done = single | pair
            if not lane.any(done):
                return hi, lo, moved
            i = lane.to_int(lane.maximum(hi, zero))
            d = lane.take(h, i * ld + i)
            im = zero
            if lane.any(pair):
                j = lane.to_int(lane.maximum(hi - 1.0, zero))
                re1, re2, im = kit.eigenvalues_2x2(
                    lane.take(h, j * ld + j), lane.take(h, j * ld + i), lane.take(h, i * ld + j), d
                )
                d = lane.where(pair, re2, d)
                im = lane.where(pair, im, zero)
                lane.scatter(wr, j, re1, pair)
                lane.scatter(wi, j, im, pair)
            lane.scatter(wr, i, d, done)
            lane.scatter(wi, i, zero - im, done)
            hi = lane.where(pair, hi - 2.0, lane.where(single, hi - 1.0, hi))
            lo = lane.where(done, above, lo)
            moved = lane.where(done, one, moved)
            if lane.any(done & (lo >= hi - 1.0) & (hi >= 0.0)):
                lo, above = kit.find_window(h, ld, hi, int(lane.highest(hi)))

    @inlined
    def first_column(h, ld, hi, lo, tries, bottom):
        """First column of (H - s1)(H - s2), up to scale, for the shifts of each lane's window.

        `bottom` is the least lo of all windows; y = z = 0 for a lane without one.
        """
        zero = lane.const(0.0)
        i = lane.to_int(lane.maximum(hi, lane.const(2.0)))
        some = hi >= 0.0
        h11 = lane.take(h, (i - 1) * ld + i - 1)
        h12 = lane.take(h, (i - 1) * ld + i)
        h21 = lane.take(h, i * ld + i - 1)
        h22 = lane.take(h, i * ld + i)
        if lane.any(some & (lo > float(bottom))):
            m = lane.to_int(lane.where(some, lo, zero))
            mm = lane.take(h, m * ld + m)
            m1 = lane.take(h, (m + 1) * ld + m)
            m2 = lane.take(h, (m + 2) * ld + m + 1)
            n1 = lane.take(h, m * ld + m + 1)
            nn = lane.take(h, (m + 1) * ld + m + 1)
        else:
            p = bottom * ld + bottom
            mm = lane.load(h, p)
            m1 = lane.load(h, p + ld)
            m2 = lane.load(h, p + 2 * ld + 1)
            n1 = lane.load(h, p + 1)
            nn = lane.load(h, p + ld + 1)
        # Exceptional shifts after 10, 20, 30 ... sweeps without a deflation, from the top and the bottom in turn.
        tens = lane.floor(tries * 0.1)
        odd = (tries > 0.0) & (tens * 10.0 == tries)
        if lane.any(odd):
            upper = odd & (lane.floor(tens * 0.5) * 2.0 < tens)
            s = lane.where(
                upper,
                lane.abs(m1) + lane.abs(m2),
                lane.abs(h21) + lane.abs(lane.take(h, (i - 1) * ld + i - 2)),
            )
            h11 = lane.where(odd, lane.fma(s, lane.const(0.75), lane.where(upper, mm, h22)), h11)
            h12 = lane.where(odd, s * -0.4375, h12)
            h21 = lane.where(odd, s, h21)
            h22 = lane.where(odd, h11, h22)
        re1, re2, im = kit.eigenvalues_2x2(h11, h12, h21, h22)
        # Two real shifts: take the one nearer the corner twice.
        near = lane.where(lane.abs(re1 - h22) <= lane.abs(re2 - h22), re1, re2)
        real = im == 0.0
        re1 = lane.where(real, near, re1)
        re2 = lane.where(real, near, re2)
        s = lane.abs(mm - re2) + lane.abs(im) + lane.abs(m1)
        down, _ = kit.unit_of(s)
        m1 = m1 * down
        x = lane.fma(m1, n1, lane.fma(mm - re1, (mm - re2) * down, im * (im * down)))
        y = m1 * (mm + nn - re1 - re2)
        return x, lane.where(some, y, zero), lane.where(some, m1 * m2, zero)

    @jit
    def francis(h, run, wr, wi, n, ld, length):
        """All eigenvalues of each lane's Hessenberg matrix h (destroyed) into wr, wi; 1 where a lane failed."""
        lane.align_frame()
        zero = lane.const(0.0)
        one = lane.const(1.0)
        hi = lane.const(float(n - 1))
        lo = zero
        tries = zero
        failed = zero
        top = n - 1
        while top >= 0:
            hi, lo, moved = kit.deflate(h, wr, wi, ld, hi, top)
            tries = lane.where(moved > 0.5, zero, tries + 1.0)
            lost = (tries > float(PATIENCE)) & (hi >= 0.0)
            failed = lane.where(lost, one, failed)
            hi = lane.where(lost, lane.const(-1.0), hi)
            top = int(lane.highest(hi))
            if top < 0:
                break
            bottom = int(lane.lowest(lane.where(hi >= 0.0, lo, lane.const(float(n)))))
            x, y, z = kit.first_column(h, ld, hi, lo, tries, bottom)
            kit.qr_sweep(h, run, ld, lo, x, y, z, bottom, top, length)
        return failed

    return small_beside, find_window, unit_of, eigenvalues_2x2, deflate, first_column, francis
