"""Pearson and Spearman correlation with BCa intervals in their analytic form, in O(N) once data are ranked.

The bias-corrected and accelerated bootstrap rests on four numbers of a statistic T(P), P the weights of the
samples: its standard error σ and acceleration a (from the influence function), its bias b, and its curvature
c in the least favourable direction. Resampling finds them with noise and, for many samples, in minutes; here
they come in closed form, which is DiCiccio and Efron's "ABC" interval. Its ends are T(P + λ·direction) with
λ = w / (1 − a·w)², w = z₀ ± t and z₀ = Φ⁻¹(2·Φ(a)·Φ(c − b/σ)). Theirs has the normal quantile 1.96 for t; here
it is Student's, because σ is an estimate too, and with heavy tails a poor one (`intervals.effective_degrees`).

Reference: DiCiccio and Efron, Biometrika 79 (1992) 231; Efron and Tibshirani, An Introduction to the
Bootstrap (1993), section 22.6.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Protocol

import numpy as np
from scipy import special

from rhoscope.intervals import NEAR_ONE, Estimate, Standardised, effective_degrees, student_quantile
from rhoscope.kernels.moment_sums import correlation_influence, moments_along, power_sums, product_sums
from rhoscope.kernels.rank_sums import concordance, rank_influence, rank_sums_along
from rhoscope.ranks import Ranks

FEWEST = 10
"""With fewer samples a correlation is given without an interval."""

_STEP = 0.05
"""Half width, in standard errors, of the second difference that measures the curvature."""

_STRATA = 16
"""Distances, in the order of x, at which pairs are compared for Kendall's τ; it enters the bias alone."""

_STARTS = 2048
"""Pairs compared at each distance, at most about."""


class Statistic(Protocol):
    """A smooth function T of the weights P of N samples, which may stand in an order of its own."""

    value: float
    influence: np.ndarray  # (N,), of mean 0: N times the derivative of T along the weight of each sample
    bias: float
    near_one: bool  # beyond NEAR_ONE

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The function s -> T(P + s·direction), for weights `direction` (N,) of sum 0."""
        ...


def interval(statistic: Statistic) -> Estimate:
    """Value of `statistic` with its analytic BCa interval, NaN where none can be quoted.

    That is with fewer than 10 samples, beyond a correlation of .999, and where the corrections leave the value
    outside its interval: then so few samples decide that the expansion behind it does not hold.
    """
    value, influence = statistic.value, statistic.influence
    unknown = Estimate(value, math.nan, math.nan)
    total = influence.size
    square, cube, fourth = power_sums(influence)
    if total < FEWEST or statistic.near_one:
        return unknown
    if square <= 1e-24 * total:  # T does not vary, as the difference of two predictors of the same order
        return Estimate(value, value, value)
    root = math.sqrt(square)
    error = root / total
    acceleration = cube / (6 * root**3)
    along = statistic.along(influence)

    def at(errors: float) -> float:
        return along(errors / (total * root))

    curvature = (at(_STEP) - 2 * at(0.0) + at(-_STEP)) / (2 * error * _STEP**2)
    shift = curvature - statistic.bias / error
    z0 = float(special.ndtri(2 * special.ndtr(acceleration) * special.ndtr(shift)))
    reach = student_quantile(effective_degrees(square, fourth, total))
    low, high = (at(w / (1 - acceleration * w) ** 2) for w in (z0 - reach, z0 + reach))
    return Estimate(value, low, high) if low <= value <= high else unknown


class Pearson:
    """Product-moment correlation of x and y, both (N,), finite and not constant.

    r = C_xy / √(C_xx C_yy); for standardised values the influence function is u·v − r·(u² + v²)/2.
    """

    def __init__(self, x: Standardised, y: Standardised):
        u, v = x.values, y.values
        total = u.size
        products, squares, cubes = product_sums(u, v)
        r = _ratio(products / total, 1.0, 1.0)
        # Half the mean second derivative of r towards each single sample, over N.
        fourth = (x.fourth + y.fourth) / total - 2
        mixed = squares / total - 1
        cross = cubes / total - 2 * r
        self.bias = (r * (0.75 * fourth + 0.5 * mixed) - cross) / (2 * total)
        self.value = r
        self.near_one = abs(r) > NEAR_ONE
        self.influence = np.empty(total)
        correlation_influence(u, v, r, self.influence)
        self._values = u, v

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The correlation under weights P + s·direction."""
        a, b, p, q, c = moments_along(*self._values, direction)

        def at(s: float) -> float:
            covariance = self.value + s * c - s * s * a * b
            return _ratio(covariance, 1 + s * p - (s * a) ** 2, 1 + s * q - (s * b) ** 2)

        return at


class Spearman:
    """Rank correlation, Pearson's of the middle ranks F and G of two variables over the same N samples.

    T = (Σ p F G − ¼) / √(V_x V_y) with V = (1 − Σ_ties mass³)/12. The influence of a sample is that of its
    own ranks and that of its presence on the ranks of all others. Its entries are in the order of y, `y.order`.
    """

    def __init__(self, x: Ranks, y: Ranks):
        total = x.order.size
        self._x, self._y = x, y
        self._ranks = (x.rank, y.rank) if x.tied or y.tied else (None, None)
        self._to_x = np.empty(total, dtype=y.place.dtype)
        self._f = np.empty(total, dtype=np.int64)
        self.influence = np.empty(total)
        scale = math.sqrt(x.variance * y.variance)
        unit = 0.25 / total**2  # of products of two ranks
        products = rank_influence(
            x.order, y.place, *self._ranks, unit / scale, self._to_x, self._f, self.influence
        )
        covariance = unit / total * products - 0.25
        self.value = _ratio(covariance, x.variance, y.variance)
        self.near_one = abs(self.value) > NEAR_ONE
        self._scale = scale
        self._at_equal_variance = self.influence
        tau = concordance(*self._ranks, self._to_x, _cuts(total), _STARTS)
        self.bias = (tau / 4 - 3 * covariance) / (total * scale)
        if x.tied or y.tied:
            self._add_ties()

    def _add_ties(self) -> None:
        """Where ranks are tied, their variances V depend on the sample too: T to second order in them."""
        total = self.influence.size
        relative, first = [], 0.0
        for ranks, place in ((self._x, self._to_x), (self._y, slice(None))):
            if ranks.tied:
                part = np.empty(total)
                part[place] = ranks.variance_influence() / ranks.variance
                relative.append(part)
                first += float((ranks.mass * ranks.mass) @ (1 - ranks.mass)) / (8 * ranks.variance)
        both = sum(relative, np.zeros(total))
        self.influence = self.influence - 0.5 * self.value * both
        second = -0.5 * float(self.influence @ both) - 0.125 * self.value * float(both @ both)
        for part in relative:
            second += 0.25 * self.value * float(part @ part)
        self.bias += (self.value * first + second / total) / total

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The rank correlation under weights P + s·direction: a cubic over the root of two cubics."""
        x, y, total = self._x, self._y, direction.size
        # The changes in weight as whole numbers, so small that twice the sum of all fits 63 bits.
        units = 2.0**60 / (total * max(float(direction.max()), -float(direction.min())))
        half = 0.5 / units
        one, mixed, both, three = rank_sums_along(
            direction, units, *self._ranks, self._to_x, self._f, self._at_equal_variance, np.empty(total)
        )
        one *= self._scale
        two = (0.5 * mixed + half * both) * half / total
        three *= half * half
        covariance = self.value * self._scale
        variance_y = y.variance_along(direction)
        tied = x.tied or y.tied
        variance_x = x.variance_along(direction[self._to_x]) if tied else variance_y

        def at(s: float) -> float:
            return _ratio(covariance + s * (one + s * (two + s * three)), variance_x(s), variance_y(s))

        return at


class Difference:
    """`first` − `second`, two statistics of the same N samples: their noise in common cancels.

    Both have their influence in the same order, as two rank correlations with the same y.
    """

    def __init__(self, first: Statistic, second: Statistic):
        self._first, self._second = first, second
        self.value = first.value - second.value
        self.influence = first.influence - second.influence
        self.bias = first.bias - second.bias
        self.near_one = first.near_one and second.near_one

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The difference under weights P + s·direction."""
        first, second = self._first.along(direction), self._second.along(direction)
        return lambda s: first(s) - second(s)


def _ratio(covariance: float, variance_x: float, variance_y: float) -> float:
    """Correlation, held to [−1, 1] against rounding, and where weights far along a direction are negative."""
    if variance_x <= 0 or variance_y <= 0:
        return math.copysign(1.0, covariance)
    return max(-1.0, min(1.0, covariance / math.sqrt(variance_x * variance_y)))


@cache
def _cuts(total: int) -> np.ndarray:
    """Bounds of the strata of distances 1 to total − 1."""
    return np.unique(np.geomspace(1, total, _STRATA + 1).round().astype(np.int64))
