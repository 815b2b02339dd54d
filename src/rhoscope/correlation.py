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

import itertools
import math
from collections.abc import Callable
from functools import cache
from typing import Protocol

import numpy as np
from scipy import special

from rhoscope.intervals import NEAR_ONE, Estimate, effective_degrees, student_quantile

FEWEST = 10
"""With fewer samples a correlation is given without an interval."""

_STEP = 0.05
"""Half width, in standard errors, of the second difference that measures the curvature."""

_STRATA = 16
"""Distances, in the order of x, at which pairs are compared for Kendall's τ; it enters the bias alone."""

_STARTS = 2048
"""Pairs compared at each distance, at most about."""


class Statistic(Protocol):
    """A smooth function T of the weights P of N samples."""

    value: float
    influence: np.ndarray  # (N,), of mean 0: N times the derivative of T along each sample's weight
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
    square = float(influence @ influence)
    if total < FEWEST or statistic.near_one:
        return unknown
    if square <= 1e-24 * total:  # T does not vary, as the difference of two predictors of the same order
        return Estimate(value, value, value)
    root = math.sqrt(square)
    error = root / total
    acceleration = float((influence * influence) @ influence) / (6 * root**3)
    at = statistic.along(influence / (total * root))
    curvature = (at(_STEP) - 2 * at(0.0) + at(-_STEP)) / (2 * error * _STEP**2)
    shift = curvature - statistic.bias / error
    z0 = float(special.ndtri(2 * special.ndtr(acceleration) * special.ndtr(shift)))
    reach = student_quantile(effective_degrees(influence))
    low, high = (at(w / (1 - acceleration * w) ** 2) for w in (z0 - reach, z0 + reach))
    return Estimate(value, low, high) if low <= value <= high else unknown


class Pearson:
    """Product-moment correlation of x and y, both (N,), finite and not constant.

    r = C_xy / √(C_xx C_yy); for standardised values the influence function is u·v − r·(u² + v²)/2.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray):
        u, v = _standardised(x), _standardised(y)
        uv, uu, vv = u * v, u * u, v * v
        r = _ratio(float(uv.mean()), 1.0, 1.0)
        self.value = r
        self.near_one = abs(r) > NEAR_ONE
        self.influence = uv - (0.5 * r) * (uu + vv)
        self._moments = u, v, uu, vv, uv
        # Half the mean second derivative of r towards each single sample, over N.
        fourth = float(uu @ uu + vv @ vv) / u.size - 2
        mixed = float(uu @ vv) / u.size - 1
        cross = float(uv @ (uu + vv)) / u.size - 2 * r
        self.bias = (r * (0.75 * fourth + 0.5 * mixed) - cross) / (2 * u.size)

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The correlation under weights P + s·direction."""
        a, b, p, q, c = (float(moment @ direction) for moment in self._moments)

        def at(s: float) -> float:
            covariance = self.value + s * c - s * s * a * b
            return _ratio(covariance, 1 + s * p - (s * a) ** 2, 1 + s * q - (s * b) ** 2)

        return at


class Ranks:
    """Middle ranks of `values` (N,) as positions in (0, 1): ties share one, ±inf are values like others.

    position_i = Σ_j p_j · (1 if x_j < x_i, ½ if x_j = x_i), at equal weights p_j = 1/N.
    """

    def __init__(self, values: np.ndarray):
        total = values.size
        order = np.argsort(values)
        ordered = values[order]
        apart = ordered[1:] != ordered[:-1]
        self.tied = not apart.all()
        group = np.empty(total, dtype=np.intp)
        group[order] = np.concatenate(([0], np.cumsum(apart))) if self.tied else np.arange(total)
        self.order, self.group = order, group
        if self.tied:
            self.mass, self.position = self.spread(np.full(total, 1.0 / total))
        else:
            self.mass, self.position = np.full(total, 1.0 / total), (group + 0.5) * (1.0 / total)
        self.variance = _rank_variance(self.mass)

    def spread(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight of each group of ties, and for each sample the weight of all below it, ties by half."""
        mass = np.bincount(self.group, weights) if self.tied else weights[self.order]
        below = np.cumsum(mass)
        below -= 0.5 * mass
        return mass, below[self.group]

    def variance_along(self, change: np.ndarray) -> Callable[[float], float]:
        """The function s -> variance of the ranks where the groups of ties weigh mass + s·change."""
        if self.tied:
            square = self.mass * self.mass
            one = 3 * float(square @ change)
            two = 3 * float((self.mass * change) @ change)
        else:
            equal = 1 / self.mass.size
            one = 3 * equal * equal * float(change.sum())
            two = 3 * equal * float(change @ change)
        three = float((change * change) @ change)
        return lambda s: self.variance - s * (one + s * (two + s * three)) / 12

    @property
    def variance_influence(self) -> np.ndarray:
        """Influence of each sample on the variance of the ranks, (1 − Σ mass³)/12."""
        square = self.mass * self.mass
        return 0.25 * (float(square @ self.mass) - square[self.group])


class Spearman:
    """Rank correlation, Pearson's of the middle ranks F and G of two variables over the same N samples.

    T = (Σ p F G − ¼) / √(V_x V_y) with V = (1 − Σ_ties mass³)/12. The influence of a sample is that of its
    own ranks and that of its presence on the ranks of all others.
    """

    def __init__(self, x: Ranks, y: Ranks):
        total = x.group.size
        self._x, self._y = x, y
        self._weight = 1.0 / total
        self._product = x.position * y.position
        covariance = float(self._product.mean()) - 0.25
        scale = math.sqrt(x.variance * y.variance)
        self.value = _ratio(covariance, x.variance, y.variance)
        self.near_one = abs(self.value) > NEAR_ONE
        # A sample lifts the ranks of all above it: Σ_j p_j G_j [x_j > x_i] = ½ − Σ_j p_j G_j [x_j < x_i].
        influence = self._product - x.spread(y.position / total)[1] - y.spread(x.position / total)[1]
        influence /= scale
        self.influence = influence - influence.mean()
        self.bias = (_concordance(x, y) / 4 - 3 * covariance) / (total * scale)
        tied = [ranks for ranks in (x, y) if ranks.tied]
        if tied:
            self._add_ties(tied)

    def _add_ties(self, tied: list[Ranks]) -> None:
        """Where ranks are tied, their variances V depend on the sample too: T to second order in them."""
        total = self.influence.size
        relative = [ranks.variance_influence / ranks.variance for ranks in tied]
        both = sum(relative, np.zeros(total))
        self.influence = self.influence - 0.5 * self.value * both
        second = -0.5 * float(self.influence @ both) - 0.125 * self.value * float(both @ both)
        first = 0.0
        for ranks, part in zip(tied, relative, strict=True):
            second += 0.25 * self.value * float(part @ part)
            first += float((ranks.mass * ranks.mass) @ (1 - ranks.mass)) / (8 * ranks.variance)
        self.bias += (self.value * first + second / total) / total

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The rank correlation under weights P + s·direction: a cubic over the root of two cubics."""
        f, g = self._x.position, self._y.position
        mass_x, df = self._x.spread(direction)
        mass_y, dg = self._y.spread(direction)
        first = f * dg + g * df
        second = df * dg
        one = float(direction @ self._product) + float(first.sum()) * self._weight
        two = float(direction @ first) + float(second.sum()) * self._weight
        three = float(direction @ second)
        covariance = self.value * math.sqrt(self._x.variance * self._y.variance)
        variance_x = self._x.variance_along(mass_x)
        variance_y = self._y.variance_along(mass_y)

        def at(s: float) -> float:
            return _ratio(covariance + s * (one + s * (two + s * three)), variance_x(s), variance_y(s))

        return at


class Difference:
    """`first` − `second`, two statistics of the same N samples: their noise in common cancels."""

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


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean()
    return centred / math.sqrt(float(centred @ centred) / centred.size)


def _ratio(covariance: float, variance_x: float, variance_y: float) -> float:
    """Correlation, held to [−1, 1] against rounding, and where weights far along a direction are negative."""
    if variance_x <= 0 or variance_y <= 0:
        return math.copysign(1.0, covariance)
    return max(-1.0, min(1.0, covariance / math.sqrt(variance_x * variance_y)))


def _concordance(x: Ranks, y: Ranks) -> float:
    """Mean of sign(x_i − x_j)·sign(y_i − y_j) over all pairs, by strata of their distance in the order of x.

    Where the correlation is near 1 only neighbours are discordant, so that pairs at random would see few.
    """
    total = x.order.size
    tied = x.tied or y.tied
    first, second = x.group[x.order] if tied else x.group, y.group[x.order]
    found = 0.0
    for low, high in itertools.pairwise(_cuts(total)):  # distances low to high − 1
        middle = (low + high - 1) // 2
        step = 1 + (total - middle) // _STARTS
        near, far = slice(0, total - middle, step), slice(middle, total, step)
        up = second[near] < second[far]
        if tied:
            apart = first[near] < first[far]
            rise = np.count_nonzero(apart & up)
            fall = np.count_nonzero(apart & (second[near] > second[far]))
        else:
            rise = np.count_nonzero(up)
            fall = up.size - rise
        found += (rise - fall) / up.size * (high - low) * (total - (low + high - 1) / 2)
    return found / (total * (total - 1) / 2)


@cache
def _cuts(total: int) -> list[int]:
    """Bounds of the strata of distances 1 to total − 1."""
    return np.unique(np.geomspace(1, total, _STRATA + 1).round().astype(np.intp)).tolist()


def _rank_variance(mass: np.ndarray) -> float:
    return (1.0 - float((mass * mass) @ mass)) / 12
