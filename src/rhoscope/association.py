"""How one quantity follows another over samples, where either may hold −inf or be undefined."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rhoscope.correlation import Pearson, Ranks, Spearman, interval
from rhoscope.intervals import UNDEFINED, Estimate, hc3_slope

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
    def ranks(self) -> Ranks:
        """Ranks of the values, none of them NaN."""
        return Ranks(self.values)


def rank_correlation(x: Variable, y: Variable) -> Spearman | None:
    """Spearman's correlation over the samples where both are defined; None where a side is constant."""
    if not (x.all_finite and y.all_finite):
        defined = ~(np.isnan(x.values) | np.isnan(y.values))
        if not defined.all():
            x, y = Variable(x.values[defined]), Variable(y.values[defined])
    if _is_constant(x.values) or _is_constant(y.values):
        return None
    return Spearman(x.ranks, y.ranks)


def associate(x: Variable, y: Variable, ranks: Spearman | None) -> Association | None:
    """The association of y with x, `ranks` their rank correlation; None where that is None."""
    if ranks is None:
        return None
    both = x.finite & y.finite
    u, v = (x.values, y.values) if both.all() else (x.values[both], y.values[both])
    moments = not (_is_constant(u) or _is_constant(v))
    samples = ranks.influence.size
    return Association(
        pearson=interval(Pearson(u, v)) if moments else UNDEFINED,
        spearman=interval(ranks),
        slope=hc3_slope(u, v) if moments else UNDEFINED,
        samples=samples,
        left_out=samples - u.size,
    )


def _is_constant(values: np.ndarray) -> bool:
    """True when the values do not vary beyond rounding, so that no correlation is defined."""
    if values.size < 2:
        return True
    low, high = float(values.min()), float(values.max())
    if low == high:  # also where both are -inf
        return True
    return high - low <= _CONSTANT * max(1.0, abs(low), abs(high)) < np.inf
