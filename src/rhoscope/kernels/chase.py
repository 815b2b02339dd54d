"""One double-shift QR sweep of all lanes: runs of three-element reflectors and what they act on.

Reflector k acts on rows and columns k, k + 1, k + 2 as I + (1, v1, v2)^T (t0, t1, t2), five elements of a run.
A lane whose window does not reach position k finds zeros below the subdiagonal of column k - 1 there, whose
reflector is the identity, so no mask is needed. Reflectors are made in runs within a small diagonal block, each
while the rest of the block takes the one before (a square root and a division in turn are long to wait for); the
rest of H takes a run at once, so that an entry is read and written once for all reflectors of the run.
Any one entry sees the operations of a sweep without delays in the same order, so results do not depend on the runs.
"""

from typing import Any

TINY = 2.2250738585072014e-308
EXPONENT = 0x7FF0000000000000
# Squares of numbers between these are far from both ends of the range, and so are their sums.
SMALL = 1e-100
LARGE = 1e100


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    @inlined
    def apply_one(h, p, step, v1, v2, t0, t1, t2):
        """Apply one reflector to the three entries at p, p + step, p + 2 step."""
        x = lane.load(h, p)
        y = lane.load(h, p + step)
        z = lane.load(h, p + 2 * step)
        s = lane.fma(v2, z, lane.fma(v1, y, x))
        lane.store(h, p, lane.fma(s, t0, x))
        lane.store(h, p + step, lane.fma(s, t1, y))
        lane.store(h, p + 2 * step, lane.fma(s, t2, z))

    @inlined
    def apply_lines(h, run, r, p, step, side, lines):
        """Apply reflector r of the run along `lines` lines, as `apply_run`."""
        v1 = lane.load(run, 5 * r)
        v2 = lane.load(run, 5 * r + 1)
        t0 = lane.load(run, 5 * r + 2)
        t1 = lane.load(run, 5 * r + 3)
        t2 = lane.load(run, 5 * r + 4)
        for _ in range(lines):
            kit.apply_one(h, p, step, v1, v2, t0, t1, t2)
            p += side

    @inlined
    def make_reflector(x, y, z):
        """Householder reflector of (x, y, z): returns (beta, v1, v2, -tau, -tau v1, -tau v2), x and zeros if y = z = 0."""
        zero = lane.const(0.0)
        up = lane.const(1.0)
        rest = lane.abs(y) + lane.abs(z)
        size = lane.abs(x) + rest
        extreme = (rest > 0.0) & ((size < SMALL) | (size > LARGE))
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

    @jit
    def sweep(h, run, ld, lo, x0, y0, z0, bottom, top, length):
        """One double-shift QR sweep of every lane's window, which starts at lo, in runs of `length` reflectors.

        x0, y0, z0 is the first column of the shifted square; y0 = z0 = 0 for a lane without a window.
        """
        lane.align_frame()
        zero = lane.const(0.0)
        first = lo == lane.const(float(bottom))
        x = lane.where(first, x0, zero)
        y = lane.where(first, y0, zero)
        z = lane.where(first, z0, zero)
        for kb in range(bottom, top, length):
            count = min(length, top - kb)
            end = min(kb + count + 2, top)
            for r in range(count):
                k = kb + r
                p = k * ld + k
                beta, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
                if k > bottom:
                    # Where a window starts, the entry left of it is zero. Below, what the corner left there goes.
                    lane.store(h, p - 1, lane.where(first, zero, beta))
                    lane.store(h, p - 1 + ld, zero)
                lane.store(run, 5 * r, v1)
                lane.store(run, 5 * r + 1, v2)
                lane.store(run, 5 * r + 2, t0)
                lane.store(run, 5 * r + 3, t1)
                lane.store(run, 5 * r + 4, t2)
                if r > 0:
                    kit.apply_lines(h, run, r - 1, p - ld + 2, ld, 1, end - k - 1)
                    kit.apply_lines(h, run, r - 1, kb * ld + k - 1, 1, ld, r)
                if k < top - 1:
                    x, y, z = kit.apply_corner(h, p, ld, v1, v2, t0, t1, t2)
                    first = lo == lane.const(float(k + 1))
                    x = lane.where(first, x0, x)
                    y = lane.where(first, y0, y)
                    z = lane.where(first, z0, z)
            last = kb + count - 1
            if last < top - 1:
                kit.apply_lines(h, run, count - 1, last * ld + last + 3, ld, 1, end - last - 2)
                kit.apply_lines(h, run, count - 1, kb * ld + last, 1, ld, count)
            else:
                kit.apply_lines(h, run, count - 1, last * ld + last, ld, 1, 2)
                kit.apply_lines(h, run, count - 1, kb * ld + last, 1, ld, count + 1)
            kit.apply_run(h, run, count, kb * ld + end + 1, ld, 1, top - end)
            kit.apply_run(h, run, count, bottom * ld + kb, 1, ld, kb - bottom)

    return apply_one, apply_lines, make_reflector, sweep
