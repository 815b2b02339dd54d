"""The shifts of a sweep: an eigenvalue, and its conjugate, of the last four rows of a window, nearly.

The last two rows give a first guess, as in LAPACK's dlahqr: of two real eigenvalues the one nearer the corner, twice.
One step of Halley's method on the characteristic polynomial of the last four rows, three where the window has no more,
brings it nearer to an eigenvalue of the whole window. A step longer than the subdiagonal entries that the last two rows
leave out, or that is no number, is not taken. A sixth fewer sweeps are needed, at n = 4 a third.
On shifts of larger submatrices: D. S. Watkins, L. Elsner, Linear Algebra Appl. 143, 19 (1991).
"""

from typing import Any


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement; a corner is the last four rows as in `small`, a missing one zeros."""

    @inlined
    def is_exceptional(tries):
        """Every tenth sweep without a deflation."""
        tens = lane.floor(tries * 0.1)
        return (tries > 0.0) & (tens * 10.0 == tries)

    @inlined
    def exceptional(corner, mm, m1, m2, tries):
        """Of shifts that are taken instead: distance of their real part from the corner entry, imaginary part.

        From the top and the bottom of the window in turn; mm, m1, m2 are its first diagonal and subdiagonal entries.
        """
        h21, h32, h33 = corner[8], corner[11], corner[12]
        tens = lane.floor(tries * 0.1)
        upper = lane.floor(tens * 0.5) * 2.0 < tens
        s = lane.where(upper, lane.abs(m1) + lane.abs(m2), lane.abs(h32) + lane.abs(h21))
        d = lane.fma(s, lane.const(0.75), lane.where(upper, mm, h33))
        x, y, unit = kit.nearest_root(d, s * -0.4375, s, d)
        return lane.fma(x, unit, d - h33), y * unit

    @inlined
    def nearest_root(a, b, c, d):
        """The eigenvalue of [[a, b], [c, d]] nearest to d: real part less d, imaginary part >= 0, and their unit."""
        real, p, _, near, root, unit = kit.roots(a, b, c, d)
        return lane.where(real, near, p), lane.where(real, lane.const(0.0), root), unit

    @inlined
    def polynomial(corner):
        """Coefficients, constant first, of det(H - h33 - z) as a polynomial in z; of rows 1 to 3 if h10 = 0.

        Determinants of the last rows, each by its first row: two rows (a), three (b), four (c).
        """
        h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33 = corner
        t0 = h00 - h33
        t1 = h11 - h33
        t2 = h22 - h33
        a0 = -(h32 * h23)
        # a1 = -t2, a2 = 1
        two = h21 * h32
        b0 = lane.fma(t1, a0, two * h13)
        b1 = lane.fma(h21, h12, -lane.fma(t1, t2, a0))
        b2 = t1 + t2
        # b3 = -1
        c0 = lane.fma(t0, b0, -(h10 * lane.fma(two, h03, h01 * a0)))
        c1 = lane.fma(t0, b1, lane.fma(h10 * h01, t2, -lane.fma(h10 * h21, h02, b0)))
        c2 = lane.fma(t0, b2, -lane.fma(h10, h01, b1))
        c3 = -(t0 + b2)
        short = h10 == 0.0
        one = lane.const(1.0)
        return (
            lane.where(short, b0, c0),
            lane.where(short, b1, c1),
            lane.where(short, b2, c2),
            lane.where(short, -one, c3),
            lane.where(short, lane.const(0.0), one),
        )

    @inlined
    def halley(coefficients, x, y):
        """The step of Halley's method from z = x + i y: real and imaginary part, each times the last number returned.

        The polynomial is divided by (z - x)^2 + y^2, which vanishes at z, and so is the quotient.
        """
        c0, c1, c2, c3, c4 = coefficients
        u = x + x
        v = -lane.fma(x, x, y * y)
        q1 = lane.fma(u, c4, c3)
        q0 = lane.fma(u, q1, lane.fma(v, c4, c2))
        r1 = lane.fma(u, q0, lane.fma(v, q1, c1))
        # At z: the polynomial f, its derivative p, half the second one g; q is the quotient.
        f_re = lane.fma(r1, x, lane.fma(v, q0, c0))
        f_im = r1 * y
        s1 = lane.fma(u, c4, q1)
        q_re = lane.fma(s1, x, lane.fma(v, c4, q0))
        q_im = s1 * y
        y2 = y + y
        p_re = lane.fma(-y2, q_im, r1)
        p_im = y2 * q_re
        g_re = lane.fma(-y2, y2 * c4, q_re)
        g_im = lane.fma(y2, s1, q_im)
        # The step is n / d.
        n_re = lane.fma(f_re, p_re, -(f_im * p_im))
        n_im = lane.fma(f_re, p_im, f_im * p_re)
        d_re = lane.fma(f_re, g_re, -(f_im * g_im)) - lane.fma(p_re, p_re, -(p_im * p_im))
        d_im = lane.fma(-p_re, p_im + p_im, lane.fma(f_re, g_im, f_im * g_re))
        over = 1.0 / lane.fma(d_re, d_re, d_im * d_im)
        return lane.fma(n_re, d_re, n_im * d_im), lane.fma(n_im, d_re, -(n_re * d_im)), over

    @inlined
    def refined(corner, x, y):
        """x + i y after a step of Halley's method, if it is no longer than what the guess left out."""
        re, im, over = kit.halley(kit.polynomial(corner), x, y)
        limit = lane.abs(corner[8]) + lane.abs(corner[11])
        dx = re * over
        dy = im * over
        near = lane.fma(dx, dx, dy * dy) <= limit * limit
        return lane.where(near, lane.fma(re, over, x), x), lane.where(near, lane.fma(im, over, y), y)

    @inlined
    def shift(corner):
        """Real part less h33, and imaginary part, of the shift of a corner."""
        x, y, unit = kit.nearest_root(corner[9], corner[10], corner[11], corner[12])
        return kit.refined(corner, x * unit, y * unit)

    @inlined
    def shifted_column(corner, x, y, mm, m1, m2, n1, nn, tries, some):
        """First column of (H - s)(H - s'), up to scale, for the shift s = h33 + x + i y and its conjugate.

        H starts with the diagonal mm, nn, m1, m2 below it and n1 beside it; all but the first is zero unless `some`.
        """
        zero = lane.const(0.0)
        h33 = corner[12]
        odd = kit.is_exceptional(tries)
        if lane.any(odd):
            other, beside = kit.exceptional(corner, mm, m1, m2, tries)
            x = lane.where(odd, other, x)
            y = lane.where(odd, beside, y)
        gap = (mm - h33) - x
        s = lane.abs(gap) + lane.abs(y) + lane.abs(m1)
        down, _ = kit.unit_of(s)
        m1 = m1 * down
        first = lane.fma(m1, n1, lane.fma(gap, gap * down, y * (y * down)))
        second = m1 * (gap + ((nn - h33) - x))
        return first, lane.where(some, second, zero), lane.where(some, m1 * m2, zero)

    @inlined
    def rows_to(h, ld, k):
        """The last four rows of a window that ends at row k, as a corner."""
        p = k * (ld + 1)
        q = p - ld
        r = q - ld
        h00 = h01 = h02 = h03 = h10 = lane.const(0.0)
        if k > 2:
            s = r - ld
            h00 = lane.load(h, s - 3)
            h01 = lane.load(h, s - 2)
            h02 = lane.load(h, s - 1)
            h03 = lane.load(h, s)
            h10 = lane.load(h, r - 3)
        h11, h12, h13 = lane.load(h, r - 2), lane.load(h, r - 1), lane.load(h, r)
        h21, h22, h23 = lane.load(h, q - 2), lane.load(h, q - 1), lane.load(h, q)
        return h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, lane.load(h, p - 1), lane.load(h, p)

    @inlined
    def corner_of(h, ld, hi, top):
        """The corner of each lane's window, which ends at row hi <= top; h10 is zero where it has three rows."""
        h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33 = kit.rows_to(h, ld, top)
        # One end after another: gathers take longer.
        k = top
        while lane.any((hi >= 0.0) & (hi < float(k))):
            k -= 1
            here = hi == float(k)
            if lane.any(here):
                a00, a01, a02, a03, a10, a11, a12, a13, a21, a22, a23, a32, a33 = kit.rows_to(h, ld, k)
                h00 = lane.where(here, a00, h00)
                h01 = lane.where(here, a01, h01)
                h02 = lane.where(here, a02, h02)
                h03 = lane.where(here, a03, h03)
                h10 = lane.where(here, a10, h10)
                h11 = lane.where(here, a11, h11)
                h12 = lane.where(here, a12, h12)
                h13 = lane.where(here, a13, h13)
                h21 = lane.where(here, a21, h21)
                h22 = lane.where(here, a22, h22)
                h23 = lane.where(here, a23, h23)
                h32 = lane.where(here, a32, h32)
                h33 = lane.where(here, a33, h33)
        return h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33

    @inlined
    def first_column(h, ld, hi, lo, tries, bottom, top):
        """`shifted_column` of each lane's window from row lo to hi; y = z = 0 for a lane without one.

        `bottom` is the least lo of all windows and `top` the largest hi.
        """
        some = hi >= 0.0
        corner = kit.corner_of(h, ld, hi, top)
        x, y = kit.shift(corner)
        if lane.any(some & (lo > float(bottom))):
            m = lane.to_int(lane.where(some, lo, lane.const(0.0)))
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
        return kit.shifted_column(corner, x, y, mm, m1, m2, n1, nn, tries, some)

    return (
        is_exceptional,
        exceptional,
        nearest_root,
        polynomial,
        halley,
        refined,
        shift,
        shifted_column,
        rows_to,
        corner_of,
        first_column,
    )
