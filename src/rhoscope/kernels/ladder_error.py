"""The error of gradient norms found by binary powers P_j = A^(2^j): what vectors and powers keep to tell it.

A power has its exponent beside it, as a vector has. Applying P_j^T to a vector of lag k gives that of k + 2^j.

**Where errors come from.** The error of P_j is d_j, relative to its Frobenius norm. Applying P_j to x adds a
relative error of (d_j + eps) g to P_j^T x, where g = |P_j| |x| / |P_j^T x| tells how far terms cancel. Squaring
P_j doubles d_j and adds |(Q - P_j P_j)^T v| / |Q| |v| for the computed Q: measured with v the vector at lag
2^j, whose P_j^T P_j^T v is a vector on the path, or bounded where powers are kept in two parts.

**How they grow.** An error may grow by g against the vector when P_j is applied to both, and by
q = |P_j|^2 / |P_j^2| against the power when it is squared. It does so once, not every time: from then on it
lies in the leading modes like the vector itself. So beside the plain sum r of errors there is one that has
grown, a <- max(a, r g) + (what comes in); likewise for powers, with q. But a vector that lacks the leading modes
falls behind ever further: `most` is the largest |A^k| |delta| / |v_k| so far, and what it rises by, a does too.

Where a power is applied hundreds of times, g of one step tells little: errors of a Jordan block grow like a power of
the number of steps. So r at vectors 4, 8, 16, ... steps back, and at the first step, is taken to have grown by
|A^s| |v_k-s| / |v_k|, with |A^s| from a vector that no system treats in a special way (`owed` in `ladder`).

The bound b <- (2 b + n eps) |P|^2 / |P^2| of classical analysis is not used: it takes the growth once more
at every squaring, passes 1e-8 at lag 64 for most Ginibre matrices of size 32, whose error is then 1e-15, and
leaves nothing to say at lag 1,000.
"""

import math
from typing import Any

from rhoscope.kernels.ladder_space import FIELDS
from rhoscope.kernels.scaled import ZERO

# Past this estimate of the relative error of its norm a vector is not trusted. The estimate may fall short of the
# error, by less than 2 in all that was tried at the heights that are taken, so that results are within 1e-8.
TOLERANCE = 0.5e-8
EPS = 2.0**-52
# What rounding in the square of P does to a vector: about this times |P|^2 and the root of the length of a chain of
# multiply-adds, over n.
USUAL = 0.125 * EPS
# What it does to the three products from which that is told, together: about this times |P|^2 over the root of n.
TELLING = 0.2 * EPS
# The error of an entry of a square in two parts is below n^2 times this, for |P|_F < 2.
PAIR_EPS = 2.0**-101
# Sums of squares of mantissas outside this range are rescaled.
LOW = 2.0**-400
HIGH = 2.0**400
LOWEST = -(2.0**70)
INFINITE = float("inf")
# Last bits of a float64 that are left out where it is read as a whole number, to leave fewer than 52.
DROPPED = 12

# What a vector keeps in the cells after its mantissas, r and a being RAW and GROWN, GROWTH the last g, ...
EXPONENT, SQUARE, RAW, GROWN, GROWTH, MOST = range(FIELDS)
# ... and each power in its rung: its exponent, its norm without it, its relative error plain and grown.
POWER_EXPONENT, NORM, PLAIN, LARGE, RUNG = range(5)


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""

    @jit
    def keep_vector(w, x, count, square):
        """Note the sum of squares of a vector's mantissas, and rescale them where it is far from 1."""
        far = ~((square >= LOW) & (square <= HIGH))
        if lane.any(far):
            far = far & ~(kit.vector_size(w, x, count) == 0.0)
            if lane.any(far):
                one = lane.const(1.0)
                kit.rescale_vector(w, x, count, lane.const(LOWEST), far)
                square = kit.vector_square(w, x, count, one, one)
        lane.store(w, x + count + SQUARE, square)

    @jit
    def start_vector(w, x, count):
        """A vector of which only the mantissas are there."""
        one = lane.const(1.0)
        lane.store(w, x + count, lane.const(0.0))
        kit.keep_vector(w, x, count, kit.vector_square(w, x, count, one, one))
        lane.store(w, x + count + RAW, lane.const(0.0))
        lane.store(w, x + count + GROWN, lane.const(0.0))
        lane.store(w, x + count + GROWTH, one)
        lane.store(w, x + count + MOST, one)

    @jit
    def keep_power(w, power, count, parts, rung, low, high):
        """Note the norm of a power of exponent w[rung], and rescale it where the norm is not in [low, high)."""
        p, down, rows = power
        s0 = s1 = s2 = s3 = lane.const(0.0)
        for i in range(p, p + rows * down, down):
            end = i + count
            j = i
            while j + 4 <= end:
                s0 = lane.fma(lane.load(w, j), lane.load(w, j), s0)
                s1 = lane.fma(lane.load(w, j + 1), lane.load(w, j + 1), s1)
                s2 = lane.fma(lane.load(w, j + 2), lane.load(w, j + 2), s2)
                s3 = lane.fma(lane.load(w, j + 3), lane.load(w, j + 3), s3)
                j += 4
            while j < end:
                s0 = lane.fma(lane.load(w, j), lane.load(w, j), s0)
                j += 1
        square = kit.whole((s0 + s1) + (s2 + s3))
        far = ~((square >= low * low) & (square < high * high)) & (square > 0.0)
        if lane.any(far):
            shift = lane.floor(lane.to_float(kit.exponent(square)) * 0.5)
            shift = lane.where(far, shift, lane.const(0.0))
            kit.scale_vector(w, p, parts * rows * down, -shift)
            first, second = kit.factors(-shift)
            square = square * first * first * second * second
            lane.store(w, rung, lane.load(w, rung) + shift)
        lane.store(w, rung + NORM, lane.sqrt(square))

    @inlined
    def number(x):
        """x, or infinity for a NaN."""
        return lane.where(x == x, x, lane.const(INFINITE))

    @jit
    def move(w, y, count, power, x, parts, rung):
        """The vector y = P^T x. An exact zero is taken for a true one, as in stepping."""
        p, down, rows = power
        rest = (p + rows * down, down, rows if parts == 2 else 0)
        kit.apply_matrices(w, y, count, rest, x, power, x)
        kit.keep_move(w, y, count, x, rung)

    @jit
    def move_two(w, y0, y1, count, power, x0, x1, parts, rung):
        """y0 = P^T x0 and y1 = P^T x1, for which P in one part is read once; of y1 only the size is noted."""
        p, down, rows = power
        if parts == 2:
            rest = (p + rows * down, down, rows)
            kit.apply_matrices(w, y0, count, rest, x0, power, x0)
            kit.apply_matrices(w, y1, count, rest, x1, power, x1)
        else:
            kit.apply_to_two(w, y0, y1, count, power, x0, x1)
        kit.keep_move(w, y0, count, x0, rung)
        one = lane.const(1.0)
        lane.store(w, y1 + count, lane.load(w, x1 + count) + lane.load(w, rung))
        kit.keep_vector(w, y1, count, kit.vector_square(w, y1, count, one, one))

    @jit
    def keep_move(w, y, count, x, rung):
        """Note what is to be known of y = P^T x."""
        lane.store(w, y + count, lane.load(w, x + count) + lane.load(w, rung))
        one = lane.const(1.0)
        before = lane.load(w, x + count + SQUARE)
        after = kit.vector_square(w, y, count, one, one)
        growth = kit.number(lane.load(w, rung + NORM) * lane.sqrt(before / after))
        zero = after == 0.0
        if lane.any(zero):
            zero = zero & (kit.vector_size(w, y, count) == 0.0)
            growth = lane.where(zero, one, growth)
        raw = lane.load(w, x + count + RAW)
        grown = lane.maximum(lane.load(w, x + count + GROWN), kit.number(raw * growth))
        lane.store(w, y + count + RAW, lane.fma(lane.load(w, rung + PLAIN) + EPS, growth, raw))
        lane.store(w, y + count + GROWN, lane.fma(lane.load(w, rung + LARGE) + EPS, growth, grown))
        lane.store(w, y + count + GROWTH, growth)
        lane.store(w, y + count + MOST, lane.load(w, x + count + MOST))
        kit.keep_vector(w, y, count, after)

    @inlined
    def growth_between(w, x, y, norm, e):
        """|A| |x| / |y| for a map A of norm `norm` 2^e; x and y name the fields of the vectors."""
        first, second = kit.factors(e + lane.load(w, x) - lane.load(w, y))
        square = lane.load(w, y + SQUARE)
        growth = kit.number(norm * lane.sqrt(lane.load(w, x + SQUARE) / square) * first * second)
        return lane.where(square == 0.0, lane.const(0.0), growth)

    @jit
    def fall_behind(w, x, y, count, norm, e):
        """Let y know what a map of norm `norm` 2^e, which has brought it about from x, can do at most."""
        most = lane.load(w, y + count + MOST)
        more = lane.maximum(kit.growth_between(w, x + count, y + count, norm, e), most)
        lane.store(w, y + count + MOST, more)
        lane.store(w, y + count + GROWN, lane.load(w, y + count + GROWN) * (more / most))

    @inlined
    def size_of(w, x, count):
        """As `norm_of`, of what is kept."""
        square = lane.load(w, x + count + SQUARE)
        return square, lane.where(square == 0.0, lane.const(ZERO), lane.load(w, x + count))

    @inlined
    def rough_size(w, x, count):
        """Logarithm to base 2 of the norm of a vector, by a straight line from one power of two to the next.

        It is less than the true one, by 0.05 at most; of a zero it says nothing.
        """
        bits = lane.to_float(lane.bits(lane.load(w, x + count + SQUARE)) >> DROPPED)
        return lane.fma(bits, lane.const(2.0 ** (DROPPED - 53)), lane.load(w, x + count) - 511.5)

    @jit
    def trusted(w, x, before, after, share, count):
        """Where the error of the norm of x is within TOLERANCE.

        x lies between two vectors of the path, `share` of the lags from one to the other. Its errors are taken to
        have grown as much as between them, and more where it is smaller than the two would have it.
        """
        rise = lane.load(w, after + count + MOST) / lane.load(w, x + count + MOST)
        growth = lane.load(w, after + count + GROWTH)
        if share > 0.0:
            low = kit.rough_size(w, before, count)
            between = lane.fma(kit.rough_size(w, after, count) - low, lane.const(share), low)
            drop = between - kit.rough_size(w, x, count)
            drop = lane.minimum(lane.maximum(drop, lane.const(0.0)), lane.const(1000.0))
            drop = lane.where(lane.load(w, x + count + SQUARE) == 0.0, lane.const(0.0), drop)
            growth = growth * kit.pow2(lane.to_int(lane.floor(drop + 0.5)))
        raw = lane.load(w, x + count + RAW) * growth
        return (lane.load(w, x + count + GROWN) * rise <= TOLERANCE) & (raw <= TOLERANCE)

    @jit
    def squaring_error(w, x, y, trial, rung, n, count):
        """|(Q - P P)^T x| for y = P^T P^T x and Q^T x at `trial`, at the exponent that Q has before rescaling.

        A vector may happen to miss most of the error; its usual share is taken at least. What the rounding of the three
        products adds is left out.
        """
        e = lane.load(w, y + count) - lane.load(w, x + count) - lane.load(w, rung) * 2.0
        first, second = kit.factors(e)
        apart = lane.const(0.0)
        for i in range(count):
            d = lane.load(w, trial + i) - lane.load(w, y + i) * first * second
            apart = lane.fma(d, d, apart)
        norm = lane.load(w, rung + NORM)
        size = norm * norm * lane.sqrt(lane.load(w, x + count + SQUARE))
        usual = size * (USUAL * math.sqrt(kit.chain_of(n)) / n)
        return lane.maximum(usual, lane.sqrt(kit.whole(apart)) - size * (TELLING / math.sqrt(n)))

    @jit
    def keep_error(w, x, count, rung, error):
        """Note the errors of the power above a rung, its square; `error` is its own when applied to x."""
        above = rung + RUNG
        first, second = kit.factors(lane.load(w, rung) * 2.0 - lane.load(w, above))
        norm = lane.load(w, rung + NORM)
        scale = first / lane.load(w, above + NORM) * second
        zero = lane.const(0.0)
        scale = lane.where(lane.load(w, above + NORM) == 0.0, zero, scale)
        square = lane.load(w, x + count + SQUARE)
        own = lane.where(square == 0.0, zero, error / lane.sqrt(square)) * scale
        plain = lane.load(w, rung + PLAIN)
        large = lane.load(w, rung + LARGE)
        grown = lane.maximum(large, kit.number(plain * (norm * norm * scale)))
        lane.store(w, above + PLAIN, plain * 2.0 + own)
        lane.store(w, above + LARGE, large + grown + own)

    return (
        keep_vector,
        start_vector,
        keep_power,
        number,
        move,
        move_two,
        keep_move,
        growth_between,
        fall_behind,
        size_of,
        rough_size,
        trusted,
        squaring_error,
        keep_error,
    )
