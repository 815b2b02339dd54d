"""What all figures share: size, type, colours, and the numbers kept beside them."""

import csv
import io
import math
import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator, ScalarFormatter
from matplotlib.transforms import ScaledTranslation

from rhoscope.errors import ArgumentError, StoreError

SINGLE, DOUBLE = 3.4, 7.0
"""Widths of one and of two journal columns, in inches."""

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Colours told apart by all readers (Okabe and Ito, 2008)."""

GREY = "#7F7F7F"

_TITLE, _LABEL, SMALL = 7.5, 8.0, 6.5
_DPI, _NOTEBOOK_DPI = 300, 150
_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"pil_kwargs": {"compress_level": 3}}
}  # a tenth larger than at 6, in two thirds of the time
_COLUMNS_AN_INCH = 17.7
"""Characters of a title."""

_LOG_FARTHEST = 690.0
"""Radii are drawn from 1e-300 to 1e300: closer to the ends of float64 Matplotlib's own sums would leave it."""

_LEGEND: dict[str, Any] = {
    "fontsize": SMALL,
    "title_fontsize": SMALL,
    "frameon": False,
    "handlelength": 1.6,
    "columnspacing": 1.2,
}


class DataFigure(Figure):
    """A Matplotlib figure with the plotted numbers: `table` maps column names to arrays of one length."""

    def __init__(self, width: float, height: float):
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)  # one renderer, so that text measured by the layout is not measured again
        self.table: dict[str, np.ndarray] = {}

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """As of any figure; the layout is worked out here, for which Matplotlib would draw all of it twice."""
        engine = self.get_layout_engine()
        if engine is None:
            super().savefig(fname, **kwargs)
            return
        dpi, wanted = self.dpi, kwargs.get("dpi")
        try:
            self.dpi = wanted if isinstance(wanted, (int, float)) else dpi
            engine.execute(self)
            self.set_layout_engine(None)
            super().savefig(fname, **kwargs)
        finally:
            self.dpi = dpi
            self.set_layout_engine(engine)

    def _repr_png_(self) -> bytes:
        """The figure for a notebook, which by itself shows only those of pyplot."""
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=_NOTEBOOK_DPI)
        return picture.getvalue()

    def entitle(self, title: str, subject: str) -> None:
        """Put a title and, below it, what it is about, over the whole figure, broken at commas alone."""
        columns = int(_COLUMNS_AN_INCH * self.get_figwidth())
        lines = [*textwrap.wrap(title, columns), *_at_commas(subject, columns)]
        self.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=_TITLE, linespacing=1.3)

    def legend_below(self, *panels: Axes, columns: int, title: str | None = None) -> None:
        """Put one legend of some panels below the figure, where no data can be."""
        entries: dict[str, Any] = {}
        for axes in panels:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                entries.setdefault(label, handle)
        self.legend(
            entries.values(),
            entries.keys(),
            title=title,
            loc="outside lower center",
            ncols=columns,
            **_LEGEND,
        )

    def tabulate(self, **columns: Any) -> None:
        """Keep the plotted numbers, one keyword a column."""
        self.table = {name: np.asarray(values) for name, values in columns.items()}


def save(figure: Figure, path: str | os.PathLike[str], formats: Iterable[str] | None = None) -> list[Path]:
    """Write a figure in some formats, and the plotted numbers beside it as CSV.

    Parameters
    ----------
    figure
        What a function of `rhoscope.plots` returned.
    path
        Where to, without suffix; missing folders are made.
    formats
        Suffixes that Matplotlib can write, such as "png", "pdf", "svg"; by default PNG.

    Returns
    -------
    list of Path
        The files written, PATH.csv last.

    Raises
    ------
    ArgumentError
        If Matplotlib cannot write a format.
    StoreError
        If a file cannot be written.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> figure = rs.plots.growth_fan(rs.run(study))
    >>> [path.name for path in rs.plots.save(figure, "figures/fan", formats=["png"])]
    ['fan.png', 'fan.csv']
    """
    formats = ("png",) if formats is None else tuple(formats)
    known = figure.canvas.get_supported_filetypes()
    for suffix in formats:
        if suffix not in known:
            raise ArgumentError(f"formats: got {suffix!r}; give one of {', '.join(sorted(known))}")
    base = Path(path)
    written = [base.with_name(f"{base.name}.{suffix}") for suffix in formats]
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        for suffix, target in zip(formats, written, strict=True):
            # In memory first: where a disk is full, some formats fail in other ways than the disk did.
            picture = io.BytesIO()
            figure.savefig(picture, format=suffix, dpi=_DPI, **_OPTIONS.get(suffix, {}))
            target.write_bytes(picture.getbuffer())
        if isinstance(figure, DataFigure):
            written.append(base.with_name(f"{base.name}.csv"))
            _write_csv(written[-1], figure.table)
    except OSError as error:
        raise StoreError(
            f"path: cannot write {os.fspath(base)!r} ({error}); give a folder that is writable and has room"
        ) from error
    return written


def dress(axes: Axes, xlabel: str, ylabel: str) -> None:
    """Label axes, and draw only the frame that carries ticks."""
    axes.set_xlabel(xlabel, fontsize=_LABEL)
    axes.set_ylabel(ylabel, fontsize=_LABEL)
    axes.tick_params(labelsize=7, width=0.6, length=2.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_linewidth(0.6)


def caption(axes: Axes, subject: str, width: float, columns: int, legend: str) -> None:
    """Say over a panel, `width` inches wide, what it is about, and put its legend below it."""
    lines = _at_commas(subject, int(_COLUMNS_AN_INCH * width))
    axes.set_title("\n".join(lines), fontsize=_TITLE, loc="left", linespacing=1.3)
    # Below the label of the axis, whose size does not depend on that of the panel.
    below = ScaledTranslation(0, -0.4, axes.figure.dpi_scale_trans)
    axes.legend(
        title=legend,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=axes.transAxes + below,
        ncols=columns,
        **_LEGEND,
    )


def radius_ends(low: float, high: float) -> tuple[float, float]:
    """Ends of a logarithmic axis of radii, as logarithms: apart, and within range."""
    return (
        min(max(low, -_LOG_FARTHEST), _LOG_FARTHEST - 0.02),
        max(min(high, _LOG_FARTHEST), 0.02 - _LOG_FARTHEST),
    )


def radius_axis(axes: Axes, ends: tuple[float, float]) -> None:
    """Make x logarithmic between two `radius_ends`, with plain round numbers, as radii span less than a decade."""
    # The ends come first: from data near the ends of its range Matplotlib would go beyond that to seek its own.
    axes.set_xlim(math.exp(ends[0]), math.exp(ends[1]))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())


def lag_axis(axes: Axes, lags: Sequence[int]) -> None:
    """Make x logarithmic for lags, all of which it spans even where nothing is drawn."""
    axes.update_datalim([(lag, 0.0) for lag in lags], updatey=False)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    label_powers(axes.xaxis)


def label_powers(axis: Axis) -> None:
    """Label powers of ten in full as long as they are short, which takes no typesetting."""
    axis.set_major_formatter(FuncFormatter(_power))


def _power(value: float, _: int | None = None) -> str:
    sign = "−" if value < 0 else ""
    if 1e-2 < abs(value) < 1e5 or value == 0:
        return f"{sign}{abs(value):,.6g}"
    exponent = math.log10(abs(value))
    return f"${sign}10^{{{exponent:.4g}}}$"


def _at_commas(subject: str, columns: int) -> list[str]:
    """Lines of at most so many characters, broken at commas alone."""
    whole = subject.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return textwrap.wrap(whole, columns)


def _write_csv(path: Path, table: Mapping[str, np.ndarray]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
