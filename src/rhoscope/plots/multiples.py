"""Small multiples of the counterexamples: each one's growth against the lag, beside what ρ foretells."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rhoscope.plots.canvas import BLACK, BLUE, DOUBLE, ORANGE, SMALL, VERMILION, DataFigure, dress

if TYPE_CHECKING:
    from rhoscope.falsification import Counterexample, Falsification

_COLUMNS = 4
_QUANTILES = 0.05, 0.95


def counterexamples(found: "Falsification") -> DataFigure:
    """Draw the log growth of each counterexample against the lag k, with the line k·log ρ of the computed ρ.

    Shaded lags are those at which the sign of the growth is not that of log ρ. Dots are what exact arithmetic
    gives where rounding or chance changes it; random paths are shown by their median and a band from the 5 % to
    the 95 % quantile.

    Parameters
    ----------
    found
        What `rhoscope.counterexamples` returned.

    Returns
    -------
    DataFigure
        Its table has a row for each case and lag: growth, k·log ρ, the exact growth, the two quantiles, and
        whether the sign is another; NaN where a case has no such number.

    Examples
    --------
    >>> import rhoscope as rs
    >>> figure = rs.plots.counterexamples(rs.counterexamples())
    """
    rows = math.ceil(len(found) / _COLUMNS)
    figure = DataFigure(DOUBLE, 0.6 + 1.55 * rows)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes in panels[len(found) :]:
        axes.remove()
    columns: dict[str, list[Any]] = {}
    for axes, case in zip(panels, found, strict=False):
        shown = _numbers(case)
        _draw(axes, case, shown)
        for name, values in shown.items():
            columns.setdefault(name, []).extend(values)
    for place, axes in enumerate(panels[: len(found)]):
        last_in_column = place + _COLUMNS >= len(found)
        dress(axes, "lag k" if last_in_column else "", "log growth $G_k$" if place % _COLUMNS == 0 else "")
        axes.tick_params(labelsize=SMALL)
    figure.align_ylabels()
    figure.legend_below(*panels[: len(found)], columns=5)
    figure.entitle(
        "Where a naive reading of the eigenvalue criterion is wrong",
        "growth of ∂L/∂h or ∂L/∂x over the lag, natural logarithms",
    )
    figure.tabulate(**columns)
    return figure


def _numbers(case: "Counterexample") -> dict[str, Any]:
    """What one panel shows, a row a lag."""
    lags = np.arange(case.log_growth.size)
    nothing = np.full(lags.size, np.nan)
    low, high = nothing, nothing
    if len(case.path_growth) > 1:
        low, high = np.quantile(case.path_growth, _QUANTILES, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        line = np.where(lags == 0, 0.0, lags * np.log(case.spectral_radius))
    return {
        "case": [case.name] * lags.size,
        "lag": lags,
        "log_growth": case.log_growth,
        "lag_times_log_radius": line,
        "exact": nothing if case.system.exact is None else case.system.exact,
        "quantile_5": low,
        "quantile_95": high,
        "other_sign": case.disagrees,
    }


def _draw(axes: Axes, case: "Counterexample", shown: dict[str, Any]) -> None:
    lags, growth = shown["lag"], _drawable(shown["log_growth"])
    axes.fill_between(
        lags,
        0,
        1,
        where=shown["other_sign"],
        step="mid",
        transform=axes.get_xaxis_transform(),
        color=ORANGE,
        alpha=0.22,
        lw=0,
        label="sign of $G_k$ is not that of log ρ",
    )
    if np.isfinite(shown["quantile_5"]).any():
        axes.fill_between(
            lags,
            shown["quantile_5"],
            shown["quantile_95"],
            color=BLUE,
            alpha=0.25,
            lw=0,
            label="90 % of paths",
        )
    axes.plot(lags, growth, color=BLUE, lw=1.4, label="gradient, computed")
    line = _drawable(shown["lag_times_log_radius"])
    axes.plot(lags, line, "--", color=BLACK, lw=0.8, label="k log ρ, ρ computed")
    if case.system.exact is not None:
        axes.plot(
            lags, _drawable(shown["exact"]), ":", color=VERMILION, lw=1.6, label="gradient, exact or typical"
        )
    exact = case.log_growth if case.system.exact is None else case.system.exact
    zeros = np.flatnonzero(np.isneginf(exact))
    if zeros.size:
        axes.set_ylim(bottom=-0.2 * np.nanmax(growth))  # room for the words below the curves
        axes.text(
            0.98, 0.04, f"exact: 0 from k = {zeros[0]}", transform=axes.transAxes, ha="right", fontsize=SMALL
        )
    axes.axhline(0, color=BLACK, lw=0.4)
    axes.set_title(f"{case.system.title}\nnaive: {case.reading}", fontsize=SMALL, loc="left", pad=3)
    axes.set_xlim(0, lags[-1])
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _drawable(values: np.ndarray) -> np.ndarray:
    """An exact zero has no logarithm to draw."""
    return np.where(np.isfinite(values), values, np.nan)
