"""The QR iteration of `francis` for three and four rows, with the whole matrix in local variables.

Every number is the one that the loops over memory find: the same reflectors in the same order, the same shifts and
the same deflation. What goes is the overhead, which is most of their time here. Four rows hold one window of three
rows or more at a time: rows 0 to 3, 0 to 2 or 1 to 3. Eigenvalues are read off at the end, a lane that is done
finding identity reflectors until then. A matrix of three rows gets a row and a column of zeros.
"""

from typing import Any

from rhoscope.kernels.francis import PATIENCE

ROWS = 4


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    precision = lane.precision

    @inlined
    def without_negligible(sub, sup, before, after, tries):
        """The subdiagonal entry between two diagonal ones, sup across from it; zero where it is negligible.

        The window has been swept `tries` times.
        """
        zero = lane.const(0.0)
        size = lane.abs(sub)
        d1 = lane.abs(before)
        d2 = lane.abs(after)
        lost = kit.lost_beside(size, lane.abs(sup), d1, d2, tries)
        small = kit.small_beside(size, d1, d2) & (size > 0.0)
        if lane.any(small | lost):
            drop = small & kit.negligible(size, lane.abs(sup), lane.abs(before - after), d1, d2)
            sub = lane.where(drop | lost, zero, sub)
        return sub

    @inlined
    def reflect_three(x, y, z, v1, v2, t0, t1, t2):
        """The reflector I + (1, v1, v2)^T (t0, t1, t2) on three entries of a line."""
        s = lane.fma(v2, z, lane.fma(v1, y, x))
        return lane.fma(s, t0, x), lane.fma(s, t1, y), lane.fma(s, t2, z)

    @inlined
    def reflect_two(x, y, v1, t0, t1):
        """`reflect_three` for z = v2 = 0."""
        s = lane.fma(v1, y, x)
        return lane.fma(s, t0, x), lane.fma(s, t1, y)

    @inlined
    def sweep_four(h, x0, y0, z0, from_top, from_second):
        """A double-shift sweep of H, its 13 entries row by row, in lanes whose window starts at row 0 or row 1."""
        h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33 = h
        zero = lane.const(0.0)
        x = lane.where(from_top, x0, zero)
        y = lane.where(from_top, y0, zero)
        z = lane.where(from_top, z0, zero)
        _, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
        h00, h10, h20 = kit.reflect_three(h00, h10, zero, v1, v2, t0, t1, t2)
        h01, h11, h21 = kit.reflect_three(h01, h11, h21, v1, v2, t0, t1, t2)
        h02, h12, h22 = kit.reflect_three(h02, h12, h22, v1, v2, t0, t1, t2)
        h03, h13, h23 = kit.reflect_three(h03, h13, h23, v1, v2, t0, t1, t2)
        h10, h11, h12 = kit.reflect_three(h10, h11, h12, v1, v2, t0, t1, t2)
        h20, h21, h22 = kit.reflect_three(h20, h21, h22, v1, v2, t0, t1, t2)
        h30, h31, h32 = kit.reflect_three(zero, zero, h32, v1, v2, t0, t1, t2)
        h00, h01, h02 = kit.reflect_three(h00, h01, h02, v1, v2, t0, t1, t2)
        x = lane.where(from_second, x0, h10)
        y = lane.where(from_second, y0, h20)
        z = lane.where(from_second, z0, h30)
        beta, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
        # Where a window starts, the entry left of it is zero.
        h10 = lane.where(from_second, zero, beta)
        h11, h21, h31 = kit.reflect_three(h11, h21, h31, v1, v2, t0, t1, t2)
        h12, h22, h32 = kit.reflect_three(h12, h22, h32, v1, v2, t0, t1, t2)
        h13, h23, h33 = kit.reflect_three(h13, h23, h33, v1, v2, t0, t1, t2)
        h21, h22, h23 = kit.reflect_three(h21, h22, h23, v1, v2, t0, t1, t2)
        h31, h32, h33 = kit.reflect_three(h31, h32, h33, v1, v2, t0, t1, t2)
        h01, h02, h03 = kit.reflect_three(h01, h02, h03, v1, v2, t0, t1, t2)
        h11, h12, h13 = kit.reflect_three(h11, h12, h13, v1, v2, t0, t1, t2)
        h21, v1, _, t0, t1, _ = kit.make_reflector(h21, h31, zero)
        h22, h32 = kit.reflect_two(h22, h32, v1, t0, t1)
        h23, h33 = kit.reflect_two(h23, h33, v1, t0, t1)
        h02, h03 = kit.reflect_two(h02, h03, v1, t0, t1)
        h12, h13 = kit.reflect_two(h12, h13, v1, t0, t1)
        h22, h23 = kit.reflect_two(h22, h23, v1, t0, t1)
        h32, h33 = kit.reflect_two(h32, h33, v1, t0, t1)
        return h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33

    @inlined
    def cut_four(h, tries):
        """H with its negligible subdiagonal entries at zero, after so many sweeps."""
        h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33 = h
        h10 = kit.without_negligible(h10, h01, h00, h11, tries)
        h21 = kit.without_negligible(h21, h12, h11, h22, tries)
        h32 = kit.without_negligible(h32, h23, h22, h33, tries)
        return h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33

    @inlined
    def first_of_four(h, whole, upper, tries, some):
        """`first_column` of a window that starts at row 0 unless `upper` fails and ends at row 3 if `whole`."""
        h00, h01, h02, h03, h10, h11, h12, h13, h21, h22, h23, h32, h33 = h
        zero = lane.const(0.0)
        corner = (
            lane.where(whole, h00, zero),
            lane.where(whole, h01, zero),
            lane.where(whole, h02, zero),
            lane.where(whole, h03, zero),
            lane.where(whole, h10, zero),
            lane.where(whole, h11, h00),
            lane.where(whole, h12, h01),
            lane.where(whole, h13, h02),
            lane.where(whole, h21, h10),
            lane.where(whole, h22, h11),
            lane.where(whole, h23, h12),
            lane.where(whole, h32, h21),
            lane.where(whole, h33, h22),
        )
        mm = lane.where(upper, h00, h11)
        m1 = lane.where(upper, h10, h21)
        m2 = lane.where(upper, h21, h32)
        n1 = lane.where(upper, h01, h12)
        nn = lane.where(upper, h11, h22)
        x, y = kit.shift(corner)
        return kit.shifted_column(corner, x, y, mm, m1, m2, n1, nn, tries, some)

    @inlined
    def iterate_four(entries, ends, tries, failed):
        """Sweeps until no lane has a window; returns H and which lanes have failed.

        The last row of a lane's window was `ends` a sweep ago, and has been for `tries` sweeps.
        """
        zero = lane.const(0.0)
        one = lane.const(1.0)
        while True:
            entries = kit.cut_four(entries, tries)
            upper = ~(entries[4] == 0.0)
            whole = ~(entries[11] == 0.0)
            going = ~(entries[8] == 0.0) & (upper | whole) & (failed < 0.5)
            before = ends
            ends = lane.where(whole, lane.const(3.0), lane.const(2.0))
            tries = lane.where(going & ~(ends < before), tries + 1.0, zero)
            failed = lane.where(going & (tries > float(PATIENCE)), one, failed)
            going = going & (failed < 0.5)
            if not lane.any(going):
                break
            x, y, z = kit.first_of_four(entries, whole, upper, tries, going)
            entries = kit.sweep_four(entries, x, y, z, going & upper, going & ~upper)
        return entries, failed

    @jit
    def finish_four(h, ld, ends, tries, failed):
        """The sweeps of `francis` from when no window reaches beyond row 3; returns which lanes have failed."""
        entries, failed = kit.iterate_four(kit.rows_to(h, ld, ROWS - 1), ends, tries, failed)
        # What the eigenvalues are read from.
        p = ld
        q = 2 * ld
        r = 3 * ld
        h00, h01, _, _, h10, h11, h12, _, h21, h22, h23, h32, h33 = entries
        lane.store(h, 0, h00)
        lane.store(h, 1, h01)
        lane.store(h, p, h10)
        lane.store(h, p + 1, h11)
        lane.store(h, p + 2, h12)
        lane.store(h, q + 1, h21)
        lane.store(h, q + 2, h22)
        lane.store(h, q + 3, h23)
        lane.store(h, r + 2, h32)
        lane.store(h, r + 3, h33)
        return failed

    @jit
    def francis_small(h, wr, wi, n, ld):
        """`francis` for n = 3 and n = 4; h is left as it was."""
        zero = lane.const(0.0)
        p = ld
        q = 2 * ld
        h03 = h13 = h23 = h32 = h33 = zero
        if n == ROWS:
            h03 = lane.load(h, 3)
            h13 = lane.load(h, p + 3)
            h23 = lane.load(h, q + 3)
            h32 = lane.load(h, 3 * ld + 2)
            h33 = lane.load(h, 3 * ld + 3)
        row0 = lane.load(h, 0), lane.load(h, 1), lane.load(h, 2), h03
        row1 = lane.load(h, p), lane.load(h, p + 1), lane.load(h, p + 2), h13
        rest = lane.load(h, q + 1), lane.load(h, q + 2), h23, h32, h33
        entries = row0 + row1 + rest
        entries, failed = kit.iterate_four(entries, lane.const(float(n - 1)), zero, zero)
        h00, h01, _, _, h10, h11, h12, _, h21, h22, h23, h32, h33 = entries
        for i in range(n):
            lane.store(wi, i, zero)
        lane.store(wr, 0, h00)
        lane.store(wr, 1, h11)
        lane.store(wr, 2, h22)
        kit.read_pair(wr, wi, 0, h00, h01, h10, h11)
        if n == ROWS:
            lane.store(wr, 3, h33)
            kit.read_pair(wr, wi, 2, h22, h23, h32, h33)
        kit.read_pair(wr, wi, 1, h11, h12, h21, h22)
        return failed

    @jit
    def eigenvalues_two(a, wr, wi, ld):
        """`eigenvalues` for n = 2; a is left as it was."""
        zero = lane.const(0.0)
        one = lane.const(1.0)
        x = lane.load(a, 0)
        y = lane.load(a, 1)
        z = lane.load(a, ld)
        u = lane.load(a, ld + 1)
        largest = lane.maximum(lane.abs(u), lane.maximum(lane.abs(z), lane.maximum(lane.abs(y), lane.abs(x))))
        ok = (
            (lane.abs(x) <= precision.LARGEST)
            & (lane.abs(y) <= precision.LARGEST)
            & (lane.abs(z) <= precision.LARGEST)
            & (lane.abs(u) <= precision.LARGEST)
        )
        e, half, rest = kit.normalising(lane.where(ok, largest, zero))
        x = lane.where(ok, x * half * rest, zero)
        y = lane.where(ok, y * half * rest, zero)
        z = lane.where(ok, z * half * rest, zero)
        u = lane.where(ok, u * half * rest, zero)
        better, f, g = kit.balancing(lane.abs(z), lane.abs(y))
        while lane.any(better):
            y = y * lane.where(better, g, one)
            z = z * lane.where(better, f, one)
            better, f, g = kit.balancing(lane.abs(z), lane.abs(y))
        z = kit.without_negligible(z, y, x, u, zero)
        re1, re2, im = kit.eigenvalues_2x2(x, y, z, u)
        pair = ~(z == 0.0)
        s = kit.pow2(lane.to_int(e))
        im = lane.where(pair, im, zero)
        lane.store(wr, 0, lane.where(pair, re1, x) * s)
        lane.store(wr, 1, lane.where(pair, re2, u) * s)
        lane.store(wi, 0, im * s)
        lane.store(wi, 1, (zero - im) * s)
        return zero, lane.where(ok, one, zero)

    @jit
    def francis_iterate(h, run, wr, wi, n, ld, length):
        """`francis` in the form that suits n."""
        if n == ROWS or n == ROWS - 1:
            return kit.francis_small(h, wr, wi, n, ld)
        return kit.francis(h, run, wr, wi, n, ld, length)

    return (
        without_negligible,
        reflect_three,
        reflect_two,
        sweep_four,
        cut_four,
        first_of_four,
        iterate_four,
        finish_four,
        francis_small,
        eigenvalues_two,
        francis_iterate,
    )
