"""Intervals against SciPy, against their formulas, and against their promise: 95 % coverage."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from rhoscope.association import Variable, associate, rank_correlation
from rhoscope.correlation import Difference, Pearson, Spearman, interval
from rhoscope.intervals import (
    Estimate,
    Standardised,
    effective_degrees,
    hc3_slope,
    median,
    share,
    student_quantile,
)
from rhoscope.ranks import Ranks


def spearman(x: np.ndarray, y: np.ndarray) -> Spearman:
    return Spearman(Ranks(x), Ranks(y))


def pearson(x: np.ndarray, y: np.ndarray) -> Pearson:
    return Pearson(Standardised(x), Standardised(y))


def slope(x: np.ndarray, y: np.ndarray) -> Estimate:
    return hc3_slope(Standardised(x), Standardised(y))


def scipy_pearson(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.asarray(stats.pearsonr(x, y))[0])


def scipy_spearman(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.asarray(stats.spearmanr(x, y))[0])


def skewed_pair(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A correlated pair that is neither normal nor of equal variance."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(samples)
    return x, x + 0.3 * x**2 + (0.5 + 0.2 * abs(x)) * np.log(generator.chisquare(2, samples))


def with_ties(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A pair with a block of −inf on one side, as log ρ of nilpotent matrices, and ties on the other."""
    x, y = skewed_pair(samples, seed)
    x[: samples // 5] = -np.inf
    y[samples // 10 : samples // 4] = 0.5
    return x, y


@pytest.mark.parametrize(("count", "total"), [(10, 20), (10, 1000), (990, 1000), (37, 80)])
def test_share_is_wilson_where_both_sides_have_ten(count, total):
    expected = stats.binomtest(count, total).proportion_ci(method="wilson")
    found = share(count, total)
    assert found.value == count / total
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


@pytest.mark.parametrize(("count", "total"), [(0, 50), (9, 1000), (991, 1000), (50, 50), (3, 7), (0, 1)])
def test_share_is_clopper_pearson_where_a_side_has_fewer(count, total):
    expected = stats.binomtest(count, total).proportion_ci(method="exact")
    found = share(count, total)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-10)


def test_share_of_nothing_is_undefined():
    assert math.isnan(share(0, 0).value)


@pytest.mark.parametrize("total", [6, 7, 20, 101, 5000])
def test_median_lies_between_the_order_statistics_of_the_sign_test(total):
    values = np.random.default_rng(total).permutation(total).astype(float)
    found = median(values)
    assert found.value == np.median(values)
    # The values are their own ranks, so the bounds are the ranks: low has `low` values below it.
    rank = int(found.low)
    assert found.high == total - 1 - rank
    assert 2 * stats.binom.cdf(rank, total, 0.5) <= 0.05 < 2 * stats.binom.cdf(rank + 1, total, 0.5)


def test_median_of_five_has_no_95_percent_interval():
    assert median(np.arange(5.0)) == Estimate(2.0, -math.inf, math.inf)


def test_median_bears_exact_zeros():
    values = np.array([-np.inf] * 30 + [1.0] * 10)
    assert median(values) == Estimate(-math.inf, -math.inf, -math.inf)


def student(influence: np.ndarray) -> float:
    """Student's quantile with the degrees of freedom that match the variance of Σ f²: 2·E[Σ f²]² / Var[Σ f²]."""
    square = influence**2
    return float(stats.t.ppf(0.975, 2 * square.size * square.mean() ** 2 / square.var()))


def test_error_of_a_heavy_tail_has_few():
    # One sample in twenty makes up the whole variance: kurtosis 20, so 2·400/19 degrees of freedom, not 400.
    influence = np.zeros(400)
    influence[:10], influence[10:20] = 3.0, -3.0
    degrees = effective_degrees(float(np.sum(influence**2)), float(np.sum(influence**4)), 400)
    assert degrees == pytest.approx(800 / 19, rel=1e-12)
    assert student_quantile(800 / 19) == pytest.approx(stats.t.ppf(0.975, 800 / 19), rel=1e-12)


def test_error_that_does_not_vary_has_the_normal_quantile():
    degrees = effective_degrees(16.0, 16.0, 16)
    assert student_quantile(degrees) == pytest.approx(stats.norm.ppf(0.975), rel=1e-8)


def test_slope_has_the_hc3_error():
    x, y = skewed_pair(60, seed=1)
    design = np.column_stack([np.ones_like(x), x])
    bread = np.linalg.inv(design.T @ design)
    coefficients = bread @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    residual = (y - design @ coefficients) / (1 - leverage)
    covariance = bread @ (design.T * residual**2) @ design @ bread
    half = student((x - x.mean()) * residual) * math.sqrt(covariance[1, 1])
    found = slope(x, y)
    expected = (coefficients[1], coefficients[1] - half, coefficients[1] + half)
    assert (found.value, found.low, found.high) == pytest.approx(expected, rel=1e-10)


def test_slope_that_one_sample_fixes_has_an_unbounded_interval():
    found = slope(np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0, 5.0]))
    assert found == Estimate(4.0, -math.inf, math.inf)


def test_slope_of_a_relation_that_is_exact_but_for_a_few_samples_has_no_interval():
    generator = np.random.default_rng(25)
    x = generator.standard_normal(1000)
    few = np.where(np.arange(1000) < 20, 0.2, 0.0) * generator.standard_normal(1000)
    found = slope(x, x + few)
    assert found.value == pytest.approx(1, abs=0.01)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    # As near to 1, with noise in all of them; and noise in a few, less near to 1.
    assert slope(x, x + few.std() * generator.standard_normal(1000)).low > 0.99
    assert slope(x, x + 10 * few).low > 0.9
    assert math.isnan(slope(x, 2 * x).low)


@pytest.mark.parametrize("pair", [skewed_pair, with_ties])
def test_spearman_is_that_of_scipy(pair):
    x, y = pair(200, seed=2)
    assert spearman(x, y).value == pytest.approx(scipy_spearman(x, y), abs=1e-13)


def test_pearson_is_that_of_scipy():
    x, y = skewed_pair(200, seed=3)
    assert pearson(x, y).value == pytest.approx(scipy_pearson(x, y), abs=1e-13)


def weighted_rank_correlation(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The functional itself, from the definition of a middle rank, in O(N²)."""

    def positions(values: np.ndarray) -> np.ndarray:
        below = values[None, :] < values[:, None]
        level = values[None, :] == values[:, None]
        return (below + 0.5 * level) @ weights

    return weighted_correlation(weights, positions(x), positions(y))


def weighted_correlation(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - weights @ x, y - weights @ y
    return float(weights @ (x * y) / math.sqrt((weights @ x**2) * (weights @ y**2)))


CASES = [
    pytest.param(pearson, weighted_correlation, skewed_pair, id="pearson"),
    pytest.param(spearman, weighted_rank_correlation, skewed_pair, id="spearman"),
    pytest.param(spearman, weighted_rank_correlation, with_ties, id="spearman-ties"),
]


@pytest.mark.parametrize(("statistic", "functional", "pair"), CASES)
def test_influence_is_the_derivative_towards_each_sample(statistic, functional, pair):
    x, y = pair(40, seed=4)
    equal, step = np.full(40, 1 / 40), 1e-5
    towards = np.eye(40) - equal
    slopes = [
        (functional(equal + step * d, x, y) - functional(equal - step * d, x, y)) / (2 * step)
        for d in towards
    ]
    found = statistic(x, y).influence
    expected = np.array(slopes)[Ranks(y).order] if statistic is spearman else slopes
    np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize(("statistic", "functional", "pair"), CASES)
def test_along_follows_the_functional_exactly(statistic, functional, pair):
    x, y = pair(40, seed=5)
    direction = 1e-3 * np.random.default_rng(6).standard_normal(40)
    direction -= direction.mean()
    at = statistic(x, y).along(direction[Ranks(y).order] if statistic is spearman else direction)
    for s in (-2.0, 0.0, 3.0):
        assert at(s) == pytest.approx(functional(1 / 40 + s * direction, x, y), abs=1e-12)


def near_one(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A pair whose order differs among neighbours only: of all pairs of samples few are discordant."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(samples)
    return x, x + 0.03 * generator.standard_normal(samples)


@pytest.mark.parametrize(
    ("statistic", "functional", "pair"), [*CASES, pytest.param(*CASES[1].values[:2], near_one, id="near-one")]
)
@pytest.mark.parametrize("seed", [7, 8])
def test_bias_is_the_mean_second_derivative(statistic, functional, pair, seed):
    # The expectation of T over multinomial weights, to order 1/N: Σ d²T/dε² (towards sample i) / 2N².
    total = 60
    x, y = pair(total, seed)
    equal, step = np.full(total, 1 / total), 1e-3
    middle = functional(equal, x, y)
    bends = [
        functional(equal + step * d, x, y) - 2 * middle + functional(equal - step * d, x, y)
        for d in np.eye(total) - equal
    ]
    # Spearman's takes Kendall's τ from 16 distances: within .05 of its value and of its distance from 1.
    tau = float(np.asarray(stats.kendalltau(x, y))[0])
    slack = 0 if statistic is pearson else 3 * 0.05 * min(abs(tau), 1 - abs(tau)) / total
    found = statistic(x, y).bias
    assert found == pytest.approx(np.sum(bends) / step**2 / (2 * total**2), rel=1e-3, abs=slack)


@pytest.mark.parametrize(
    ("statistic", "reference"),
    [
        (pearson, scipy_pearson),
        (spearman, scipy_spearman),
    ],
)
def test_interval_is_the_bca_bootstrap_without_its_noise(statistic, reference):
    x, y = skewed_pair(150, seed=9)
    found = interval(statistic(x, y))
    resampled = stats.bootstrap(
        (x, y), reference, paired=True, vectorized=False, n_resamples=4000, method="BCa", rng=10
    )
    # An endpoint of 4,000 resamples has a Monte Carlo error of about 4 % of the standard error.
    tolerance = 0.15 * float(resampled.standard_error)
    expected = resampled.confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=tolerance)


class PowerOfMean:
    """The mean of x to the power 1 or 2, whose BCa interval is known in closed form."""

    def __init__(self, x: np.ndarray, power: int):
        self._x, self._power = x, power
        mean, variance = x.mean(), x.var()
        self.value = float(mean**power)
        self.influence = power * mean ** (power - 1) * (x - mean)
        self.bias = float((power - 1) * variance / x.size)
        self.near_one = False

    def along(self, direction: np.ndarray) -> Callable[[float], float]:
        return lambda s: float((self._x.mean() + s * direction @ self._x) ** self._power)


def test_interval_of_a_mean_is_shifted_and_accelerated():
    # For a mean the bootstrap is of bias 0 and its median differs by its skewness: z₀ = a (Efron 1987).
    x = np.random.default_rng(17).exponential(size=40)
    error = x.std() / math.sqrt(40)
    a = float(stats.skew(x)) / (6 * math.sqrt(40))
    w = np.array([-1, 1]) * student(x - x.mean()) + stats.norm.ppf(2 * stats.norm.cdf(a) * 0.5)
    low, high = x.mean() + error * w / (1 - a * w) ** 2
    found = interval(PowerOfMean(x, 1))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)


def test_interval_respects_transformations():
    x = np.random.default_rng(18).exponential(size=40)
    mean, square = interval(PowerOfMean(x, 1)), interval(PowerOfMean(x, 2))
    assert (square.low, square.high) == pytest.approx((mean.low**2, mean.high**2), rel=1e-9)


def test_difference_is_paired():
    generator = np.random.default_rng(11)
    y = generator.standard_normal(500)
    x = y + 0.5 * generator.standard_normal(500)
    near = x + 0.05 * generator.standard_normal(500)
    found = interval(Difference(spearman(x, y), spearman(near, y)))
    resampled = stats.bootstrap(
        (x, near, y),
        lambda x, near, y: scipy_spearman(x, y) - scipy_spearman(near, y),
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="BCa",
        rng=12,
    )
    expected = resampled.confidence_interval
    tolerance = 0.2 * float(resampled.standard_error)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=tolerance)
    alone = interval(spearman(x, y))
    assert found.high - found.low < 0.5 * (alone.high - alone.low)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_no_interval_is_quoted_beyond_999(noise):
    x = np.random.default_rng(20).standard_normal(500)
    y = x + noise * np.random.default_rng(21).standard_normal(500)
    for statistic, sign in ((spearman(x, y), 1.0), (pearson(x, -2 * y), -1.0)):
        found = interval(statistic)
        assert 0.999 < sign * found.value <= 1
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    rival = x + 0.3 * np.random.default_rng(22).standard_normal(500)
    assert math.isnan(interval(Difference(spearman(x, y), spearman(2 * x, y))).low)
    assert interval(Difference(spearman(x, y), spearman(rival, y))).low > 0


def test_predictors_of_the_same_order_differ_by_exactly_nothing():
    x, y = skewed_pair(100, seed=23)
    assert interval(Difference(spearman(x, y), spearman(np.exp(x), y))) == Estimate(0.0, 0.0, 0.0)


def test_an_interval_holds_its_own_value_or_is_not_quoted():
    # Cauchy tails: one or two samples decide the correlation, and the expansion can lead anywhere.
    generator = np.random.default_rng(24)
    quoted = 0
    for total in (10, 20, 100) * 100:
        x, y = generator.standard_cauchy((2, total))
        for statistic in (pearson(x, x + y), spearman(x, x + y)):
            found = interval(statistic)
            if math.isnan(found.low):
                assert math.isnan(found.high)
            else:
                quoted += 1
                assert -1 <= found.low <= found.value <= found.high <= 1
    assert 300 < quoted < 600


def test_nine_samples_are_too_few_for_an_interval():
    x, y = skewed_pair(9, seed=13)
    assert math.isnan(interval(pearson(x, y)).low)


@pytest.mark.parametrize("name", ["pearson", "spearman", "difference"])
def test_coverage(name):
    """400 samples of 60 normal pairs with correlation .8, and a rival with .5.

    Were the true coverage .94, fewer than 362 hits (below .905) would come once in 450 seeds, and more than
    392 (above .98) once in 30,000.
    """
    generator = np.random.default_rng(14)
    rank = [6 / math.pi * math.asin(r / 2) for r in (0.8, 0.5)]
    truth = {"pearson": 0.8, "spearman": rank[0], "difference": rank[0] - rank[1]}[name]
    hits = 0
    for _ in range(400):
        y, e, f = generator.standard_normal((3, 60))
        x, rival = 0.8 * y + 0.6 * e, 0.5 * y + math.sqrt(0.75) * f
        statistics = {
            "pearson": lambda x=x, y=y: pearson(x, y),
            "spearman": lambda x=x, y=y: spearman(x, y),
            "difference": lambda x=x, y=y, z=rival: Difference(spearman(x, y), spearman(z, y)),
        }
        found = interval(statistics[name]())
        hits += found.low <= truth <= found.high
    assert 362 <= hits <= 392


def test_association_counts_what_moments_leave_out():
    x, y = skewed_pair(100, seed=15)
    x[:7] = -np.inf
    y[5:12] = -np.inf
    y[50] = np.nan
    u, v = Variable(x), Variable(y)
    found = associate(u, v, rank_correlation(u, v))
    assert found is not None
    assert (found.samples, found.left_out) == (99, 12)
    kept = np.isfinite(x) & np.isfinite(y)
    assert found.pearson.value == pytest.approx(scipy_pearson(x[kept], y[kept]), abs=1e-13)
    ranked = ~np.isnan(y)
    assert found.spearman.value == pytest.approx(scipy_spearman(x[ranked], y[ranked]), abs=1e-13)
    assert found.slope.value == pytest.approx(np.polyfit(x[kept], y[kept], 1)[0], rel=1e-10)


@pytest.mark.parametrize("constant", [0.0, 3.0, -np.inf])
def test_nothing_follows_a_constant(constant):
    noise = np.random.default_rng(16).standard_normal(50)
    rounding = constant if np.isinf(constant) else constant + 1e-15 * noise
    x, y = Variable(np.full(50, rounding)), Variable(noise)
    assert rank_correlation(x, y) is None
    assert associate(x, y, None) is None
