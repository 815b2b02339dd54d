"""How gradients grow or shrink with the lag, for slow and fast matrices."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from rhoscope.ensembles import RealGinibre
from rhoscope.errors import ArgumentError
from rhoscope.observations import RADIUS, Observations, half_width
from rhoscope.plots.canvas import (
    BLACK,
    DOUBLE,
    GREY,
    SINGLE,
    DataFigure,
    caption,
    dress,
    label_powers,
    lag_axis,
)
from rhoscope.theory import lyapunov_exponents_fresh
from rhoscope.verdict_text import study_line

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.study import Study

_GROUPS = 5
_QUANTILES = 0.05, 0.25, 0.5, 0.75, 0.95


def growth_fan(results: "Result | Sequence[Result]", *, band: float = math.log(10)) -> DataFigure:
    """Draw the growth G_k against the lag k for five equal groups of samples, by their ρ(A).

    Each group has its median, a band from the 25 % to the 75 % quantile, and a paler one from 5 % to 95 %.
    The vertical scale is linear within the indeterminate band and logarithmic beyond. Where each step has a fresh
    real Ginibre matrix at one gain, and δ is drawn apart from them, the exact mean k·μ₁ is drawn as well.

    Parameters
    ----------
    results
        What `rhoscope.run` returned or `rhoscope.load` read; or several of them, to stand side by side.
    band
        Half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    DataFigure
        Its table has a row for each result, group and lag: the place of the result, the group's range of ρ and
        the five quantiles of G_k.

    Raises
    ------
    ArgumentError
        If there is no result.

    References
    ----------
    μ₁: `rhoscope.theory.lyapunov_exponents_fresh`.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.growth_fan(rs.run(study))
    >>> figure = rs.plots.growth_fan(rs.sweep(study, mode=["fixed", "fresh"]))
    """
    several = list(results) if isinstance(results, Sequence) else [results]
    if not several:
        raise ArgumentError("results: got none; give one result or several")
    alone, band = len(several) == 1, half_width(band)
    figure = DataFigure(SINGLE if alone else DOUBLE, 3.3)
    panels = figure.subplots(1, len(several), sharey=True, squeeze=False)[0]
    tables = [_draw(axes, result, band) for axes, result in zip(panels, several, strict=True)]
    title = "Gradient growth against lag: median, 50 % and 90 % bands"
    if alone:
        figure.legend_below(panels[0], columns=3, title="ρ(A)")
        figure.entitle(title, study_line(several[0].study))
    else:
        for axes, result in zip(panels, several, strict=True):
            axes.label_outer()
            caption(axes, study_line(result.study), 0.85 * DOUBLE / len(several), 3, "ρ(A)")
        figure.entitle(title, "")
    rows = [len(table["lag"]) for table in tables]
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    figure.tabulate(result=np.repeat(np.arange(len(several)), rows), **columns)
    return figure


def _draw(axes: Axes, result: "Result", band: float) -> dict[str, np.ndarray]:
    """One fan, and its numbers."""
    seen = Observations(result)
    radius = np.exp(seen.logs[RADIUS])
    groups = [group for group in np.array_split(np.argsort(radius), _GROUPS) if group.size]
    quantiles = np.empty((len(groups), len(seen.lags), len(_QUANTILES)))
    for place, lag in enumerate(seen.lags):
        growth = seen.growth(lag)
        for row, group in enumerate(groups):
            # Order statistics as they are: interpolating next to -inf would give NaN.
            quantiles[row, place] = np.quantile(growth[group], _QUANTILES, method="inverted_cdf")
    axes.axhspan(-band, band, color=GREY, alpha=0.25, lw=0, zorder=0)
    colours = colormaps["viridis"](np.linspace(0, 0.88, len(groups)))
    for group, colour, rows in zip(groups, colours, quantiles, strict=True):
        low, inner_low, middle, inner_high, high = np.where(np.isfinite(rows), rows, np.nan).T
        axes.fill_between(seen.lags, low, high, color=colour, alpha=0.2, lw=0)
        axes.fill_between(seen.lags, inner_low, inner_high, color=colour, alpha=0.4, lw=0)
        label = f"{radius[group[0]]:.2f} to {radius[group[-1]]:.2f}"
        axes.plot(seen.lags, middle, color=colour, lw=1.3, label=label)
    exponent = _exact_exponent(result.study)
    if exponent is not None:
        axes.plot(seen.lags, exponent * np.array(seen.lags), "--", color=BLACK, lw=1, label="theory: k μ₁")
    lag_axis(axes, seen.lags)
    axes.set_yscale("symlog", linthresh=band, linscale=1.2)
    label_powers(axes.yaxis)
    dress(axes, "lag k = T − t", "log growth $G_k$ (natural)")
    ranges = [(radius[group[0]], radius[group[-1]]) for group in groups]
    low, high = np.repeat(ranges, len(seen.lags), axis=0).T
    named = {
        f"quantile_{100 * q:.0f}": quantiles[:, :, column].ravel() for column, q in enumerate(_QUANTILES)
    }
    return {
        "radius_from": low,
        "radius_to": high,
        "lag": np.tile(seen.lags, len(groups)),
        "samples": np.repeat([group.size for group in groups], len(seen.lags)),
        **named,
    }


def _exact_exponent(study: "Study") -> float | None:
    """Mean growth a step where it is known exactly."""
    low, high = study.gain
    known = study.mode == "fresh" and study.delta == "independent" and isinstance(study.ensemble, RealGinibre)
    return float(lyapunov_exponents_fresh(study.size, low)[0]) if known and 0 < low == high else None
