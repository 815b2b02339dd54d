"""Each predictor's correlation and accuracy against the lag."""

import numpy as np
from matplotlib.axes import Axes

from rhoscope.association import Association
from rhoscope.errors import ArgumentTypeError
from rhoscope.intervals import UNDEFINED, Estimate
from rhoscope.plots.canvas import (
    BLACK,
    BLUE,
    DOUBLE,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    DataFigure,
    dress,
    lag_axis,
)
from rhoscope.verdict import Verdict
from rhoscope.verdict_text import study_line

_STYLES = {
    "spectral_radius": (BLACK, "o", "ρ(A)"),
    "frobenius_norm": (BLUE, "s", r"$\Vert A\Vert_F/\sqrt{n}$"),
    "spectral_norm": (VERMILION, "^", r"$\sigma_{\max}(A)$"),
    "numerical_radius": (GREEN, "D", "w(A)"),
    "gain": (PURPLE, "v", "gain g (left: raw)"),
}


def predictors_vs_lag(verdict: Verdict) -> DataFigure:
    """Draw, for ρ(A) and its rivals, rank correlation with the growth rate and accuracy against the lag.

    Left: Spearman's correlation at unit gain, for ρ also with the difference estimator; the gain alone is
    raw, as what a sweep gives for nothing. Right: the share of decided samples that k·log(predictor) calls
    rightly, and the share of samples that is decided for ρ. Bands are 95 % intervals.

    Parameters
    ----------
    verdict
        What `rhoscope.criterion` returned.

    Returns
    -------
    DataFigure
        Its table has a row for each predictor and lag, with both correlations, accuracy and decided share.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.predictors_vs_lag(rs.criterion(rs.run(study)))
    """
    if not isinstance(verdict, Verdict):
        raise ArgumentTypeError(f"verdict: got a {type(verdict).__name__}; give rhoscope.criterion(result)")
    figure = DataFigure(DOUBLE, 3.0)
    left, right = figure.subplots(1, 2)
    lags = [entry.lag for entry in verdict.lags]
    columns: dict[str, list[object]] = {"lag": [], "predictor": []}
    names = {predictor.name for predictor in verdict.lags[0].predictors}
    for name in (name for name in _STYLES if name in names):
        found = [entry[name] for entry in verdict.lags]
        estimates = {
            "spearman_raw": [_spearman(predictor.rate.raw) for predictor in found],
            "spearman_unit_gain": [_spearman(predictor.rate.unit_gain) for predictor in found],
            "accuracy": [predictor.table.accuracy for predictor in found],
            "decided": [predictor.table.decided for predictor in found],
        }
        _draw(left, lags, estimates["spearman_raw" if name == "gain" else "spearman_unit_gain"], name)
        _draw(right, lags, estimates["accuracy"], name)
        columns["lag"] += lags
        columns["predictor"] += [name] * len(lags)
        for kind, values in estimates.items():
            for part in ("value", "low", "high"):
                columns.setdefault(f"{kind}_{part}", []).extend(getattr(value, part) for value in values)
    difference = [_spearman(entry.difference.unit_gain).value for entry in verdict.lags]
    left.plot(lags, difference, "--", color=BLACK, lw=0.8, label="ρ(A) with $(G_{2k} − G_k)/k$")
    decided = [entry.decided.value for entry in verdict.lags]
    right.plot(lags, decided, ":", color=GREY, lw=1.2, label="decided share, by ρ")
    for axes in (left, right):
        lag_axis(axes, lags)
        axes.set_xlim(lags[0] / 1.15, lags[-1] * 1.15)
    left.axhline(0, color=GREY, lw=0.6)
    left.set_ylim(top=1.03)
    right.set_ylim(-0.03, 1.03)
    dress(left, "lag k", "Spearman with $G_k$/k, at unit gain")
    dress(right, "lag k", "accuracy on decided samples")
    figure.legend_below(left, right, columns=6)
    figure.entitle("What foretells the growth rate, and what calls the outcome", study_line(verdict.study))
    figure.tabulate(**columns)
    return figure


def _spearman(association: Association | None) -> Estimate:
    return association.spearman if association else UNDEFINED


def _draw(axes: Axes, lags: list[int], estimates: list[Estimate], name: str) -> None:
    colour, marker, label = _STYLES[name]
    value, low, high = np.array([(e.value, e.low, e.high) for e in estimates]).T
    if np.isnan(value).all():  # a constant has no correlation, and no entry in the legend
        return
    axes.fill_between(lags, low, high, color=colour, alpha=0.2, lw=0)
    axes.plot(lags, value, color=colour, marker=marker, markersize=3, lw=1, label=label)
