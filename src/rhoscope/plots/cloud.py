"""Eigenvalues in the plane, with the unit circle and what theory says."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from rhoscope.errors import ArgumentError
from rhoscope.plots.canvas import BLACK, BLUE, ORANGE, SINGLE, VERMILION, DataFigure, dress
from rhoscope.verdict_text import study_line

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.study import Study

_EIGENVALUES = 6400
"""About how many are drawn by default: enough to see the law, in a fraction of a second."""


def eigenvalue_cloud(result: "Result", samples: int | None = None) -> DataFigure:
    """Draw the eigenvalues of the first matrices of a study, drawn again from the generator.

    The solid circle is |λ| = 1, the boundary of the criterion; dashed is the support that theory predicts for
    n → ∞, at the lowest and the highest gain. The leading eigenvalue of each matrix is marked.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read.
    samples
        How many matrices, from sample 0 on; by default as many as give about 6,400 eigenvalues.

    Returns
    -------
    DataFigure
        Its table has a row for each eigenvalue: sample, real and imaginary part.

    Raises
    ------
    ArgumentError
        If `samples` is not between 1 and the samples of the study, or no matrix drawn is finite.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.eigenvalue_cloud(rs.run(study), samples=50)
    """
    study = result.study
    if samples is None:
        samples = min(study.samples, math.ceil(_EIGENVALUES / study.size))
    if not 1 <= samples <= study.samples:
        raise ArgumentError(f"samples: got {samples!r}; give a number from 1 to {study.samples}")
    matrices = study.ensemble.sample(study.size, samples, seed=study.seed, gain=study.gain)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    if not finite.any():
        raise ArgumentError(f"samples: got {samples!r}, all with NaN or Inf; give more")
    values = np.linalg.eigvals(matrices[finite]).astype(complex)
    leading = np.take_along_axis(values, abs(values).argmax(axis=1, keepdims=True), axis=1)[:, 0]

    figure = DataFigure(SINGLE, 3.65)
    axes = figure.subplots()
    _draw_points(axes, values.ravel(), color=BLUE, markersize=2, alpha=0.4)
    both = np.concatenate([leading, leading.conj()]) if np.isrealobj(matrices) else leading
    _draw_points(axes, both, color=VERMILION, markersize=3.5, label="leading")
    _draw_ellipse(axes, 1, 1, color=BLACK, lw=1, label="|λ| = 1")
    for place, gain in enumerate(dict.fromkeys(study.gain)):
        _draw_support(axes, study, gain, "predicted for n → ∞" if place == 0 else None)
    axes.set_aspect("equal")
    dress(axes, "Re λ", "Im λ")
    figure.legend_below(axes, columns=4)
    figure.entitle(f"Eigenvalues of samples 0 to {samples - 1:,}", study_line(study))
    index = np.repeat(np.flatnonzero(finite), values.shape[1])
    figure.tabulate(sample=index, real=np.real(values).ravel(), imaginary=np.imag(values).ravel())
    return figure


def _draw_support(axes: Axes, study: "Study", gain: float, label: str | None) -> None:
    """Outline what theory predicts at one gain: the support where it is known, else the radius alone."""
    support = study.ensemble.predicted_support(gain)
    radius = study.ensemble.predicted_radius(study.size, gain)
    style = {"color": ORANGE, "lw": 1.2, "ls": "--"}
    if support is not None:
        _draw_ellipse(axes, support.real, support.imaginary, label=label, **style)
        if support.hole:
            _draw_ellipse(axes, support.hole, support.hole, **style)
        if support.outliers:
            cross = {"marker": "x", "mew": 1, "markersize": 5, "zorder": 3, "label": label and "outlier"}
            _draw_points(axes, np.array(support.outliers, complex), color=BLACK, **cross)
    elif radius is not None:
        _draw_ellipse(axes, radius, radius, label=label, **style)


def _draw_ellipse(axes: Axes, real: float, imaginary: float, **style: Any) -> None:
    angle = np.linspace(0, 2 * math.pi, 361)
    axes.plot(real * np.cos(angle), imaginary * np.sin(angle), **style)


def _draw_points(axes: Axes, values: np.ndarray, **style: Any) -> None:
    settings = {"ls": "", "marker": ".", "mew": 0, "rasterized": True}
    axes.plot(np.real(values), np.imag(values), **settings | style)
