"""The verdict on results whose answer is known, by hand or by SciPy."""

import json
import math
from typing import Any, TypeVar

import numpy as np
import pytest
from scipy import stats
from synthetic import ginibre, result_of

from rhoscope.ensembles import ComplexGinibre, RealGinibre
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.intervals import Estimate, share
from rhoscope.outcome import Outcome
from rhoscope.outcome_table import OutcomeTable
from rhoscope.result import Result
from rhoscope.study import Study
from rhoscope.verdict import Verdict, criterion
from rhoscope.verdict_text import percent

T = TypeVar("T")


@pytest.fixture(scope="module")
def result() -> Result:
    return ginibre()


@pytest.fixture(scope="module")
def verdict(result: Result) -> Verdict:
    return criterion(result)


def study(samples: int, lags: tuple[int, ...], **fields: Any) -> Study:
    return Study(ensemble=RealGinibre(), size=4, horizon=max(lags), samples=samples, lags=lags, **fields)


def known(value: T | None) -> T:
    assert value is not None
    return value


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.asarray(stats.spearmanr(x, y))[0])


def test_each_cell_of_the_table_counts_its_samples():
    # One to nine samples a cell: at lag 10 and band 1, log ρ of ∓0.2 foretells and ∓0.05 does not.
    cells = [(predicted, observed) for predicted in (-0.2, 0.05, 0.2) for observed in (-3.0, 0.5, 3.0)]
    samples = [cell for count, cell in enumerate(cells, start=1) for _ in range(count)]
    log_radius, growth = np.array(samples).T
    # The error at T is far from 1, so that a growth not taken relative to it would land in another cell.
    result = result_of(
        study(45, (10,)),
        spectral_radius=np.exp(log_radius),
        log_error=np.full(45, 7.0),
        log_gradient=(growth + 7.0)[:, None],
    )
    entry = criterion(result, band=1.0)[10]
    assert entry.table.counts == ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    assert entry.accuracy == share(10, 20)
    assert entry.decided == share(20, 45)
    assert entry.table.shares[1][2] == share(6, 45)
    # By the sign of log ρ alone the middle row joins the last.
    assert entry.asymptotic.counts == ((1, 2, 3), (0, 0, 0), (11, 13, 15))


def test_bounds_of_the_radius_that_straddle_one_foretell_nothing():
    # A disguised nilpotent matrix: computed ρ = 1.1, true ρ = 0, and bounds that say so.
    result = result_of(
        study(20, (1000,)),
        spectral_radius=np.full(20, 1.1),
        radius_low=np.zeros(20),
        radius_high=np.full(20, 1.2),
        log_gradient=np.full((20, 1), -np.inf),
    )
    entry = criterion(result)[1000]
    assert entry.table.counts == ((0, 0, 0), (20, 0, 0), (0, 0, 0))
    assert entry.asymptotic.counts == ((0, 0, 0), (20, 0, 0), (0, 0, 0))
    assert entry.zero_gradients == 20
    assert entry.decided.value == 0


def test_growth_on_the_edge_of_the_band_is_indeterminate():
    result = result_of(study(2, (1,)), log_gradient=np.array([[1.0], [-1.0]]))
    assert criterion(result, band=1.0)[1].table.counts[1] == (0, 2, 0)


def test_ginibre_follows_the_criterion(verdict):
    last = verdict[256]
    assert last.accuracy.low > 0.99
    assert last.decided.low > 0.95
    assert last.predictors[0].name == "spectral_radius"
    assert [entry.lag for entry in verdict.lags] == list(verdict.study.lags)


def test_correlations_raw_and_at_unit_gain(result, verdict):
    lag, place = 12, result.study.lags.index(12)
    rate = result.log_growth[:, place] / lag
    log_gain, log_norm = np.log(result.gain), np.log(result.frobenius_norm / np.sqrt(8))
    found = verdict[lag]["frobenius_norm"].rate
    assert known(found.raw).spearman.value == pytest.approx(spearman(rate, log_norm), abs=1e-12)
    assert known(found.unit_gain).spearman.value == pytest.approx(
        spearman(rate - log_gain, log_norm - log_gain), abs=1e-12
    )
    slope = np.polyfit(log_norm - log_gain, rate - log_gain, 1)[0]
    assert known(found.unit_gain).slope.value == pytest.approx(slope, rel=1e-9)
    gain = verdict[lag]["gain"].rate
    assert gain.raw.spearman.value == pytest.approx(spearman(rate, log_gain), abs=1e-12)
    assert gain.unit_gain is None


def test_a_sweep_of_gains_flatters_every_predictor(verdict):
    for name in ("frobenius_norm", "spectral_norm"):
        rate = verdict[256][name].rate
        assert known(rate.raw).spearman.low > 0.75
        assert known(rate.unit_gain).spearman.high < 0.6


def test_predictors_stand_in_order_of_their_unit_gain_rank_correlation(verdict):
    for entry in verdict.lags:
        *ranked, gain = entry.predictors
        values = [known(predictor.rate.unit_gain).spearman.value for predictor in ranked]
        assert values == sorted(values, reverse=True)
        assert gain.name == "gain"


def test_behind_radius_is_the_difference_of_two_correlations(verdict):
    entry = verdict[24]
    radius = entry["spectral_radius"]
    assert radius.behind_radius is None
    for name in ("frobenius_norm", "spectral_norm"):
        gap = known(radius.rate.unit_gain).spearman.value - known(entry[name].rate.unit_gain).spearman.value
        assert known(entry[name].behind_radius).value == pytest.approx(gap, abs=1e-12)
        assert known(entry[name].behind_radius).low > 0


def test_difference_estimator_sheds_the_prefactor(result, verdict):
    lag = 32
    places = [result.study.lags.index(k) for k in (lag, 2 * lag)]
    rate = np.diff(result.log_growth[:, places])[:, 0] / lag
    found = known(verdict[lag].difference.raw)
    assert found.spearman.value == pytest.approx(spearman(rate, np.log(result.spectral_radius)), abs=1e-12)
    plain = verdict[lag]["spectral_radius"].rate
    assert found.slope.value == pytest.approx(
        np.polyfit(np.log(result.spectral_radius), rate, 1)[0], rel=1e-9
    )
    assert found.slope.high - found.slope.low < 0.5 * (plain.raw.slope.high - plain.raw.slope.low)
    assert verdict[256].difference.raw is None


def test_norm_of_a_complex_system_is_scaled_by_its_real_size():
    # The real form of size 2n with ‖A‖_F = √(2n)·e foretells a growth of 1 a step, past the band of .9.
    generator = np.random.default_rng(1)
    result = result_of(
        Study(ensemble=ComplexGinibre(), size=8, horizon=1, samples=50, lags=(1,)),
        frobenius_norm=np.full(50, 4 * math.e),
        log_gradient=generator.standard_normal((50, 1)),
    )
    table = criterion(result, band=0.9)[1]["frobenius_norm"].table
    assert sum(table.counts[2]) == 50
    assert criterion(result, band=1.1)[1]["frobenius_norm"].table.counts[2] == (0, 0, 0)


def test_numerical_radius_is_a_rival_where_measured(result):
    columns = {name: getattr(result, name) for name in result.columns}
    columns["numerical_radius"] = 0.5 * (result.spectral_norm + result.spectral_radius)
    measured = result.study.replace(measure=("numerical_radius",))
    names = {predictor.name for predictor in criterion(Result(measured, columns, {}))[256].predictors}
    assert names == {"spectral_radius", "frobenius_norm", "spectral_norm", "numerical_radius", "gain"}


def test_a_constant_gain_makes_raw_and_unit_gain_one():
    found = criterion(ginibre(samples=300, horizon=16, gain=0.9))
    assert found.constant_gain
    for entry in found.lags:
        rate = entry["spectral_radius"].rate
        assert rate.raw == rate.unit_gain
        assert entry["gain"].rate.raw is None
    assert "gain is constant" in str(found)


def test_failed_samples_are_counted_and_left_out(result):
    columns = {name: getattr(result, name).copy() for name in result.columns}
    failed = {3: Outcome.NON_FINITE, 5: Outcome.NOT_CONVERGED, 8: Outcome.ZERO_ERROR, 9: Outcome.ZERO_ERROR}
    for place, code in failed.items():
        for name in ("spectral_radius", "radius_low", "radius_high", "frobenius_norm", "log_gradient"):
            columns[name][place] = np.nan
        columns["outcome"][place] = code
    columns["outcome"][11] = Outcome.LAPACK
    found = criterion(Result(result.study, columns, {}))
    assert found.outcomes == {"OK": 1995, "LAPACK": 1, "NOT_CONVERGED": 1, "NON_FINITE": 1, "ZERO_ERROR": 2}
    assert (found.samples, found.computed) == (2000, 1996)
    assert found[256].table.total == 1996
    assert known(found[256]["spectral_radius"].rate.unit_gain).samples == 1996
    assert "2 samples with outcome ZERO_ERROR" in str(found)


def test_zero_radius_and_zero_gradient_count_in_ranks_only():
    generator = np.random.default_rng(2)
    log_radius = generator.standard_normal(100)
    growth = np.column_stack([log_radius, 2 * log_radius]) + 0.1 * generator.standard_normal((100, 2))
    log_radius[:10] = -np.inf
    growth[:10] = -np.inf
    growth[10:15, 1] = -np.inf
    result = result_of(study(100, (1, 2)), spectral_radius=np.exp(log_radius), log_gradient=growth)
    found = criterion(result)
    assert found.zero_radius == 10
    assert [entry.zero_gradients for entry in found.lags] == [10, 15]
    rate = known(found[1]["spectral_radius"].rate.raw)
    assert (rate.samples, rate.left_out) == (100, 10)
    assert rate.spearman.value == pytest.approx(spearman(log_radius, growth[:, 0]), abs=1e-12)
    # A difference of two exact zeros is undefined; from a number to an exact zero it is −inf, and ranks.
    difference = known(found[1].difference.raw)
    assert (difference.samples, difference.left_out) == (90, 5)
    assert "10 samples with ρ = 0" in str(found)


def test_a_radius_not_told_from_zero_counts_in_ranks_only():
    # Rounding gives a nilpotent matrix a radius of any size: its bounds reach 0, and its logarithm is noise.
    generator = np.random.default_rng(6)
    log_radius = generator.standard_normal(60)
    growth = log_radius + 0.1 * generator.standard_normal(60)
    log_radius[:5] = -30 - np.arange(5)
    low = np.exp(log_radius)
    low[:5] = 0
    result = result_of(
        study(60, (1,)), spectral_radius=np.exp(log_radius), radius_low=low, log_gradient=growth[:, None]
    )
    found = criterion(result)
    rate = known(found[1]["spectral_radius"].rate.raw)
    assert (found.zero_radius, rate.samples, rate.left_out) == (5, 60, 5)
    assert rate.pearson.value > 0.9
    assert rate.spearman.value == pytest.approx(spearman(log_radius, growth), abs=1e-12)


def test_gain_zero_has_no_unit_gain():
    generator = np.random.default_rng(3)
    gain = generator.uniform(0.5, 1, 60)
    gain[:20] = 0
    growth = np.log(generator.uniform(0.5, 1, 60))
    growth[:20] = -np.inf
    with np.errstate(divide="ignore"):
        result = result_of(
            study(60, (1,)),
            gain=gain,
            spectral_radius=gain * generator.uniform(1, 2, 60),
            log_gradient=growth[:, None],
        )
    rate = criterion(result)[1]["spectral_radius"].rate
    assert known(rate.raw).samples == 60
    assert known(rate.unit_gain).samples == 40


def test_radii_equal_up_to_rounding_are_foretold_by_nothing():
    # Haar matrices: every ρ is 1 but for rounding, whose ranks mean nothing.
    generator = np.random.default_rng(4)
    radius = 1 + 1e-15 * generator.standard_normal(50)
    result = result_of(
        study(50, (4,)), spectral_radius=radius, log_gradient=generator.standard_normal((50, 1))
    )
    found = criterion(result)
    assert found[4]["spectral_radius"].rate.raw is None
    assert "no sample is decided" in found.headline
    json.loads(found.to_json())


@pytest.mark.parametrize("band", [0, -1.0, math.nan, math.inf])
def test_impossible_band(result, band):
    with pytest.raises(ArgumentError, match=r"band: got .*; give a positive finite number"):
        criterion(result, band=band)


@pytest.mark.parametrize("band", ["2", None, True])
def test_band_of_a_wrong_type(result, band):
    with pytest.raises(ArgumentTypeError, match="band: got"):
        criterion(result, band=band)


@pytest.mark.parametrize("what", [None, "runs/first", [1]])
def test_what_is_no_result_is_named(what):
    with pytest.raises(ArgumentTypeError, match=rf"result: got a {type(what).__name__}; give one result"):
        criterion(what)


def test_nothing_computed():
    result = result_of(study(3, (1,)), log_gradient=np.zeros((3, 1)), outcome=np.full(3, 3, np.uint8))
    with pytest.raises(ArgumentError, match="result: got 3 NON_FINITE"):
        criterion(result)


def test_unknown_lag_and_predictor_name_what_there_is(verdict):
    with pytest.raises(KeyError, match="lag 5; the study has"):
        verdict[5]
    with pytest.raises(KeyError, match="predictor 'norm'; there are"):
        verdict[256]["norm"]


def test_verdict_of_one_sample():
    found = criterion(result_of(study(1, (1, 2)), log_gradient=np.zeros((1, 2))))
    assert found[2].median_growth == Estimate(0.0, -math.inf, math.inf)
    assert found[2]["gain"].rate.raw is None
    str(found)


def test_json_is_strict_and_whole(result):
    columns = {name: getattr(result, name).copy() for name in result.columns}
    columns["log_gradient"][:1500, -1] = -np.inf
    text = criterion(Result(result.study, columns, {})).to_json()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(text, parse_constant=refuse)
    last = found["lags"][-1]
    assert last["median_growth"]["value"] == "-inf"
    assert last["zero_gradients"] == 1500
    assert found["hash"] == result.study.hash
    assert found["lags"][0]["predictors"][0]["table"]["accuracy"]["value"] is None
    assert sum(map(sum, last["asymptotic"]["counts"])) == 2000


def test_text_opens_with_the_answer_and_fits_100_columns(verdict):
    text = str(verdict)
    flat = " ".join(text.split())
    assert flat.startswith("At lag 256 the eigenvalue criterion is right for 100 [")
    assert max(map(len, text.splitlines())) <= 100
    assert "RealGinibre, n = 8, gain 0.6 to 1.4, T = 256, N = 2,000" in flat
    assert "> .999" in text


def test_correlation_is_quoted_with_its_interval_below_999_only(verdict):
    rows = [line.split() for line in str(verdict).splitlines()]
    near = next(row for row in rows if row[:2] == ["12", "raw"])
    assert near[3].startswith("[.9")
    far = next(row for row in rows if row[:2] == ["256", "raw"])
    assert far[2:6] == [">", ".999", ">", ".999"]


def test_html_holds_the_tables_and_escapes_them(verdict):
    found = verdict._repr_html_()
    assert found.count("<table>") == 4
    assert "&gt; .999" in found
    assert "> .999" not in found


def test_shares_near_the_ends_are_not_rounded_onto_them():
    table = OutcomeTable(((99_999, 0, 1), (0, 0, 0), (0, 0, 0)))
    assert table.accuracy.value < 1
    assert percent(table.accuracy).startswith(">99.99 [")
