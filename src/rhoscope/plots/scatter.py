"""Gradient norm against spectral radius, with what theory says."""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm

from rhoscope.observations import RADIUS, Observations, half_width
from rhoscope.plots.canvas import (
    BLUE,
    GREY,
    SINGLE,
    SMALL,
    VERMILION,
    DataFigure,
    dress,
    label_powers,
    radius_axis,
    radius_ends,
)
from rhoscope.verdict_text import study_line

if TYPE_CHECKING:
    from rhoscope.result import Result

_MANY = 5000
"""Samples past which cells are counted instead of points drawn."""

_CELLS = 110, 70


def gradient_vs_radius(result: "Result", lag: int | None = None, *, band: float = math.log(10)) -> DataFigure:
    """Draw the growth G_k against ρ(A), with the line k·log ρ and the band in which G_k is indeterminate.

    The lower panel holds G_k − k·log ρ, what the spectral radius leaves unexplained. Past 5,000 samples the
    figure shows how many fall into each cell.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read.
    lag
        k, one of `result.lags`; by default the longest.
    band
        Half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    DataFigure
        Its table has the samples' ρ and G_k, or cells with their centres and counts.

    Raises
    ------
    ArgumentError
        If the study did not record the lag.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.gradient_vs_radius(rs.run(study), lag=64)
    """
    seen, band = Observations(result), half_width(band)
    lag = seen.lags[-1] if lag is None else lag
    growth, log_radius = seen.growth(lag), seen.logs[RADIUS]
    drawn = np.isfinite(growth) & np.isfinite(log_radius)
    growth, log_radius = growth[drawn], log_radius[drawn]
    excess = growth - lag * log_radius

    figure = DataFigure(SINGLE, 3.9)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    if growth.size > _MANY:
        _draw_cells(figure, (upper, lower), log_radius, growth, excess)
    else:
        for axes, height in ((upper, growth), (lower, excess)):
            axes.plot(
                np.exp(log_radius), height, ".", color=BLUE, markersize=2, alpha=0.4, mew=0, rasterized=True
            )
        figure.tabulate(spectral_radius=np.exp(log_radius), log_growth=growth)
    for axes in (upper, lower):
        axes.axhspan(-band, band, color=GREY, alpha=0.3, lw=0, zorder=0, label=f"indeterminate, ±{band:.3g}")
    ends = _limits(log_radius)
    upper.plot(np.exp(ends), lag * np.array(ends), ls="--", color=VERMILION, lw=0.8, label="k log ρ")
    lower.axhline(0, ls="--", color=VERMILION, lw=0.8)
    radius_axis(lower, ends)
    dress(upper, "", f"log growth $G_k$ at lag k = {lag:,}")
    dress(lower, "spectral radius ρ(A)", "$G_k$ − k log ρ")
    figure.legend_below(upper, columns=2)
    if not drawn.all():
        hidden = f"{(~drawn).sum():,} with ρ or gradient exactly 0 not shown"
        upper.text(0.98, 0.03, hidden, transform=upper.transAxes, ha="right", fontsize=SMALL)
    figure.entitle("Gradient growth (natural log) against spectral radius", study_line(result.study))
    return figure


def _draw_cells(
    figure: DataFigure,
    panels: tuple[Axes, Axes],
    log_radius: np.ndarray,
    growth: np.ndarray,
    excess: np.ndarray,
) -> None:
    """Count samples on a grid even in log ρ, and keep the upper panel's counts."""
    counted = [np.histogram2d(log_radius, height, bins=_CELLS) for height in (growth, excess)]
    norm = LogNorm(1, max(counts.max() for counts, _, _ in counted))
    for axes, (counts, x, y) in zip(panels, counted, strict=True):
        shown = np.ma.masked_equal(counts.T, 0)
        axes.pcolormesh(np.exp(x), y, shown, norm=norm, cmap="viridis", rasterized=True)
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=panels, aspect=45, pad=0.02)
    label_powers(bar.ax.yaxis)
    bar.set_label("samples per cell", fontsize=7)
    bar.ax.tick_params(labelsize=SMALL, width=0.6, length=2)
    bar.outline.set_linewidth(0.6)  # pyright: ignore[reportCallIssue]
    counts, x, y = counted[0]
    across, up = np.nonzero(counts)
    figure.tabulate(
        spectral_radius=np.exp((x[across] + x[across + 1]) / 2),
        log_growth=(y[up] + y[up + 1]) / 2,
        samples=counts[across, up].astype(int),
    )


def _limits(log_radius: np.ndarray) -> tuple[float, float]:
    """Ends of the log ρ axis, apart even where all radii are equal or none is positive."""
    low, high = (float(log_radius.min()), float(log_radius.max())) if log_radius.size else (0.0, 0.0)
    margin = max(0.02 * (high - low), 0.01)
    return radius_ends(low - margin, high + margin)
