"""The counterexamples as text of at most 100 columns and as HTML."""

import html
import math
import textwrap
from typing import TYPE_CHECKING

from rhoscope.text_table import TextTable

if TYPE_CHECKING:
    from rhoscope.falsification import Counterexample, Falsification

_WIDTH = 100
_HEADLINE = "Where a naive reading of the eigenvalue criterion is wrong, and for how long"
_LEGEND = (
    "G_k = log(‖gradient at lag k‖/‖gradient at lag 0‖), T the longest lag; ρ is computed, with its bounds. Foretold "
    "from the bounds and observed at T, indeterminate within a factor of 10. Agrees: the lag from which on the "
    "sign of G_k is that of log ρ. Height and length of the transient: the largest G_k of another sign, and the "
    "number of lags that have another sign."
)


def as_text(found: "Falsification") -> str:
    """The headline, the table, and a paragraph a case."""
    table = _table(found).as_text()
    paragraphs = [
        textwrap.fill(f"{case.name}: {_remark(case)}", _WIDTH, subsequent_indent="  ") for case in found
    ]
    return "\n".join([table, "", textwrap.fill(_LEGEND, _WIDTH), "", *paragraphs])


def as_html(found: "Falsification") -> str:
    """The same as HTML, for a notebook."""
    items = "".join(
        f"<li><b>{html.escape(case.name)}</b>: {html.escape(_remark(case))}</li>" for case in found
    )
    return f"{_table(found).as_html()}<p>{html.escape(_LEGEND)}</p><ul>{items}</ul>"


def _table(found: "Falsification") -> TextTable:
    rows = [
        (
            case.name,
            f"{case.log_growth.size - 1:,}",
            _radius(case),
            case.predicted,
            case.observed,
            _number(case.log_growth[-1]),
            "never" if case.agrees_from is None else f"{case.agrees_from:,}",
            _number(case.transient.height),
            f"{case.transient.length:,}",
        )
        for case in found
    ]
    header = ("case", "T", "ρ [low, high]", "foretold", "observed", "G_T", "agrees", "height", "length")
    return TextTable(_HEADLINE, header, rows)


def _remark(case: "Counterexample") -> str:
    """Why, what a naive reader expects, and what else is to be said of this case."""
    parts = [case.system.why, f"Naive reading: {case.reading}, {_wrong(case)}."]
    low, high = case.step_rate
    if low < 0.0 < high and case.interval is None:
        parts.append(
            f"Over the last half of the lags the rate of one step runs from {_number(low)} to {_number(high)}; "
            f"log ρ is {_number(math.log(case.spectral_radius))}."
        )
    if case.interval is not None:
        theory = "" if case.system.exact is None else f", {_number(case.system.exact[-1])} in theory"
        bounds = f"[{_number(case.interval.low)}, {_number(case.interval.high)}]"
        parts.append(f"G_T has a 95 % interval of {bounds}{theory}.")
    elif case.system.exact is not None:
        parts.append(f"In exact arithmetic G_T = {_number(case.system.exact[-1])}.")
    return " ".join(parts)


def _wrong(case: "Counterexample") -> str:
    if case.wrong.size == 0:
        return "wrong at no lag"
    first, last, count = int(case.wrong[0]), int(case.wrong[-1]), case.wrong.size
    gaps = "" if count == last - first + 1 else f" ({count:,} of them)"
    return f"wrong at lags {first:,} to {last:,}{gaps}"


def _radius(case: "Counterexample") -> str:
    """ρ to three digits, and its bounds where they differ from it."""
    shown = [f"{value:.3g}" for value in (case.spectral_radius, case.radius_low, case.radius_high)]
    if len(set(shown)) == 1:
        return shown[0]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]".replace("inf", "∞").replace("e+", "e")


def _number(value: float) -> str:
    return f"{value:.3g}".replace("inf", "∞").replace("-", "−")
