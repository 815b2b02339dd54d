"""Condition numbers of the leading eigenvalues, and with them bounds on the spectral radius.

kappa(lambda) = |l| |r| / |l^T r| with left and right eigenvectors by inverse iteration on the Hessenberg matrix:
one complex LU factorisation with partial pivoting of H - lambda I serves both. The error of a computed eigenvalue
is at most about e = 8 n eps |H|_F kappa to first order, with H the (balanced) matrix the iteration worked on.
Reference: J. H. Wilkinson, The Algebraic Eigenvalue Problem (1965), 9.49-9.54; LAPACK dlaein.
"""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    precision = lane.precision

    @jit
    def factor_shifted(h, re, im, er, ei, swap, n, ld, norm, wr, wi):
        """LU of H - (wr + i wi) I with row interchanges: U into re, im; multipliers er, ei; swap 1 or 0.

        Pivots that vanish are replaced by eps * norm, as inverse iteration wants.
        """
        zero = lane.const(0.0)
        one = lane.const(1.0)
        least = norm * precision.EPS + precision.TINY
        for j in range(n):
            lane.store(re, j, lane.load(h, j))
            lane.store(im, j, zero)
        lane.store(re, 0, lane.load(h, 0) - wr)
        lane.store(im, 0, -wi)
        for k in range(n - 1):
            p = k * ld
            q = p + ld
            ur = lane.load(re, p + k)
            ui = lane.load(im, p + k)
            sub = lane.load(h, q + k)
            flip = lane.abs(sub) > lane.abs(ur) + lane.abs(ui)
            # The multiplier is sub / pivot, or pivot / sub after an interchange.
            pr = lane.where(flip, sub, ur)
            pi = lane.where(flip, zero, ui)
            weak = lane.abs(pr) + lane.abs(pi) < least
            pr = lane.where(weak, least, pr)
            pi = lane.where(weak, zero, pi)
            nr = lane.where(flip, ur, sub)
            ni = lane.where(flip, ui, zero)
            scale = 1.0 / lane.fma(pr, pr, pi * pi)
            mr = lane.fma(nr, pr, ni * pi) * scale
            mi = lane.fma(ni, pr, -(nr * pi)) * scale
            lane.store(re, p + k, pr)
            lane.store(im, p + k, pi)
            lane.store(er, k, mr)
            lane.store(ei, k, mi)
            lane.store(swap, k, lane.where(flip, one, zero))
            for j in range(k + 1, n):
                ar = lane.load(re, p + j)
                ai = lane.load(im, p + j)
                br = lane.load(h, q + j)
                bi = zero
                if j == k + 1:
                    br = br - wr
                    bi = -wi
                tr = lane.where(flip, br, ar)
                ti = lane.where(flip, bi, ai)
                sr = lane.where(flip, ar, br)
                si = lane.where(flip, ai, bi)
                lane.store(re, p + j, tr)
                lane.store(im, p + j, ti)
                lane.store(re, q + j, lane.fma(-mr, tr, lane.fma(mi, ti, sr)))
                lane.store(im, q + j, lane.fma(-mr, ti, lane.fma(-mi, tr, si)))
        p = (n - 1) * ld + n - 1
        ur = lane.load(re, p)
        ui = lane.load(im, p)
        weak = lane.abs(ur) + lane.abs(ui) < least
        lane.store(re, p, lane.where(weak, least, ur))
        lane.store(im, p, lane.where(weak, zero, ui))

    @jit
    def divide(ar, ai, br, bi):
        """(ar + i ai) / (br + i bi) for a divisor far from the ends of the range."""
        scale = 1.0 / lane.fma(br, br, bi * bi)
        return lane.fma(ar, br, ai * bi) * scale, lane.fma(ai, br, -(ar * bi)) * scale

    @jit
    def right_vector(re, im, xr, xi, n, ld):
        """Solve U x = (1, ..., 1): the second half of an inverse iteration started from P L (1, ..., 1).

        The entries are scaled down as they grow, by exact powers of two.
        """
        zero = lane.const(0.0)
        unit = lane.const(1.0)
        for i in range(n):
            lane.store(xr, i, zero)
            lane.store(xi, i, zero)
        for i in range(n - 1, -1, -1):
            p = i * ld
            sr = unit
            si = zero
            qr = zero
            qi = zero
            for j in range(i + 1, n):
                ur = lane.load(re, p + j)
                ui = lane.load(im, p + j)
                ar = lane.load(xr, j)
                ai = lane.load(xi, j)
                sr = lane.fma(-ur, ar, sr)
                qr = lane.fma(ui, ai, qr)
                si = lane.fma(-ur, ai, si)
                qi = lane.fma(-ui, ar, qi)
            vr, vi = kit.divide(sr + qr, si + qi, lane.load(re, p + i), lane.load(im, p + i))
            lane.store(xr, i, vr)
            lane.store(xi, i, vi)
            large = lane.abs(vr) + lane.abs(vi) > precision.LARGE
            if lane.any(large):
                down = lane.where(large, lane.const(precision.DOWN), lane.const(1.0))
                unit = unit * down
                for j in range(i, n):
                    lane.store(xr, j, lane.load(xr, j) * down)
                    lane.store(xi, j, lane.load(xi, j) * down)

    @jit
    def left_vector(re, im, er, ei, swap, yr, yi, n, ld):
        """Solve (H - lambda I)^T y = (1, ..., 1) from the factors: U^T z, then L^T and the interchanges backwards."""
        zero = lane.const(0.0)
        for i in range(n):
            lane.store(yr, i, lane.const(1.0))
            lane.store(yi, i, zero)
        for k in range(n):
            p = k * ld
            vr, vi = kit.divide(
                lane.load(yr, k), lane.load(yi, k), lane.load(re, p + k), lane.load(im, p + k)
            )
            large = lane.abs(vr) + lane.abs(vi) > precision.LARGE
            if lane.any(large):
                down = lane.where(large, lane.const(precision.DOWN), lane.const(1.0))
                vr = vr * down
                vi = vi * down
                for j in range(n):
                    lane.store(yr, j, lane.load(yr, j) * down)
                    lane.store(yi, j, lane.load(yi, j) * down)
            lane.store(yr, k, vr)
            lane.store(yi, k, vi)
            for j in range(k + 1, n):
                ur = lane.load(re, p + j)
                ui = lane.load(im, p + j)
                lane.store(yr, j, lane.fma(-ur, vr, lane.fma(ui, vi, lane.load(yr, j))))
                lane.store(yi, j, lane.fma(-ur, vi, lane.fma(-ui, vr, lane.load(yi, j))))
        for k in range(n - 2, -1, -1):
            mr = lane.load(er, k)
            mi = lane.load(ei, k)
            flip = lane.load(swap, k) > 0.5
            br = lane.load(yr, k + 1)
            bi = lane.load(yi, k + 1)
            ar = lane.fma(-mr, br, lane.fma(mi, bi, lane.load(yr, k)))
            ai = lane.fma(-mr, bi, lane.fma(-mi, br, lane.load(yi, k)))
            lane.store(yr, k, lane.where(flip, br, ar))
            lane.store(yi, k, lane.where(flip, bi, ai))
            lane.store(yr, k + 1, lane.where(flip, ar, br))
            lane.store(yi, k + 1, lane.where(flip, ai, bi))

    @jit
    def unit_largest(xr, xi, n):
        """Scale a complex vector by an exact power of two to a largest part in [1, 2); returns its squared norm."""
        largest = lane.const(precision.TINY)
        for i in range(n):
            largest = lane.maximum(
                lane.maximum(lane.abs(lane.load(xr, i)), lane.abs(lane.load(xi, i))), largest
            )
        e = kit.exponent(largest)
        half = e >> 1
        half = lane.where(e < 0, lane.iconst(0) - ((lane.iconst(0) - e) >> 1), half)
        one = kit.pow2(lane.iconst(0) - half)
        two = kit.pow2(half - e)
        square = lane.const(0.0)
        for i in range(n):
            a = lane.load(xr, i) * one * two
            b = lane.load(xi, i) * one * two
            lane.store(xr, i, a)
            lane.store(xi, i, b)
            square = lane.fma(a, a, lane.fma(b, b, square))
        return square

    @jit
    def condition(h, work, n, ld, norm, wr, wi):
        """kappa of the eigenvalue wr + i wi of each lane's Hessenberg matrix; infinite where l^T r vanishes."""
        re, im, vectors = work
        er, ei, swap, xr, xi, yr, yi = vectors
        kit.factor_shifted(h, re, im, er, ei, swap, n, ld, norm, wr, wi)
        kit.right_vector(re, im, xr, xi, n, ld)
        kit.left_vector(re, im, er, ei, swap, yr, yi, n, ld)
        right = kit.unit_largest(xr, xi, n)
        left = kit.unit_largest(yr, yi, n)
        sr = lane.const(0.0)
        si = lane.const(0.0)
        for i in range(n):
            ar = lane.load(xr, i)
            ai = lane.load(xi, i)
            br = lane.load(yr, i)
            bi = lane.load(yi, i)
            sr = lane.fma(ar, br, lane.fma(-ai, bi, sr))
            si = lane.fma(ar, bi, lane.fma(ai, br, si))
        overlap = lane.sqrt(lane.fma(sr, sr, si * si))
        return lane.sqrt(right) * lane.sqrt(left) / overlap

    @jit
    def radius_bounds(h, work, wr, wi, size, n, ld, cutoff):
        """(rho, rho_low, rho_high) of each lane from all eigenvalues with |lambda| >= cutoff * rho.

        `size` (n elements of work space) receives the moduli. One of a conjugate pair stands for both.
        """
        zero = lane.const(0.0)
        square = zero
        for i in range(n):
            for j in range(max(i - 1, 0), n):
                x = lane.load(h, i * ld + j)
                square = lane.fma(x, x, square)
        norm = lane.sqrt(square)
        radius = zero
        for i in range(n):
            x = lane.load(wr, i)
            y = lane.load(wi, i)
            modulus = lane.sqrt(lane.fma(x, x, y * y))
            radius = lane.maximum(modulus, radius)
            lane.store(size, i, modulus)
        low = zero
        high = zero
        least = radius * cutoff
        at = lane.const(-1.0)
        while True:
            # Each lane's next leading eigenvalue, in the order in which they were found.
            new = lane.const(float(n))
            for i in range(n - 1, -1, -1):
                here = lane.const(float(i))
                leads = (lane.load(size, i) >= least) & (lane.load(wi, i) >= 0.0) & (at < here)
                new = lane.where(leads, here, new)
            at = new
            some = at < float(n)
            if not lane.any(some):
                return radius, low, high
            index = lane.to_int(lane.where(some, at, zero))
            modulus = lane.take(size, index)
            kappa = kit.condition_number(h, work, n, ld, norm, lane.take(wr, index), lane.take(wi, index))
            error = norm * kappa * (8.0 * n * precision.EPS)
            # NaN where kappa left the range, as where balancing took 144 orders off the norm: nothing is known then.
            error = lane.where(error >= 0.0, error, lane.const(float("inf")))
            # A matrix that is exactly zero has an exact spectrum; there 0 * inf would be NaN.
            error = lane.where(norm > 0.0, error, zero)
            high = lane.where(some, lane.maximum(modulus + error, high), high)
            low = lane.where(some, lane.maximum(modulus - error, low), low)

    return factor_shifted, divide, right_vector, left_vector, unit_largest, condition, radius_bounds
