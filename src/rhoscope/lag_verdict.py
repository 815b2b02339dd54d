"""The verdict at one lag: outcomes foretold and seen, and how the growth rate follows each predictor."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rhoscope.association import Association, Variable, associate, rank_correlation
from rhoscope.correlation import Difference, Spearman, interval
from rhoscope.intervals import Estimate, median
from rhoscope.observations import GAIN, RADIUS, Observations
from rhoscope.outcome_table import OutcomeTable, call, tabulate


@dataclass(frozen=True)
class Relation:
    """An association twice: as the study drew its samples, and with the gain divided out of both sides.

    `unit_gain` is None for the gain itself, and either is None where a side is constant or was not measured.
    """

    raw: Association | None
    unit_gain: Association | None


@dataclass(frozen=True)
class PredictorVerdict:
    """What one predictor x foretells at one lag k: outcomes by k·log x, the rate G_k/k by log x.

    `name` is that of the column; `frobenius_norm` stands for ‖A‖_F/√n. `behind_radius` is the unit-gain
    Spearman correlation of the spectral radius less that of this predictor, paired; None where undefined.
    """

    name: str
    table: OutcomeTable
    rate: Relation
    behind_radius: Estimate | None


@dataclass(frozen=True)
class LagVerdict:
    """The verdict at lag k = T − t, on G_k = log(‖∂L/∂h_{T−k}‖ / ‖∂L/∂h_T‖).

    `predictors` holds the spectral radius and its rivals, the best unit-gain Spearman first, then the gain.
    `difference` relates (G_2k − G_k)/k to log ρ, empty where the study lacks lag 2k.
    `asymptotic` predicts by the sign of log ρ alone. `zero_gradients` counts samples with G_k = −inf.
    """

    lag: int
    median_growth: Estimate
    zero_gradients: int
    asymptotic: OutcomeTable
    predictors: tuple[PredictorVerdict, ...]
    difference: Relation

    def __getitem__(self, name: str) -> PredictorVerdict:
        """The verdict on one predictor, such as `"spectral_radius"`."""
        for predictor in self.predictors:
            if predictor.name == name:
                return predictor
        raise KeyError(f"predictor {name!r}; there are {[p.name for p in self.predictors]}")

    @property
    def table(self) -> OutcomeTable:
        """Outcomes predicted by the bounds of ρ against outcomes observed."""
        return self[RADIUS].table

    @property
    def accuracy(self) -> Estimate:
        """Share that the criterion calls rightly, of the samples decided on both sides."""
        return self.table.accuracy

    @property
    def decided(self) -> Estimate:
        """Share of samples decided on both sides."""
        return self.table.decided

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain Python."""
        return {
            "lag": self.lag,
            "median_growth": asdict(self.median_growth),
            "zero_gradients": self.zero_gradients,
            "asymptotic": self.asymptotic.to_dict(),
            "predictors": [
                {**asdict(predictor), "table": predictor.table.to_dict()} for predictor in self.predictors
            ],
            "difference": asdict(self.difference),
        }


def judge(seen: Observations, lag: int, band: float) -> LagVerdict:
    """The verdict at lag k, with outcomes indeterminate within ±band of log growth."""
    growth = seen.growth(lag)
    observed = call(growth, growth, band)
    bounds = {name: (logs, logs) for name, logs in seen.logs.items()}
    bounds[RADIUS] = seen.log_low, seen.log_high
    bounds[GAIN] = seen.log_gain, seen.log_gain
    tables = {
        name: tabulate(call(lag * low, lag * high, band), observed) for name, (low, high) in bounds.items()
    }
    rates = _relate_all(seen, growth / lag)
    predictors = sorted(
        (PredictorVerdict(name, tables[name], *rates[name]) for name in bounds), key=_standing
    )
    return LagVerdict(
        lag=lag,
        median_growth=median(growth),
        zero_gradients=int((growth == -np.inf).sum()),
        asymptotic=tabulate(call(seen.log_low, seen.log_high, 0.0), observed),
        predictors=tuple(predictors),
        difference=_difference(seen, growth, lag),
    )


def _relate_all(seen: Observations, rate: np.ndarray) -> dict[str, tuple[Relation, Estimate | None]]:
    """For each predictor its relation to the rate and how far it is behind the radius."""
    raw, unit = Variable(rate), Variable(seen.at_unit_gain(rate))
    radius = rank_correlation(seen.unit[RADIUS], unit)
    relations: dict[str, tuple[Relation, Estimate | None]] = {}
    for name in seen.logs:
        rival = radius if name == RADIUS else rank_correlation(seen.unit[name], unit)
        behind = None
        if name != RADIUS and radius is not None and rival is not None:
            behind = interval(Difference(radius, rival))
        relations[name] = _relate(seen, name, raw, unit, rival), behind
    relations[GAIN] = Relation(associate(seen.gain, raw, rank_correlation(seen.gain, raw)), None), None
    return relations


def _difference(seen: Observations, growth: np.ndarray, lag: int) -> Relation:
    if 2 * lag not in seen.lags:
        return Relation(None, None)
    with np.errstate(invalid="ignore"):  # exact zeros at both lags have no rate: NaN
        rate = (seen.growth(2 * lag) - growth) / lag
    raw, unit = Variable(rate), Variable(seen.at_unit_gain(rate))
    return _relate(seen, RADIUS, raw, unit, rank_correlation(seen.unit[RADIUS], unit))


def _relate(
    seen: Observations, name: str, raw: Variable, unit: Variable, unit_ranks: Spearman | None
) -> Relation:
    at_unit_gain = associate(seen.unit[name], unit, unit_ranks)
    if seen.constant_gain:  # both sides are shifted by one constant, which no statistic here sees
        return Relation(at_unit_gain, at_unit_gain)
    x = seen.raw[name]
    return Relation(associate(x, raw, rank_correlation(x, raw)), at_unit_gain)


def _standing(predictor: PredictorVerdict) -> tuple[bool, float]:
    """Sort key: best unit-gain Spearman first, undefined ones next, the gain last."""
    unit = predictor.rate.unit_gain
    return predictor.name == GAIN, math.inf if unit is None else -unit.spearman.value
