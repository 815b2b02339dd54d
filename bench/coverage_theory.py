"""The exact coverage of intervals whose data are counts: for given N and p it is a sum of binomial weights."""

import numpy as np
from scipy import stats

from rhoscope.intervals import LEVEL

_TAIL = (1 - LEVEL) / 2
_WILSON_FROM = 10


def share_coverage(share: float, totals: int | np.ndarray) -> np.ndarray:
    """P(the interval of a count of Binomial(total, share) holds `share`), for each of `totals`.

    Wilson's interval, or Clopper and Pearson's where a side counts fewer than 10, by their definitions and so
    apart from `rhoscope.intervals`: Wilson's holds p where |count/total − p| ≤ z·√(p(1 − p)/total), Clopper
    and Pearson's where neither tail from the count on is less likely than 2.5 %.
    """
    total = np.atleast_1d(totals)[:, None]
    count = np.arange(total.max() + 1)
    wilson = abs(count - total * share) <= stats.norm.isf(_TAIL) * np.sqrt(share * (1 - share) * total)
    tails = stats.binom.cdf(count, total, share), stats.binom.sf(count - 1, total, share)
    few = np.minimum(count, total - count) < _WILSON_FROM
    held = np.where(few, np.minimum(*tails) >= _TAIL, wilson)
    return (stats.binom.pmf(count, total, share) * held).sum(1)


def share_of_some_coverage(share: float, part: float, total: int) -> float:
    """`share_coverage` where the share is of a random part of the samples, given that the part is not empty."""
    low, high = stats.binom.ppf([1e-7, 1 - 1e-7], total, part).astype(int)
    sizes = np.arange(max(low, 1), max(high, 1) + 1)
    weights = stats.binom.pmf(sizes, total, part)
    return float(weights @ share_coverage(share, sizes) / weights.sum())


def median_coverage(below: float, at_most: float, total: int) -> float:
    """P(the sign test's interval holds m), where P(x < m) = `below` and P(x ≤ m) = `at_most`.

    The r-th smallest is at most m if r samples are, the r-th largest at least m if r samples are, with r the
    largest number for which P(Binomial(total, ½) < r) ≤ 2.5 %.
    """
    rank = stats.binom.ppf(_TAIL, total, 0.5)
    return float(1 - stats.binom.cdf(rank - 1, total, at_most) - stats.binom.sf(total - rank, total, below))
