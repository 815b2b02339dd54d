"""Every figure of a study at once."""

from typing import TYPE_CHECKING

from rhoscope.plots.canvas import DataFigure
from rhoscope.plots.cloud import eigenvalue_cloud
from rhoscope.plots.fan import growth_fan
from rhoscope.plots.lines import predictors_vs_lag
from rhoscope.plots.scatter import gradient_vs_radius
from rhoscope.plots.sharpening import transition, transition_vs_gain
from rhoscope.verdict import criterion

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.verdict import Verdict


def all_figures(
    result: "Result", verdict: "Verdict | None" = None, *, lag: int | None = None
) -> dict[str, DataFigure]:
    """Draw every figure of a result.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read.
    verdict
        Its verdict, whose band the figures take over; by default that of `rhoscope.criterion`.
    lag
        The lag of `gradient_vs_radius`; by default the longest.

    Returns
    -------
    dict of str to DataFigure
        By the name of the function that draws it; `transition_vs_gain` only where samples differ in gain.

    Raises
    ------
    ArgumentError
        If the study did not record the lag.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> sorted(rs.plots.all_figures(rs.run(study)))[:2]
    ['eigenvalue_cloud', 'gradient_vs_radius']
    """
    verdict = criterion(result) if verdict is None else verdict
    figures = {
        "gradient_vs_radius": gradient_vs_radius(result, lag, band=verdict.band),
        "growth_fan": growth_fan(result, band=verdict.band),
        "transition": transition(result, band=verdict.band),
        "predictors_vs_lag": predictors_vs_lag(verdict),
        "eigenvalue_cloud": eigenvalue_cloud(result),
    }
    if not verdict.constant_gain:
        figures["transition_vs_gain"] = transition_vs_gain(result, band=verdict.band)
    return figures
