"""How one quantity follows another over samples, where either may hold −inf or be undefined."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rhoscope.correlation import Pearson, Spearman, interval
from rhoscope.intervals import UNDEFINED, Estimate, Standardised, hc3_slope
from rhoscope.ranks import Ranks

_CONSTANT = 1e-12
"""A variable that spreads less than this, relative to its size or to 1, is constant up to rounding."""


@dataclass(frozen=True)
class Association:
    """How a growth rate follows the logarithm of a predictor.

    Samples with a logarithm of −inf count in the ranks of `spearman` and are left out of the moments of
    `pearson` and `slope`; `left_out` says how many of the `samples`.
    """

    pearson: Estimate
    spearman: Estimate
    slope: Estimate
    samples: int
    left_out: int


class Variable:
    """One side of an association: a value (N,) a sample, NaN where undefined, ranked at most once.

    Those that are infinite, or False in `known`, count in ranks and are left out of moments.
    """

    def __init__(self, values: np.ndarray, known: np.ndarray | None = None):
        self.values = values
        self.finite = np.isfinite(values) if known is None else np.isfinite(values) & known
        self.all_finite = bool(self.finite.all())

    @cached_property
    def constant(self) -> bool:
        """True when the values, none of them NaN, do not vary beyond rounding: no correlation is defined."""
        if self.values.size < 2:
            return True
        low, high = float(self.values.min()), float(self.values.max())
        if low == high:  # also where both are -inf
            return True
        return high - low <= _CONSTANT * max(1.0, abs(low), abs(high)) < np.inf

    @cached_property
    def ranks(self) -> Ranks:
        """Ranks of the values, none of them NaN."""
        return Ranks(self.values)

    @cached_property
    def standardised(self) -> Standardised:
        """What moments see of the values, all of them finite."""
        return Standardised(self.values)


def rank_correlation(x: Variable, y: Variable) -> Spearman | None:
    """Spearman's correlation over the samples where both are defined; None where a side is constant."""
    if not (x.all_finite and y.all_finite):
        defined = ~(np.isnan(x.values) | np.isnan(y.values))
        if not defined.all():
            x, y = Variable(x.values[defined]), Variable(y.values[defined])
    if x.constant or y.constant:
        return None
    return Spearman(x.ranks, y.ranks)


def associate(x: Variable, y: Variable, ranks: Spearman | None) -> Association | None:
    """The association of y with x, `ranks` their rank correlation; None where that is None."""
    if ranks is None:
        return None
    samples = ranks.influence.size
    if not (x.all_finite and y.all_finite):
        both = x.finite & y.finite
        x, y = Variable(x.values[both]), Variable(y.values[both])
    moments = not (x.constant or y.constant)
    return Association(
        pearson=interval(Pearson(x.standardised, y.standardised)) if moments else UNDEFINED,
        spearman=interval(ranks),
        slope=hc3_slope(x.standardised, y.standardised) if moments else UNDEFINED,
        samples=samples,
        left_out=samples - x.values.size,
    )
