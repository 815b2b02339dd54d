"""How gradients grow or shrink with the lag, for slow and fast matrices."""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps

from rhoscope.observations import RADIUS, Observations
from rhoscope.plots.canvas import GREY, SINGLE, DataFigure, dress, lag_axis
from rhoscope.verdict_text import study_line

if TYPE_CHECKING:
    from rhoscope.result import Result

_GROUPS = 5
_QUANTILES = 0.05, 0.25, 0.5, 0.75, 0.95


def growth_fan(result: "Result", *, band: float = math.log(10)) -> DataFigure:
    """Draw the growth G_k against the lag k for five equal groups of samples, by their ρ(A).

    Each group has its median, a band from the 25 % to the 75 % quantile, and a paler one from 5 % to 95 %.
    The vertical scale is linear within the indeterminate band and logarithmic beyond.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read.
    band
        Half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    DataFigure
        Its table has a row for each group and lag: the group's range of ρ and the five quantiles of G_k.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.growth_fan(rs.run(study))
    """
    seen = Observations(result)
    radius = np.exp(seen.logs[RADIUS])
    groups = [group for group in np.array_split(np.argsort(radius), _GROUPS) if group.size]
    quantiles = np.empty((len(groups), len(seen.lags), len(_QUANTILES)))
    for place, lag in enumerate(seen.lags):
        growth = seen.growth(lag)
        for row, group in enumerate(groups):
            # Order statistics as they are: interpolating next to -inf would give NaN.
            quantiles[row, place] = np.quantile(growth[group], _QUANTILES, method="inverted_cdf")

    figure = DataFigure(SINGLE, 3.3)
    axes = figure.subplots()
    axes.axhspan(-band, band, color=GREY, alpha=0.25, lw=0, zorder=0)
    colours = colormaps["viridis"](np.linspace(0, 0.88, len(groups)))
    for group, colour, rows in zip(groups, colours, quantiles, strict=True):
        low, inner_low, middle, inner_high, high = np.where(np.isfinite(rows), rows, np.nan).T
        axes.fill_between(seen.lags, low, high, color=colour, alpha=0.2, lw=0)
        axes.fill_between(seen.lags, inner_low, inner_high, color=colour, alpha=0.4, lw=0)
        label = f"{radius[group[0]]:.2f} to {radius[group[-1]]:.2f}"
        axes.plot(seen.lags, middle, color=colour, lw=1.3, label=label)
    lag_axis(axes)
    axes.set_yscale("symlog", linthresh=band, linscale=1.2)
    dress(axes, "lag k = T − t", "log growth $G_k$ (natural)")
    figure.legend_below(axes, columns=3, title="ρ(A)")
    figure.entitle("Gradient growth against lag: median, 50 % and 90 % bands", study_line(result.study))
    sizes = [group.size for group in groups]
    ranges = [(radius[group[0]], radius[group[-1]]) for group in groups]
    low, high = np.repeat(ranges, len(seen.lags), axis=0).T
    named = {
        f"quantile_{100 * q:.0f}": quantiles[:, :, column].ravel() for column, q in enumerate(_QUANTILES)
    }
    figure.tabulate(
        radius_from=low,
        radius_to=high,
        lag=np.tile(seen.lags, len(groups)),
        samples=np.repeat(sizes, len(seen.lags)),
        **named,
    )
    return figure
