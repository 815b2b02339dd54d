"""Gradient norms at far lags by binary powers P_j = A^(2^j), for both layouts of vectors.

`climb` squares, as often as is worth while; `along_lags` goes ahead with the highest power step by step, and reads
the lags' lower binary digits. Where the estimated error of a norm is too large (see
`ladder_error`) the result is NaN, which stands for "not found here": no finite input has a NaN as its true
result. A slower way takes over.
"""

from typing import Any

from rhoscope.kernels.ladder_error import (
    GROWN,
    LARGE,
    NORM,
    PAIR_EPS,
    PLAIN,
    RAW,
    RUNG,
    SQUARE,
    TOLERANCE,
)
from rhoscope.kernels.ladder_space import FIELDS, MARKS

# Norms of powers in one part are let run this far before they are rescaled.
NORM_LOW = 2.0**-50
NORM_HIGH = 2.0**50
NOT_FOUND = float("nan")
# Steps ahead from one account of all errors so far to the next, and how many times more they may have grown since a
# vector in between than since those that it looks at.
LOOK = 4
SAFE = 4.0


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement; `climb` and `along_lags` for powers of one and of two parts."""

    def climbing(parts: int) -> Any:
        @jit
        def climb(w, shift, n, down, count, top):
            """Powers up to P_top and vectors at lags 2^j and 3 2^j, or up to where no lane is trusted any more.

            Returns the j of the last power. A lies at cell 0 less its exponent `shift`, delta's mantissas where
            the vectors begin.
            """
            rungs, chain, thirds, _, trial, spare, _, _, _ = kit.ladder_regions(n, down, count, parts, top)
            stride = count + FIELDS
            size = parts * n * down
            low = NORM_LOW
            high = NORM_HIGH
            if parts == 2:
                low = 1.0
                high = 2.0
                for i in range(n * down, 2 * n * down):
                    lane.store(w, i, lane.const(0.0))
            kit.start_vector(w, chain, count)
            lane.store(w, rungs, shift)
            kit.keep_power(w, (0, down, n), count, parts, rungs, low, high)
            lane.store(w, rungs + PLAIN, lane.const(0.0))
            lane.store(w, rungs + LARGE, lane.const(0.0))
            here = chain + stride
            kit.move(w, here, count, (0, down, n), chain, parts, rungs)
            kit.fall_behind(w, chain, here, count, lane.load(w, rungs + NORM), lane.load(w, rungs))
            for j in range(top):
                rung = rungs + RUNG * j
                power = (j * size, down, n)
                square = (power[0] + size, down, n)
                twice = here + stride
                third = thirds + j * stride
                kit.move(w, twice, count, power, here, parts, rung)
                kit.move(w, third, count, power, twice, parts, rung)
                if parts == 2:
                    kit.square_pair(w, square[0], power[0], n * down, down, n)
                    error = lane.sqrt(lane.load(w, here + count + SQUARE)) * (PAIR_EPS * n * n * n)
                else:
                    kit.square(w, square[0], power[0], down, n, spare)
                    kit.apply_matrices(w, trial, count, (0, 0, 0), 0, square, here)
                    error = kit.squaring_error(w, here, third, trial, rung, n, count)
                above = rung + RUNG
                lane.store(w, above, lane.load(w, rung) * 2.0)
                kit.keep_power(w, square, count, parts, above, low, high)
                kit.keep_error(w, here, count, rung, error)
                kit.fall_behind(w, chain, twice, count, lane.load(w, above + NORM), lane.load(w, above))
                if not lane.any(lane.load(w, twice + count + GROWN) <= TOLERANCE):
                    return j + 1
                here = twice
            return top

        return climb

    def walking(parts: int) -> Any:
        @jit
        def along_lags(w, n, down, count, top, reached, lags, out, index):
            """Log norms at all lags; NaN where they are not trusted.

            Lags below 2^top start from one of the vectors that `climb` has left, the others from one that goes
            ahead by 2^top; then the lower binary digits follow, those shared with the lag before only once.
            """
            rungs, chain, thirds, levels, trial, _, _, marks, sizes = kit.ladder_regions(
                n, down, count, parts, top
            )
            stride = count + FIELDS
            size = parts * n * down
            ahead = levels + top * stride
            beyond = trial + 2 * stride
            steps = 0
            previous = 0
            lost = False
            held = (lane.const(0.0), lane.const(0.0), 0)
            for position in range(lags.size):
                lag = lags[position]
                if reached < top:
                    lost = lag >> reached > 0
                while not lost and steps < lag >> top:
                    kit.go_ahead(w, n, down, count, parts, top, steps)
                    steps += 1
                    lost = not lane.any(lane.load(w, ahead + count + GROWN) <= TOLERANCE)
                last = position + 1 == lags.size
                if lost:
                    nothing = lane.const(NOT_FOUND)
                    held = kit.note(held, out, lags.size, index, position, last, nothing, nothing)
                    continue
                low = 0
                before = chain
                after = chain
                span = 1
                if steps > 0:
                    low = top
                    span = 1 << top
                    before = ahead
                    after = beyond
                elif lag > 0:
                    while lag >> low > 1:
                        low += 1
                    span = 1 << low
                    before = chain + (low + 1) * stride
                    after = before + stride
                x = before
                if steps == 0 and low > 0 and lag >> (low - 1) & 1 == 1:
                    low -= 1
                    x = thirds + low * stride
                for j in range(low - 1, -1, -1):
                    if lag >> j & 1 == 1:
                        y = levels + j * stride
                        if (lag ^ previous) >> j > 0:
                            kit.move(w, y, count, (j * size, down, n), x, parts, rungs + RUNG * j)
                        x = y
                previous = lag
                sure = kit.trusted(w, x, before, after, (lag % span) / span, count)
                if steps > 0:
                    sure = sure & (lane.load(w, beyond + count + GROWN) <= TOLERANCE)
                    if (steps + 1) % LOOK > 0:
                        sure = sure & (kit.owed(w, beyond + count, marks, sizes, steps + 1) <= TOLERANCE)
                square, e = kit.size_of(w, x, count)
                e = lane.where(sure, e, lane.const(NOT_FOUND))
                held = kit.note(held, out, lags.size, index, position, last, square, e)

        return along_lags

    @jit
    def start_other(w, other, trial, count, power, parts, rung):
        """The image under P of a vector that no system treats in a special way, brought to the norm of P."""
        kit.fill_spread(w, trial, power[2])
        kit.start_vector(w, trial, count)
        kit.move(w, other, count, power, trial, parts, rung)
        factor = lane.load(w, rung + NORM) / lane.sqrt(lane.load(w, other + count + SQUARE))
        for i in range(other, other + count):
            lane.store(w, i, lane.load(w, i) * factor)
        kit.start_vector(w, other, count)
        lane.store(w, other + count, lane.load(w, other + count) + lane.load(w, rung))

    @jit
    def go_ahead(w, n, down, count, parts, top, steps):
        """The vectors ahead and beyond go on by 2^top, from lags 2^top times `steps` and `steps` + 1.

        With them goes another of the lag of the one beyond, whose norm is about that of the power of A.
        """
        rungs, chain, _, levels, trial, _, panels, marks, sizes = kit.ladder_regions(
            n, down, count, parts, top
        )
        stride = count + FIELDS
        highest = (top * parts * n * down, down, n)
        power = kit.panels_at(panels, highest, count) if parts == 1 else highest
        rung = rungs + RUNG * top
        ahead = levels + top * stride
        other = trial + stride
        beyond = other + stride
        if steps == 0:
            if parts == 1:
                kit.lay_in_panels(w, panels, highest, count)
            kit.copy_vector(w, beyond, chain + (top + 1) * stride, stride - 1)
            kit.start_other(w, other, trial, count, highest, parts, rung)
            lane.store(w, sizes, lane.load(w, rung + NORM))
            lane.store(w, sizes + 1, lane.load(w, rung))
            kit.copy_vector(w, marks, chain + count, FIELDS - 1)
            for mark in range(marks + FIELDS, marks + MARKS * FIELDS, FIELDS):
                kit.copy_vector(w, mark, beyond + count, FIELDS - 1)
        kit.copy_vector(w, ahead, beyond, stride - 1)
        kit.copy_vector(w, trial, other, stride - 1)
        kit.move_two(w, beyond, other, count, power, ahead, trial, parts, rung)
        norm = lane.sqrt(lane.load(w, other + count + SQUARE))
        kit.fall_behind(w, chain, beyond, count, norm, lane.load(w, other + count))
        size = sizes + 2 * (steps + 1)
        lane.store(w, size, norm)
        lane.store(w, size + 1, lane.load(w, other + count))
        kit.look_round(w, beyond + count, marks, sizes, steps + 2)

    @jit
    def look_round(w, fields, marks, sizes, step):
        """Account now and then for errors that have grown over many steps, of which a single one tells little.

        `marks` are the fields of the vector at the last multiple of 4, 8, 16, ..., `sizes` the norms of powers.
        """
        if step % LOOK == 0:
            errors = kit.owed(w, fields, marks, sizes, step)
            lane.store(w, fields + GROWN, lane.maximum(lane.load(w, fields + GROWN), errors))
        span = LOOK
        while step % span == 0:
            marks += FIELDS
            kit.copy_vector(w, marks, fields, FIELDS - 1)
            span *= 2

    @jit
    def owed(w, fields, marks, sizes, step):
        """The errors of the vector of this step: what came in between two marks has grown as from one of them.

        Step 1 is looked at as well. What was there before it has grown as from there or from the first vector, the
        account of `climb` being closer for vectors in between.
        """
        first = marks
        raw = lane.load(w, fields + RAW)
        growth = lane.const(1.0)
        total = lane.const(0.0)
        since = 0
        span = LOOK // 2
        while since < step - 1:
            span *= 2
            marks += FIELDS
            here = min((step - 1) % span + 1, step - 1)
            if here > since:
                before = lane.load(w, marks + RAW)
                more = kit.grown_since(w, marks, fields, sizes, here)
                # What came in with the last step has not grown yet.
                if here > since + 1:
                    growth = lane.maximum(growth, more)
                total = total + kit.number((raw - before) * growth)
                since = here
                raw = before
                growth = more
        growth = lane.maximum(growth, kit.grown_since(w, first, fields, sizes, step))
        return total * SAFE + kit.number(raw * growth)

    @jit
    def grown_since(w, mark, fields, sizes, steps):
        """How far errors can have grown against the vector since a mark so many steps ago."""
        size = sizes + 2 * (steps - 1)
        return kit.growth_between(w, mark, fields, lane.load(w, size), lane.load(w, size + 1))

    return (
        climbing(1),
        climbing(2),
        walking(1),
        walking(2),
        start_other,
        go_ahead,
        look_round,
        owed,
        grown_since,
    )
