"""One double-shift QR sweep of all lanes: runs of three-element reflectors and what they act on.

Reflector k acts on rows and columns k, k + 1, k + 2 as I + (1, v1, v2)^T (t0, t1, t2), five elements of a run.
A lane whose window does not reach position k finds zeros below the subdiagonal of column k - 1 there, whose
reflector is the identity, so no mask is needed. Reflectors are made in runs. Only what the next one waits for takes a
reflector at once; a column takes all of the run so far just before it is needed (while a square root and a division
are under way), and the rest of H takes the whole run, so that an entry is read and written once for all of them.
Where a vector is one register, a run is made in short ones of four, whose loops are unrolled, and the diagonal block
of the run takes a whole short run too; elsewhere that is slower.
Any one entry sees the operations of a sweep without delays in the same order, so results do not depend on the runs.
"""

from typing import Any

# Reflectors of a short run.
SHORT = 4


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    precision = lane.precision

    @inlined
    def apply_line(h, run, r, count, p, step):
        """Apply `count` reflectors of the run, from r on, along one line of entries at p, p + step, ..."""
        x = lane.load(h, p)
        p += step
        y = lane.load(h, p)
        for i in range(r, r + count):
            z = lane.load(h, p + step)
            s = lane.fma(lane.load(run, 5 * i + 1), z, lane.fma(lane.load(run, 5 * i), y, x))
            lane.store(h, p - step, lane.fma(s, lane.load(run, 5 * i + 2), x))
            x = lane.fma(s, lane.load(run, 5 * i + 3), y)
            y = lane.fma(s, lane.load(run, 5 * i + 4), z)
            p += step
        lane.store(h, p - step, x)
        lane.store(h, p, y)

    @inlined
    def apply_two(h, run, r, count, p, step, side):
        """Apply `count` reflectors of the run, from r on, along two lines, the second `side` after the first."""
        x0 = lane.load(h, p)
        x1 = lane.load(h, p + side)
        p += step
        y0 = lane.load(h, p)
        y1 = lane.load(h, p + side)
        for i in range(r, r + count):
            v1 = lane.load(run, 5 * i)
            v2 = lane.load(run, 5 * i + 1)
            t0 = lane.load(run, 5 * i + 2)
            t1 = lane.load(run, 5 * i + 3)
            t2 = lane.load(run, 5 * i + 4)
            z0 = lane.load(h, p + step)
            s0 = lane.fma(v2, z0, lane.fma(v1, y0, x0))
            lane.store(h, p - step, lane.fma(s0, t0, x0))
            x0 = lane.fma(s0, t1, y0)
            y0 = lane.fma(s0, t2, z0)
            z1 = lane.load(h, p + step + side)
            s1 = lane.fma(v2, z1, lane.fma(v1, y1, x1))
            lane.store(h, p - step + side, lane.fma(s1, t0, x1))
            x1 = lane.fma(s1, t1, y1)
            y1 = lane.fma(s1, t2, z1)
            p += step
        lane.store(h, p - step, x0)
        lane.store(h, p - step + side, x1)
        lane.store(h, p, y0)
        lane.store(h, p + side, y1)

    @inlined
    def apply_lines(h, run, r, count, p, step, side, lines):
        """Apply `count` reflectors of the run, from r on, along `lines` lines, four at a time."""
        line = 0
        while line + 4 <= lines:
            kit.apply_four(h, run, r, count, p + line * side, step, side)
            line += 4
        while line < lines:
            kit.apply_line(h, run, r, count, p + line * side, step)
            line += 1

    @jit
    def apply_run(h, run, count, p, step, side, lines):
        """`apply_lines` for a whole run."""
        lane.align_frame()
        kit.apply_lines(h, run, 0, count, p, step, side, lines)

    @inlined
    def make_reflector(x, y, z):
        """Householder reflector of (x, y, z): (beta, v1, v2, -tau, -tau v1, -tau v2), or x and zeros if y = z = 0."""
        zero = lane.const(0.0)
        up = lane.const(1.0)
        rest = lane.abs(y) + lane.abs(z)
        size = lane.abs(x) + rest
        extreme = (rest > 0.0) & ((size < precision.SMALL) | (size > precision.LARGE))
        if lane.any(extreme):
            # An exact power of two keeps the squares in range.
            down, up = kit.unit_of(size)
            down = lane.where(extreme, down, lane.const(1.0))
            up = lane.where(extreme, up, lane.const(1.0))
            x = x * down
            y = y * down
            z = z * down
        square = lane.fma(y, y, z * z)
        on = square > 0.0
        norm = lane.sqrt(lane.fma(x, x, square))
        beta = lane.where(x < 0.0, norm, -norm)
        gap = x - beta
        scale = lane.where(on, 1.0 / gap, zero)
        inverse = lane.where(on, 1.0 / beta, zero)
        beta = lane.where(on, beta, x) * up
        return beta, y * scale, z * scale, gap * inverse, y * inverse, z * inverse

    @inlined
    def chase_step(h, run, o, r, ld, lo, x, y, z, x0, y0, z0, ks, bottom, top):
        """Make reflector ks + r of the column x, y, z, at o + r of the run; returns the next column.

        r counts within a short run and is a constant, so that no loop over the reflectors before it is left.
        """
        zero = lane.const(0.0)
        k = ks + r
        p = k * ld + k
        beta, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
        if k > bottom:
            # Where a window starts, the entry left of it is zero. Below, what the corner left there goes.
            lane.store(h, p - 1, lane.where(lo == lane.const(float(k)), zero, beta))
            lane.store(h, p - 1 + ld, zero)
        i = 5 * (o + r)
        lane.store(run, i, v1)
        lane.store(run, i + 1, v2)
        lane.store(run, i + 2, t0)
        lane.store(run, i + 3, t1)
        lane.store(run, i + 4, t2)
        if k == top - 1:
            # The last reflector has no corner.
            kit.apply_line(h, run, o + r, 1, p, ld)
            kit.apply_line(h, run, o + r, 1, p + 1, ld)
            kit.apply_line(h, run, o + r, 1, p + ld, 1)
            return x, y, z
        if r > 0:
            kit.apply_line(h, run, o, r, ks * ld + k + 2, ld)
        x, y, z = kit.apply_corner(h, p, ld, v1, v2, t0, t1, t2)
        first = lo == lane.const(float(k + 1))
        return lane.where(first, x0, x), lane.where(first, y0, y), lane.where(first, z0, z)

    @inlined
    def run_at_once(h, run, ld, lo, x, y, z, x0, y0, z0, kb, end, bottom, top):
        """Make reflectors kb to end - 1 and apply them to their diagonal block; returns the next column.

        The step is written out: that of `chase_step`, which ends with the last reflector, cost 8 % here.
        """
        zero = lane.const(0.0)
        first = lo == lane.const(float(kb))
        for r in range(end - kb):
            k = kb + r
            p = k * ld + k
            beta, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
            if k > bottom:
                lane.store(h, p - 1, lane.where(first, zero, beta))
                lane.store(h, p - 1 + ld, zero)
            lane.store(run, 5 * r, v1)
            lane.store(run, 5 * r + 1, v2)
            lane.store(run, 5 * r + 2, t0)
            lane.store(run, 5 * r + 3, t1)
            lane.store(run, 5 * r + 4, t2)
            if k < top - 1:
                if r > 0:
                    kit.apply_line(h, run, 0, r, kb * ld + k + 2, ld)
                x, y, z = kit.apply_corner(h, p, ld, v1, v2, t0, t1, t2)
                first = lo == lane.const(float(k + 1))
                x = lane.where(first, x0, x)
                y = lane.where(first, y0, y)
                z = lane.where(first, z0, z)
        if end == top:
            p = (top - 1) * (ld + 1)
            kit.apply_line(h, run, end - kb - 1, 1, p, ld)
            kit.apply_line(h, run, end - kb - 1, 1, p + 1, ld)
            kit.apply_line(h, run, end - kb - 1, 1, p + ld, 1)
        # Rows by twos; the first of two takes a reflector that the second does not meet.
        for r in range(0, end - kb - 1, 2):
            p = (kb + r) * (ld + 1)
            kit.apply_line(h, run, r, 1, p, 1)
            kit.apply_two(h, run, r + 1, end - kb - r - 1, p + 1, 1, ld)
        if (end - kb) % 2 == 1:
            kit.apply_line(h, run, end - kb - 1, 1, (end - 1) * (ld + 1), 1)
        return x, y, z

    @inlined
    def run_by_fours(h, run, ld, lo, x, y, z, x0, y0, z0, kb, end, bottom, top):
        """As `run_at_once`, in short runs."""
        for ks in range(kb, end, SHORT):
            o = ks - kb
            few = min(SHORT, end - ks)
            x, y, z = kit.chase_step(h, run, o, 0, ld, lo, x, y, z, x0, y0, z0, ks, bottom, top)
            if few > 1:
                x, y, z = kit.chase_step(h, run, o, 1, ld, lo, x, y, z, x0, y0, z0, ks, bottom, top)
            if few > 2:
                x, y, z = kit.chase_step(h, run, o, 2, ld, lo, x, y, z, x0, y0, z0, ks, bottom, top)
            p = ks * (ld + 1)
            if few == SHORT:
                x, y, z = kit.chase_step(h, run, o, 3, ld, lo, x, y, z, x0, y0, z0, ks, bottom, top)
                kit.apply_line(h, run, o, 4, p, 1)
                kit.apply_line(h, run, o + 1, 3, p + ld + 1, 1)
                kit.apply_line(h, run, o + 2, 2, p + 2 * ld + 2, 1)
                kit.apply_line(h, run, o + 3, 1, p + 3 * ld + 3, 1)
                kit.apply_lines(h, run, o, SHORT, p + 6, ld, 1, min(end + 1, top) - ks - 5)
                kit.apply_lines(h, run, o, SHORT, kb * ld + ks, 1, ld, o)
            else:
                for r in range(few):
                    kit.apply_line(h, run, o + r, few - r, p + r * (ld + 1), 1)
                kit.apply_lines(h, run, o, few, kb * ld + ks, 1, ld, o)
        return x, y, z

    @inlined
    def sweep(h, run, ld, lo, x0, y0, z0, bottom, top, length):
        """One double-shift QR sweep of every lane's window, which starts at lo, in runs of `length` reflectors.

        x0, y0, z0 is the first column of the shifted square; y0 = z0 = 0 for a lane without a window.
        """
        zero = lane.const(0.0)
        first = lo == lane.const(float(bottom))
        x = lane.where(first, x0, zero)
        y = lane.where(first, y0, zero)
        z = lane.where(first, z0, zero)
        for kb in range(bottom, top, length):
            end = min(kb + length, top)
            x, y, z = kit.chase_run(h, run, ld, lo, x, y, z, x0, y0, z0, kb, end, bottom, top)
            kit.apply_run(h, run, end - kb, kb * ld + end + 2, ld, 1, top - end - 1)
            kit.apply_run(h, run, end - kb, bottom * ld + kb, 1, ld, kb - bottom)

    chase_run = run_by_fours if lane.EIGHT_SUMS else run_at_once
    return apply_line, apply_two, apply_lines, apply_run, make_reflector, chase_step, chase_run, sweep
