"""Figures of a result and its verdict; the only part of rhoscope that imports Matplotlib.

Every function returns a `DataFigure`, a Matplotlib figure that carries the numbers it shows; `save` writes
both. Sizes are a journal's, 3.4 or 7 inches wide, with type that stays legible there and on a projector.
"""

from rhoscope.plots.canvas import DataFigure, save
from rhoscope.plots.cloud import eigenvalue_cloud
from rhoscope.plots.fan import growth_fan
from rhoscope.plots.gallery import all_figures
from rhoscope.plots.lines import predictors_vs_lag
from rhoscope.plots.multiples import counterexamples
from rhoscope.plots.scatter import gradient_vs_radius
from rhoscope.plots.sharpening import transition, transition_vs_gain

__all__ = [
    "DataFigure",
    "all_figures",
    "counterexamples",
    "eigenvalue_cloud",
    "gradient_vs_radius",
    "growth_fan",
    "predictors_vs_lag",
    "save",
    "transition",
    "transition_vs_gain",
]
