"""Eigenvalues of one matrix in shared memory by the threads of a block; thread t has row and column t.

Balancing, the reduction to Hessenberg form and the double-shift iteration of `balance`, `hessenberg`, `francis` and
`chase`. Every number goes through the same operations in the same order as there, only by several threads, so the
eigenvalues have the same bits. What decides is computed by all threads alike, from the scalar functions of those
files; the search for a window is left to one thread, where a look at all subdiagonal entries at once finds a change.
"""

from typing import Any

from rhoscope.kernels.balance import SWEEPS
from rhoscope.kernels.double import LARGEST, SMALL_NORM
from rhoscope.kernels.francis import PATIENCE


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement; each ends with all threads in step."""

    @inlined
    def load_block(h, a, start, step, ld, n, own, t, threads):
        """The matrix with element (i, j) at start + (i ld + j) step of a to h, `own` numbers a row; two zero rows."""
        lane.sync()
        for k in range(t, n * n, threads):
            lane.store(h, k // n * own + k % n, lane.load(a, start + (k // n * ld + k % n) * step))
        for k in range(n * own + t, (n + 2) * own, threads):
            lane.store(h, k, lane.const(0.0))
        lane.sync()

    @inlined
    def block_normalise(a, work, n, ld, t):
        """`normalise`."""
        largest = lane.const(0.0)
        finite = lane.const(1.0)
        zero = lane.const(0.0)
        if t < n:
            for j in range(n):
                x = lane.abs(lane.load(a, t * ld + j))
                largest = lane.maximum(x, largest)
                finite = lane.where(x <= LARGEST, finite, zero)
            lane.store(work, t, largest)
        finite = lane.where(lane.sync_any(finite < 0.5), zero, lane.const(1.0))
        for i in range(n):
            largest = lane.maximum(lane.load(work, i), largest)
        e, half, rest = kit.normalising(largest)
        if t < n:
            for j in range(n):
                x = lane.load(a, t * ld + j) * half * rest
                lane.store(a, t * ld + j, lane.where(finite > 0.5, x, zero))
        lane.sync()
        return e, finite

    @inlined
    def balance_norms(a, work, i, n, ld):
        """Norms of column and row i without the diagonal, whose squares are in `work`."""
        c = lane.sqrt(lane.load(work, i))
        r = lane.sqrt(lane.load(work, n + i))
        if c <= SMALL_NORM or r <= SMALL_NORM:
            column, row = kit.largest_beside(a, i, n, ld)
            c = lane.where(c <= SMALL_NORM, column, c)
            r = lane.where(r <= SMALL_NORM, row, r)
        return c, r

    @inlined
    def block_balance(a, work, n, ld, t):
        """`balance`; a sweep in which no index would change ends it at once."""
        zero = lane.const(0.0)
        for _ in range(SWEEPS):
            better = False
            if t < n:
                column = zero
                row = zero
                for i in range(n):
                    x = lane.load(a, i * ld + t)
                    y = lane.load(a, t * ld + i)
                    if i != t:
                        column = lane.fma(x, x, column)
                        row = lane.fma(y, y, row)
                lane.store(work, t, column)
                lane.store(work, n + t, row)
                c, r = kit.balance_norms(a, work, t, n, ld)
                better, _, _ = kit.balancing(c, r)
            if not lane.sync_any(better):
                break
            for i in range(n):
                c, r = kit.balance_norms(a, work, i, n, ld)
                better, f, g = kit.balancing(c, r)
                if better:
                    lane.sync()
                    if t < n and t != i:
                        column = lane.load(a, t * ld + i)
                        row = lane.load(a, i * ld + t)
                        lane.store(a, t * ld + i, column * f)
                        lane.store(a, i * ld + t, row * g)
                        x = lane.fma((f - 1.0) * column, (f + 1.0) * column, lane.load(work, n + t))
                        y = lane.fma((g - 1.0) * row, (g + 1.0) * row, lane.load(work, t))
                        lane.store(work, n + t, lane.maximum(x, zero))
                        lane.store(work, t, lane.maximum(y, zero))
                    lane.sync()
            lane.sync()

    @inlined
    def block_hessenberg(a, work, n, ld, t):
        """`hessenberg`; work holds v, w, u, v2 and y2, n elements each, zero on entry."""
        v = lane.part(work, 0)
        w = lane.part(work, n)
        u = lane.part(work, 2 * n)
        v2 = lane.part(work, 3 * n)
        y2 = lane.part(work, 4 * n)
        zero = lane.const(0.0)
        for k in range(n - 1):
            if t < n:
                x = lane.load(a, t * ld + k)
                if t >= k:
                    x = lane.fma(-lane.load(v, t), lane.load(w, k), x)
                lane.store(a, t * ld + k, lane.fma(-lane.load(u, t), lane.load(v, k), x))
            lane.sync()
            square = zero
            for i in range(k + 2, n):
                x = lane.load(a, i * ld + k)
                square = lane.fma(x, x, square)
            beta, tau, scale = kit.householder(lane.load(a, (k + 1) * ld + k), square)
            lane.sync()
            if k < t and t < n:
                below = lane.load(a, t * ld + k) * scale
                lane.store(a, t * ld + k, lane.where(t == k + 1, beta, zero))
                lane.store(v2, t, lane.where(t == k + 1, lane.const(1.0), below))
            elif t == k:
                lane.store(v2, t, zero)
            lane.sync()
            y = zero
            if t < n:
                ut = -lane.load(u, t)
                vt = -lane.load(v, t)  # zero above row k, where nothing but u v^T is subtracted
                for j in range(k + 1, n):
                    x = lane.fma(vt, lane.load(w, j), lane.load(a, t * ld + j))
                    x = lane.fma(ut, lane.load(v, j), x)
                    lane.store(a, t * ld + j, x)
                    y = lane.fma(x, lane.load(v2, j), y)
                lane.store(y2, t, y)
            lane.sync()
            z = zero
            if k < t and t < n:
                # In fours, as the pass over four rows at once adds them.
                i = k
                while i + 4 <= n:
                    p = i * ld + t
                    left = lane.fma(
                        lane.load(a, p), lane.load(v2, i), lane.load(a, p + ld) * lane.load(v2, i + 1)
                    )
                    right = lane.fma(
                        lane.load(a, p + 2 * ld),
                        lane.load(v2, i + 2),
                        lane.load(a, p + 3 * ld) * lane.load(v2, i + 3),
                    )
                    z = z + (left + right)
                    i += 4
                while i < n:
                    z = lane.fma(lane.load(a, i * ld + t), lane.load(v2, i), z)
                    i += 1
            dot = zero
            for i in range(k + 1, n):
                dot = lane.fma(lane.load(v2, i), lane.load(y2, i), dot)
            half = dot * tau * tau
            if k < t and t < n:
                x = lane.load(v2, t)
                lane.store(u, t, lane.fma(-half, x, y * tau))
                lane.store(v, t, x)
                lane.store(w, t, z * tau)
            elif t < n:
                lane.store(u, t, y * tau)
                lane.store(v, t, zero)
            lane.sync()

    @inlined
    def block_form(a, work, n, ld, t):
        """`hessenberg_form` of a normalised matrix; work holds five vectors."""
        kit.block_balance(a, work, n, ld, t)
        if t < n:
            for i in range(5):
                lane.store(work, i * n + t, lane.const(0.0))
        lane.sync()
        kit.block_hessenberg(a, work, n, ld, t)

    @inlined
    def reflect_line(h, p, step, three, reflector):
        """Apply a reflector to the entries of a line at p, p + step and, where there are three, p + 2 step."""
        x = lane.load(h, p)
        y = lane.load(h, p + step)
        z = lane.load(h, p + 2 * step) if three else lane.const(0.0)
        v1, v2, t0, t1, t2 = reflector
        x, y, z = kit.reflect_three(x, y, z, v1, v2, t0, t1, t2)
        lane.store(h, p, x)
        lane.store(h, p + step, y)
        if three:
            lane.store(h, p + 2 * step, z)

    @inlined
    def block_sweep(h, ld, lo, hi, x, y, z, t):
        """One double-shift sweep of the window lo..hi; x, y, z is the first column of the shifted square."""
        zero = lane.const(0.0)
        lane.sync()
        for k in range(lo, hi):
            three = k + 2 <= hi
            if k > lo:
                x = lane.load(h, k * ld + k - 1)
                y = lane.load(h, (k + 1) * ld + k - 1)
                z = lane.load(h, (k + 2) * ld + k - 1) if three else zero
            beta, v1, v2, t0, t1, t2 = kit.make_reflector(x, y, z)
            reflector = (v1, v2, t0, t1, t2)
            if k <= t and t <= hi:
                kit.reflect_line(h, k * ld + t, ld, three, reflector)
            lane.sync()
            if lo <= t and t <= min(k + 3, hi):
                kit.reflect_line(h, t * ld + k, 1, three, reflector)
            if k > lo and t == 0:
                # Only now, when all threads have made their reflector of what stood here.
                lane.store(h, k * ld + k - 1, beta)
                lane.store(h, (k + 1) * ld + k - 1, zero)
                if three:
                    lane.store(h, (k + 2) * ld + k - 1, zero)
            lane.sync()

    @inlined
    def block_francis(h, state, wr, wi, n, ld, t):
        """`francis`: all eigenvalues of the Hessenberg matrix h (destroyed) into wr, wi; 1 where it failed.

        state: two numbers by which one thread tells the others of a window.
        """
        zero = lane.const(0.0)
        hi = lane.const(float(n - 1))
        lo = lane.const(-1.0)
        tries = zero
        while True:
            before = hi
            small = lo < 0.0
            top = lane.to_int(hi)
            if t > 0 and lane.to_int(lo) < t and t <= top:
                p = t * ld + t
                sub = lane.abs(lane.load(h, p - 1))
                d1 = lane.abs(lane.load(h, p - ld - 1))
                d2 = lane.abs(lane.load(h, p))
                lost = kit.lost_beside(sub, lane.abs(lane.load(h, p - ld)), d1, d2, tries)
                small = small | lost | kit.small_beside(sub, d1, d2)
            if lane.sync_any(small):
                if t == 0:
                    hi, lo = kit.find_window(h, ld, top, tries)
                    lane.store(state, 0, hi)
                    lane.store(state, 1, lo)
                lane.sync()
                hi = lane.load(state, 0)
                lo = lane.load(state, 1)
                if hi < 0.0:
                    break
            tries = lane.where(hi < before, zero, tries + 1.0)
            if tries > float(PATIENCE):
                return lane.const(1.0)
            bottom = lane.to_int(lo)
            top = lane.to_int(hi)
            x, y, z = kit.first_column(h, ld, hi, lo, tries, bottom, top)
            kit.block_sweep(h, ld, bottom, top, x, y, z, t)
        p = t * (ld + 1)
        if t < n:
            lane.store(wr, t, lane.load(h, p))
            lane.store(wi, t, zero)
        lane.sync()
        if t < n - 1:
            # No two pairs have a row in common.
            a, b = lane.load(h, p), lane.load(h, p + 1)
            kit.read_pair(wr, wi, t, a, b, lane.load(h, p + ld), lane.load(h, p + ld + 1))
        return zero

    return (
        load_block,
        block_normalise,
        balance_norms,
        block_balance,
        block_hessenberg,
        block_form,
        reflect_line,
        block_sweep,
        block_francis,
    )
