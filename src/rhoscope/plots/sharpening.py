"""The share of exploding gradients against spectral radius and against gain, sharpening with the horizon."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from rhoscope import theory
from rhoscope.errors import ArgumentError
from rhoscope.intervals import share
from rhoscope.observations import RADIUS, Observations, half_width
from rhoscope.plots.canvas import BLACK, GREY, SINGLE, DataFigure, dress, radius_axis, radius_ends
from rhoscope.theory.calibration import tabulated_gains
from rhoscope.verdict_text import study_line

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.study import Study

_CURVES = 5
_BINS = 40
_FEWEST = 50
"""Samples in a bin, at least."""

_Point = tuple[float, int, int, float, float, float]
"""Of a bin: its place, samples, how many explode, and their share with its interval."""


def transition(
    results: "Result | Sequence[Result]",
    lags: Sequence[int] | None = None,
    *,
    band: float = math.log(10),
) -> DataFigure:
    """Draw the share of samples with G_k > c against ρ(A), a step at ρ = 1 that sharpens with the lag k.

    Bins hold 50 samples or more and are finest around each lag's step; bands are 95 % intervals. A dotted
    line marks the ρ = exp(c/k) past which the criterion foretells an explosion.

    Parameters
    ----------
    results
        One result, drawn at several lags; or several, as from a sweep, each drawn at its horizon.
    lags
        The lags k for each result; by default up to five for one result, spread evenly in log k.
    band
        c, half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    DataFigure
        Its table has a row for each curve and bin: median ρ, samples, how many explode, share and interval.

    Raises
    ------
    ArgumentError
        If there is no result, or a study did not record a lag.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.transition(rs.run(study), lags=[8, 64])
    """
    several = list(results) if isinstance(results, Sequence) else [results]
    if not several:
        raise ArgumentError("results: got none; give one result or several")
    alone, band = len(several) == 1, half_width(band)
    curves: list[tuple[Observations, int]] = []
    for result in several:
        seen = Observations(result)
        chosen = _chosen(lags, _spread(seen.lags) if alone else seen.lags[-1:])
        curves += [(seen, lag) for lag in chosen]

    figure = DataFigure(SINGLE, 3.0)
    axes = figure.subplots()
    rows: list[tuple[int, int, float, int, int, float, float, float]] = []
    for (seen, lag), colour in zip(curves, _colours(len(curves)), strict=True):
        log_radius = seen.logs[RADIUS]
        bins = _radius_bins(log_radius, band / lag)
        points = _curve(np.exp(log_radius), seen.growth(lag) > band, bins)
        rows += [(seen.study.size, lag, *point) for point in points]
        _draw(axes, points, colour, f"{lag:,}" if alone else f"n = {seen.study.size}, k = {lag:,}")
        axes.axvline(math.exp(band / lag), color=colour, lw=0.8, ls=":")
    axes.plot([], [], ":", color=GREY, lw=0.8, label="exp(c/k)")
    axes.axvline(1, color=BLACK, lw=0.6)
    radius_axis(axes, _stretch(*np.array([(row[2], row[5]) for row in rows]).T))
    axes.set_ylim(-0.02, 1.02)
    dress(axes, "spectral radius ρ(A)", f"share with $G_k$ > {band:.3g}")
    figure.legend_below(axes, columns=6 if alone else 3, title="lag k" if alone else None)
    subject = study_line(several[0].study) if alone else f"{len(several)} studies, each at its horizon"
    figure.entitle("Exploding gradients against the spectral radius", subject)
    names = ("size", "lag", "spectral_radius", "samples", "explode", "share", "low", "high")
    figure.tabulate(**dict(zip(names, zip(*rows, strict=True), strict=True)))
    return figure


def transition_vs_gain(
    result: "Result", lags: Sequence[int] | None = None, *, band: float = math.log(10)
) -> DataFigure:
    """Draw the share of samples with G_k > c against the gain g, and P(ρ > 1), to which it tends as k grows.

    The limit is no step: at one gain the matrices of a size have different ρ. It is drawn for Ginibre matrices,
    complex ones by Kostlan's exact law and real ones up to n = 128 by the table of
    `rhoscope.theory.calibrated_gain`. Bins hold 50 samples or more; bands are 95 % intervals.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read, of a study over a range of gains.
    lags
        The lags k; by default up to five, spread evenly in log k.
    band
        c, half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    DataFigure
        Its table has a row for each lag and bin: median gain, samples, how many explode, their share and
        interval, and P(ρ > 1) at that gain, NaN where no law is known.

    Raises
    ------
    ArgumentError
        If all samples have one gain, or the study did not record a lag.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.transition_vs_gain(rs.run(study), lags=[8, 64])
    """
    seen, band = Observations(result), half_width(band)
    if seen.constant_gain:
        alone = math.exp(seen.log_gain[0])
        raise ArgumentError(f"result: got the gain {alone:g} alone; one over a range would do")
    chosen = _chosen(lags, _spread(seen.lags))
    gain = np.exp(seen.log_gain)
    bins = np.array_split(np.argsort(gain), min(_BINS, max(1, gain.size // _FEWEST)))
    limit = _share_above_one(seen.study, np.array([gain[members[members.size // 2]] for members in bins]))

    figure = DataFigure(SINGLE, 3.0)
    axes = figure.subplots()
    rows: list[tuple[float, ...]] = []
    for lag, colour in zip(chosen, _colours(len(chosen)), strict=True):
        points = _curve(gain, seen.growth(lag) > band, bins)
        rows += [(lag, *point, above) for point, above in zip(points, limit.tolist(), strict=True)]
        _draw(axes, points, colour, f"{lag:,}")
    if np.isfinite(limit).any():
        axes.plot([row[1] for row in rows[: len(bins)]], limit, "--", color=BLACK, lw=1, label="P(ρ > 1)")
    axes.set_ylim(-0.02, 1.02)
    dress(axes, "gain g", f"share with $G_k$ > {band:.3g}")
    figure.legend_below(axes, columns=6, title="lag k")
    figure.entitle("Exploding gradients against the gain", study_line(seen.study))
    names = ("lag", "gain", "samples", "explode", "share", "low", "high", "limit")
    figure.tabulate(**dict(zip(names, zip(*rows, strict=True), strict=True)))
    return figure


def _share_above_one(study: "Study", gain: np.ndarray) -> np.ndarray:
    """P(ρ > 1) at each gain, NaN where no law is known, or where a fresh A at every step leaves ρ no say."""
    kind = study.ensemble.kind if study.mode == "fixed" else None
    if kind == "ComplexGinibre":
        return 1.0 - theory.kostlan_cdf(1.0 / gain, study.size)
    if kind == "RealGinibre":
        try:
            below, gains = tabulated_gains(study.size)
        except ArgumentError:  # a size beyond the table
            return np.full(gain.shape, np.nan)
        return 1.0 - np.interp(gain, gains[::-1], below[::-1])
    return np.full(gain.shape, np.nan)


def _colours(count: int) -> np.ndarray:
    return colormaps["viridis"](np.linspace(0, 0.88, count))


def _draw(axes: Axes, points: list[_Point], colour: np.ndarray, label: str) -> None:
    place, _, _, middle, low, high = np.array(points).T
    axes.fill_between(place, low, high, color=colour, alpha=0.3, lw=0)
    axes.plot(place, middle, ".-", color=colour, lw=1.2, markersize=2.5, label=label)


def _chosen(lags: Sequence[int] | None, default: Sequence[int]) -> Sequence[int]:
    if lags is not None and not len(lags):
        raise ArgumentError(f"lags: got {lags!r}; give one lag or several, or None")
    return default if lags is None else lags


def _spread(lags: Sequence[int]) -> list[int]:
    """Up to five lags, evenly spread over the longer half of the logarithmic scale, and the longest."""
    wanted = lags[-1] ** np.linspace(0.4, 1, _CURVES)
    return sorted({min(lags, key=lambda lag: abs(math.log(lag / target))) for target in wanted})


def _curve(places: np.ndarray, explodes: np.ndarray, bins: Sequence[np.ndarray]) -> list[_Point]:
    """A point for each bin, at the median of its places; bins index samples in ascending order of place."""
    points = []
    for members in bins:
        count = int(explodes[members].sum())
        found = share(count, members.size)
        middle = float(places[members[members.size // 2]])
        points.append((middle, members.size, count, found.value, found.low, found.high))
    return points


def _radius_bins(log_radius: np.ndarray, unit: float) -> list[np.ndarray]:
    """Samples of like ρ, in finer bins from −unit to 2·unit, where the step is."""
    order = np.argsort(log_radius)
    cuts = np.searchsorted(log_radius[order], [-unit, 2 * unit])
    bins: list[np.ndarray] = []
    for piece in np.split(order, cuts):
        for part in np.array_split(piece, min(_BINS, max(1, piece.size // _FEWEST))):
            if bins and min(part.size, bins[-1].size) < _FEWEST:
                bins[-1] = np.concatenate([bins[-1], part])
            else:
                bins.append(part)
    return bins


def _stretch(radii: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Ends of the log ρ axis: where shares lie between 0 and 1, and half as much again on either side."""
    between = radii[(shares > 0.01) & (shares < 0.99) & (radii > 0)]
    ends = np.log([1.0, *(between if between.size else radii[radii > 0])])
    margin = max(0.5 * (ends.max() - ends.min()), 0.01)
    return radius_ends(float(ends.min() - margin), float(ends.max() + margin))
