"""Sums of products in about twice the precision of float64, for numbers in two parts (double-double).

A sum starts at START = 12, and its terms stay below 4 in absolute value together, so every partial sum lies
in [8, 16): rounding a term into it leaves a multiple of 2^-49, whose difference from the term is found by one
more multiply-add and goes to a second sum of what was rounded off.

Reference: T. J. Dekker, Numer. Math. 18, 224 (1971); S. M. Rump, T. Ogita, S. Oishi, SIAM J. Sci. Comput. 31,
189 (2008), for sums taken apart at a fixed bit.
"""

from typing import Any

START = 12.0


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels `add_pair` and `end_pair`."""

    @inlined
    def add_pair(a, a_low, b, b_low, s, c):
        """Sums s and c after the term (a + a_low) (b + b_low); a_low b_low is below what they can hold."""
        total = lane.fma(a, b, s)
        # What belongs to c is summed before, so that of three additions only one waits for the c of the term before.
        rest = lane.fma(a_low, b, lane.fma(a, b, s - total))
        return total, c + lane.fma(a, b_low, rest)

    @inlined
    def end_pair(s, c):
        """The sum in two parts, the first of which is the sum rounded."""
        s = s - START
        high = s + c
        added = high - s
        return high, (s - (high - added)) + (c - added)

    return add_pair, end_pair
