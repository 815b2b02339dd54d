"""Eigenvalues of upper Hessenberg matrices by the implicit double-shift QR iteration, all lanes in lockstep.

The algorithm is LAPACK's dlahqr without the Schur form (G. H. Golub, C. F. Van Loan, Matrix Computations, 7.5;
deflation of M. Ahues, F. Tisseur, LAPACK Working Note 122). Differences, and why:
- Lanes share the loop over positions (`chase`); a lane whose window [lo, hi] does not cover a position takes the
  identity reflector there. Counters, shifts and deflation are each lane's own, so neighbours never change its numbers.
- Eigenvalues are read off at the end, when nothing is left but blocks of one and two rows.
- A sweep starts at the top of the window; the search for two consecutive small subdiagonals would differ by lane.
- The sign of a zero never matters: sign(x) is taken as + for both zeros.
H needs two spare rows of zeros (`layout.spare`): the last reflector of a sweep reads and writes back beyond it.
"""

from typing import Any

# Sweeps for one eigenvalue after which a lane gives up; an exceptional shift is taken after every tenth, and from then
# on what is noise beside its neighbours counts as zero.
PATIENCE = 90
WEARY = 10.0
# When no window reaches beyond this row, those left may be finished in local variables (`small`).
LAST_ROW = 3


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    precision = lane.precision
    finishes = lane.FINISH_IN_REGISTERS

    @inlined
    def small_beside(sub, d1, d2):
        """Whether a subdiagonal entry may be negligible between two diagonal ones; all are absolute values."""
        return (sub <= (d1 + d2) * precision.EPS) | (sub <= precision.TINY)

    @inlined
    def lost_beside(sub, sup, d1, d2, tries):
        """Whether a subdiagonal entry is noise beside the three others of its block, after many sweeps in vain.

        Where both diagonal entries are next to zero, `negligible` asks for less than rounding leaves.
        """
        return (tries >= WEARY) & (sub <= (d1 + d2 + sup) * precision.EPS)

    @inlined
    def negligible(sub, sup, gap, d1, d2):
        """Whether a subdiagonal entry that is small beside its neighbours d1, d2 on the diagonal may become zero.

        All are absolute values; sup is the entry across the diagonal, gap that of d1 - d2 with their signs.
        """
        ab = lane.maximum(sub, sup)
        ba = lane.minimum(sub, sup)
        aa = lane.maximum(d2, gap)
        bb = lane.minimum(d2, gap)
        s = lane.maximum(aa + ab, lane.const(precision.TINY))
        strict = ba * (ab / s) <= lane.maximum(lane.const(precision.TINY), bb * (aa / s) * precision.EPS)
        return strict | (sub <= (d1 + d2) * precision.UNSEEN) | (sub <= precision.TINY)

    @inlined
    def find_window(h, ld, top, tries):
        """Set negligible subdiagonal entries to zero; returns the ends (hi, lo) of each lane's window, or -1 twice.

        The window is the lowest block of three rows or more between zeros of the subdiagonal, none of them below top;
        the one before has been swept `tries` times.
        """
        weary = lane.any(tries >= WEARY)
        zero = lane.const(0.0)
        hi = lane.const(-1.0)
        lo = hi
        length = zero
        d1 = lane.abs(lane.load(h, 0))
        for k in range(1, top + 1):
            p = k * ld + k
            sub = lane.abs(lane.load(h, p - 1))
            d2 = lane.abs(lane.load(h, p))
            small = kit.small_beside(sub, d1, d2) & (sub > 0.0)
            if weary:
                small = small | kit.lost_beside(sub, lane.abs(lane.load(h, p - ld)), d1, d2, tries)
            if lane.any(small):
                sup = lane.abs(lane.load(h, p - ld))
                gap = lane.abs(lane.load(h, p - ld - 1) - lane.load(h, p))
                drop = kit.negligible(sub, sup, gap, d1, d2) | kit.lost_beside(sub, sup, d1, d2, tries)
                drop = drop & small
                sub = lane.where(drop, zero, sub)
                lane.store(h, p - 1, lane.where(drop, zero, lane.load(h, p - 1)))
            length = lane.where(sub > 0.0, length + 1.0, zero)
            at = lane.const(float(k))
            hi = lane.where(length > 1.5, at, hi)
            lo = lane.where(length > 1.5, at - length, lo)
            d1 = d2
        return hi, lo

    @inlined
    def unit_of(size):
        """(2^-e, 2^e) with 2^e <= size < 2^(e+1), for lanes of normalised matrices (size below half of the range)."""
        e = lane.bits(lane.maximum(size, lane.const(precision.TINY))) & precision.EXPONENT
        return lane.from_bits(lane.iconst(2 * precision.BIAS << precision.FRACTION) - e), lane.from_bits(e)

    @inlined
    def roots(a, b, c, d):
        """(real, p, far, near, root, unit): the eigenvalues of [[a, b], [c, d]] are d + far unit and d + near unit.

        So if they are real, far being further from zero; else they are d + (p ± i root) unit. The unit, a power of two
        near the largest entry, keeps products in range.
        """
        p = (a - d) * 0.5
        size = lane.maximum(lane.abs(p), lane.maximum(lane.abs(b), lane.abs(c)))
        down, unit = kit.unit_of(size)
        p = p * down
        bc = (b * down) * (c * down)
        disc = lane.fma(p, p, bc)
        root = lane.sqrt(lane.abs(disc))
        far = lane.where(p < 0.0, p - root, p + root)
        safe = lane.where(far == 0.0, lane.const(1.0), far)
        return disc >= 0.0, p, far, -(bc / safe), root, unit

    @inlined
    def eigenvalues_2x2(a, b, c, d):
        """Real and imaginary parts of both eigenvalues of [[a, b], [c, d]]; the first has Im >= 0."""
        real, p, far, near, root, unit = kit.roots(a, b, c, d)
        mean = lane.fma(p, unit, d)
        re1 = lane.where(real, lane.fma(far, unit, d), mean)
        re2 = lane.where(real, lane.fma(near, unit, d), mean)
        im = lane.where(real, lane.const(0.0), root * unit)
        return re1, re2, im

    @inlined
    def read_pair(wr, wi, i, a, b, c, d):
        """Eigenvalues of [[a, b], [c, d]] into elements i and i + 1 where c is not zero."""
        pair = ~(c == 0.0)
        if lane.any(pair):
            re1, re2, im = kit.eigenvalues_2x2(a, b, c, d)
            lane.store(wr, i, lane.where(pair, re1, lane.load(wr, i)))
            lane.store(wr, i + 1, lane.where(pair, re2, lane.load(wr, i + 1)))
            lane.store(wi, i, lane.where(pair, im, lane.load(wi, i)))
            lane.store(wi, i + 1, lane.where(pair, lane.const(0.0) - im, lane.load(wi, i + 1)))

    @jit
    def francis(h, run, wr, wi, n, ld, length):
        """All eigenvalues of each lane's Hessenberg matrix h (destroyed) into wr, wi; 1 where a lane failed."""
        lane.align_frame()
        zero = lane.const(0.0)
        one = lane.const(1.0)
        hi = lane.const(float(n - 1))
        tries = zero
        failed = zero
        top = n - 1
        while True:
            before = hi
            hi, lo = kit.find_window(h, ld, top, tries)
            hi = lane.where(failed > 0.5, lane.const(-1.0), hi)
            tries = lane.where((hi < before) | (hi < 0.0), zero, tries + 1.0)
            lost = (tries > float(PATIENCE)) & (hi >= 0.0)
            failed = lane.where(lost, one, failed)
            hi = lane.where(lost, lane.const(-1.0), hi)
            top = int(lane.highest(hi))
            if finishes and top <= LAST_ROW < n:
                # The last windows in registers, from this sweep on.
                failed = kit.finish_four(h, ld, hi, tries - 1.0, failed)
                break
            if top < 0:
                break
            bottom = int(lane.lowest(lane.where(hi >= 0.0, lo, lane.const(float(n)))))
            x, y, z = kit.first_column(h, ld, hi, lo, tries, bottom, top)
            kit.qr_sweep(h, run, ld, lo, x, y, z, bottom, top, length)
        for i in range(n):
            lane.store(wr, i, lane.load(h, i * ld + i))
            lane.store(wi, i, zero)
        for p in range(n - 1):
            i = p * (ld + 1)
            kit.read_pair(
                wr,
                wi,
                p,
                lane.load(h, i),
                lane.load(h, i + 1),
                lane.load(h, i + ld),
                lane.load(h, i + ld + 1),
            )
        return failed

    return (
        small_beside,
        lost_beside,
        negligible,
        find_window,
        unit_of,
        roots,
        eigenvalues_2x2,
        read_pair,
        francis,
    )
