"""Confidence intervals for shares, medians and slopes, each in closed form."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from rhoscope.kernels.moment_sums import power_sums, slope_sums

LEVEL = 0.95
"""Coverage that every interval of rhoscope aims for."""

NEAR_ONE = 0.999
"""A correlation beyond it is given without an interval: there a few samples decide it."""

_MANY = 50
"""Effective degrees of freedom with which the slope keeps its interval there."""

_Z = float(special.ndtri(0.5 + LEVEL / 2))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % confidence interval; NaN where the data do not define it.

    The ends alone are NaN where no interval is quoted, because it would not hold the truth 95 times in 100.
    """

    value: float
    low: float
    high: float


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


def share(count: int, total: int) -> Estimate:
    """Share `count / total`: Wilson's interval, or Clopper and Pearson's where one side counts below 10.

    Wilson's is (p + z²/2N ± z·√(p(1−p)/N + z²/4N²)) / (1 + z²/N); Clopper and Pearson's is exact, from
    quantiles of the beta distribution.

    Reference: Brown, Cai and DasGupta, Statistical Science 16 (2001) 101.
    """
    if total == 0:
        return UNDEFINED
    value = count / total
    if min(count, total - count) < 10:
        tail = (1 - LEVEL) / 2
        low = float(special.betaincinv(count, total - count + 1, tail)) if count else 0.0
        high = float(special.betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
        return Estimate(value, low, high)
    shrink = 1 + _Z**2 / total
    centre = (value + _Z**2 / (2 * total)) / shrink
    half = _Z * math.sqrt(value * (1 - value) / total + (_Z / (2 * total)) ** 2) / shrink
    return Estimate(value, centre - half, centre + half)


def median(values: np.ndarray) -> Estimate:
    """Median of `values` (N,), with the distribution-free interval between two order statistics.

    The number of samples below the true median is Binomial(N, ½), whatever the law; ±inf is allowed.
    """
    total = values.size
    if total == 0:
        return UNDEFINED
    # Largest r with P(Binomial(N, 1/2) < r) <= 2.5 %: the r-th smallest and the r-th largest enclose.
    rank = math.ceil(float(special.bdtrik((1 - LEVEL) / 2, total, 0.5)))
    low_index = max(rank - 1, 0)
    middle = (total - 1) // 2, total // 2
    ordered = np.sort(values)  # by vectors, in less time than `partition` takes for four places
    left, right = float(ordered[middle[0]]), float(ordered[middle[1]])
    value = left if left == right else (left + right) / 2
    if rank == 0:  # too few samples for any pair of order statistics to enclose the median at 95 %
        return Estimate(value, -math.inf, math.inf)
    return Estimate(value, float(ordered[low_index]), float(ordered[total - 1 - low_index]))


def effective_degrees(square: float, fourth: float, samples: int) -> float:
    """Degrees of freedom of a standard error √(Σ f²)/N, from Σ f² and Σ f⁴ over N samples, where f is of mean 0.

    Σ f² has relative variance (κ − 1)/N, with κ the kurtosis of f, and χ² of ν degrees of freedom has 2/ν: so
    ν = 2N/(κ − 1). For a normal f that is N.

    Reference: Satterthwaite, Biometrics Bulletin 2 (1946) 110.
    """
    spread = samples * fourth / square**2 - 1
    return 2 * samples / max(spread, 1e-9)


def student_quantile(degrees: float) -> float:
    """Standard errors that reach 95 % on both sides: the .975 quantile of Student's t."""
    return float(special.stdtrit(degrees, 0.5 + LEVEL / 2))


class Standardised:
    """A variable (N,) as its moments see it, made once for all that it is related to."""

    def __init__(self, values: np.ndarray):
        self.deviations = values - values.mean()
        self.square = float(self.deviations @ self.deviations)

    @cached_property
    def values(self) -> np.ndarray:
        """Of mean 0 and mean square 1; not defined for a constant."""
        return self.deviations / math.sqrt(self.square / self.deviations.size)

    @cached_property
    def squares(self) -> np.ndarray:
        """Squares of the standardised values."""
        return self.values * self.values

    @cached_property
    def fourth(self) -> float:
        """Sum of the fourth powers of the standardised values."""
        return power_sums(self.values)[2]

    @cached_property
    def least_free(self) -> float:
        """1 − h of the sample with the largest leverage h_i = 1/N + (x_i − x̄)²/S_xx."""
        return 1.0 - (1.0 + float(self.squares.max())) / self.squares.size

    @cached_property
    def freed(self) -> np.ndarray:
        """Deviations over 1 − h, which has to be above 0."""
        free = self.squares * (-1.0 / self.squares.size)
        free += 1.0 - 1.0 / self.squares.size
        return np.divide(self.deviations, free, out=free)


def hc3_slope(x: Standardised, y: Standardised) -> Estimate:
    """Least-squares slope of y on x (both (N,)), with the HC3 error, right under unequal variances.

    se² = Σ (x_i − x̄)² (e_i / (1 − h_i))² / S_xx², with residuals e_i, leverages h_i and S_xx = Σ (x_i − x̄)²;
    the quantile is Student's with the `effective_degrees` of its terms. Where those are below 50 and the
    correlation is beyond .999, the relation is exact but for a few samples: then the ends are NaN.

    Reference: MacKinnon and White, Journal of Econometrics 29 (1985) 305.
    """
    if x.deviations.size < 3 or x.square == 0.0:
        return UNDEFINED
    covariance = float(x.deviations @ y.deviations)
    slope = covariance / x.square
    if x.least_free < 1e-12:  # one sample alone fixes the slope: its error cannot be seen
        return Estimate(slope, -math.inf, math.inf)
    square, fourth = slope_sums(x.deviations, y.deviations, slope, x.freed)
    error = math.sqrt(square) / x.square
    degrees = effective_degrees(square, fourth, x.deviations.size) if error > 0 else 0.0
    if degrees < _MANY and slope * covariance >= NEAR_ONE**2 * y.square:
        return Estimate(slope, math.nan, math.nan)
    half = student_quantile(degrees) * error
    return Estimate(slope, slope - half, slope + half)
