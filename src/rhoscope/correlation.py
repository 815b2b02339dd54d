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

from rhoscope.intervals import NEAR_ONE, Estimate, Standardised, effective_degrees, student_quantile
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
    squares = influence * influence
    square = float(squares.sum())
    if total < FEWEST or statistic.near_one:
        return unknown
    if square <= 1e-24 * total:  # T does not vary, as the difference of two predictors of the same order
        return Estimate(value, value, value)
    root = math.sqrt(square)
    error = root / total
    acceleration = float(squares @ influence) / (6 * root**3)
    along = statistic.along(influence)

    def at(errors: float) -> float:
        return along(errors / (total * root))

    curvature = (at(_STEP) - 2 * at(0.0) + at(-_STEP)) / (2 * error * _STEP**2)
    shift = curvature - statistic.bias / error
    z0 = float(special.ndtri(2 * special.ndtr(acceleration) * special.ndtr(shift)))
    reach = student_quantile(effective_degrees(squares))
    low, high = (at(w / (1 - acceleration * w) ** 2) for w in (z0 - reach, z0 + reach))
    return Estimate(value, low, high) if low <= value <= high else unknown


class Pearson:
    """Product-moment correlation of x and y, both (N,), finite and not constant.

    r = C_xy / √(C_xx C_yy); for standardised values the influence function is u·v − r·(u² + v²)/2.
    """

    def __init__(self, x: Standardised, y: Standardised):
        u, v, uu, vv = x.values, y.values, x.squares, y.squares
        total = u.size
        uv = u * v
        r = _ratio(float(uv.mean()), 1.0, 1.0)
        both = uu + vv
        # Half the mean second derivative of r towards each single sample, over N.
        fourth = (x.fourth + y.fourth) / total - 2
        mixed = float(uu @ vv) / total - 1
        cross = float(uv @ both) / total - 2 * r
        self.bias = (r * (0.75 * fourth + 0.5 * mixed) - cross) / (2 * total)
        self.value = r
        self.near_one = abs(r) > NEAR_ONE
        both *= 0.5 * r
        self.influence = np.subtract(uv, both, out=both)
        self._moments = u, v, uu, vv, uv

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The correlation under weights P + s·direction."""
        a, b, p, q, c = (float(moment @ direction) for moment in self._moments)

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
        self._to_x = y.place.take(x.order).astype(np.intp)  # takes what is in the order of y to that of x
        self._to_y = x.place.take(y.order).astype(np.intp)
        self._f = x.rank_at(self._to_y)
        turned = y.rank_at(self._to_x)
        # In units of 1/4N², whole numbers, and so exact. A sample lifts the ranks of all above it, where
        # Σ_j p_j G_j [x_j > x_i] = ½ − Σ_j p_j G_j [x_j < x_i].
        lift = self._f * y.rank
        unit = 0.25 / total**2
        covariance = unit * float(lift.mean()) - 0.25
        lift -= x.twice_below(turned).take(self._to_y)
        lift -= y.twice_below(self._f)
        scale = math.sqrt(x.variance * y.variance)
        self.value = _ratio(covariance, x.variance, y.variance)
        self.near_one = abs(self.value) > NEAR_ONE
        self._scale = scale
        self.influence = lift * (unit / scale)
        self.influence -= self.influence.mean()
        self._at_equal_variance = self.influence
        self.bias = (_concordance(x, y, turned) / 4 - 3 * covariance) / (total * scale)
        if x.tied or y.tied:
            self._add_ties()

    def _add_ties(self) -> None:
        """Where ranks are tied, their variances V depend on the sample too: T to second order in them."""
        total = self.influence.size
        relative, first = [], 0.0
        for ranks, to_y in ((self._x, self._to_y), (self._y, slice(None))):
            if ranks.tied:
                relative.append(ranks.variance_influence()[to_y] / ranks.variance)
                first += float((ranks.mass * ranks.mass) @ (1 - ranks.mass)) / (8 * ranks.variance)
        both = sum(relative, np.zeros(total))
        self.influence = self.influence - 0.5 * self.value * both
        second = -0.5 * float(self.influence @ both) - 0.125 * self.value * float(both @ both)
        for part in relative:
            second += 0.25 * self.value * float(part @ part)
        self.bias += (self.value * first + second / total) / total

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The rank correlation under weights P + s·direction: a cubic over the root of two cubics."""
        x, y, f, g = self._x, self._y, self._f, self._y.rank
        weight = 1.0 / direction.size
        whole, unit = _whole(direction)
        df = x.twice_below(whole.take(self._to_x)).take(self._to_y) * (0.5 * unit)
        dg = y.twice_below(whole) * (0.5 * unit)
        one = self._scale * float(direction @ self._at_equal_variance)
        two = (float((direction * f) @ dg) + float((direction * g) @ df)) * (0.5 * weight)
        two += float(df @ dg) * weight
        three = float((direction * df) @ dg)
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


def _whole(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """`weights` (N,) as whole numbers and their unit, so small that twice the sum of all fits 63 bits.

    Whole numbers add up exactly, and several times as fast as floats, each of which waits for the sum before it.
    """
    peak = max(float(weights.max()), -float(weights.min()))
    unit = math.ldexp(1.0, math.frexp(weights.size * peak)[1] - 61)
    scaled = weights * (1 / unit)
    return np.rint(scaled, out=scaled).astype(np.int64), unit


def _ratio(covariance: float, variance_x: float, variance_y: float) -> float:
    """Correlation, held to [−1, 1] against rounding, and where weights far along a direction are negative."""
    if variance_x <= 0 or variance_y <= 0:
        return math.copysign(1.0, covariance)
    return max(-1.0, min(1.0, covariance / math.sqrt(variance_x * variance_y)))


def _concordance(x: Ranks, y: Ranks, second: np.ndarray) -> float:
    """Mean of sign(x_i − x_j)·sign(y_i − y_j) over all pairs, by strata of their distance in the order of x.

    `second` are the ranks of y in the order of x. Where the correlation is near 1 only neighbours are
    discordant, so that pairs at random would see few.
    """
    total = second.size
    found = 0.0
    for low, high in itertools.pairwise(_cuts(total)):  # distances low to high − 1
        middle = (low + high - 1) // 2
        step = 1 + (total - middle) // _STARTS
        near, far = slice(0, total - middle, step), slice(middle, total, step)
        up = second[near] < second[far]
        if x.tied or y.tied:
            apart = x.rank[near] < x.rank[far]
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
