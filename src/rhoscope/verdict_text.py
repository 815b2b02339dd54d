"""A verdict as text of at most 100 columns and as HTML, both from the same few tables."""

import html
import math
import textwrap
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from rhoscope.intervals import NEAR_ONE, Estimate
from rhoscope.outcome import Outcome
from rhoscope.outcome_table import LABELS
from rhoscope.text_table import TextTable

if TYPE_CHECKING:
    from rhoscope.association import Association
    from rhoscope.lag_verdict import LagVerdict
    from rhoscope.study import Study
    from rhoscope.verdict import Verdict

_WIDTH = 100
_ROWS = 8
"""Lags shown; `to_dict` has all."""

SYMBOLS = {
    "spectral_radius": "ρ(A)",
    "frobenius_norm": "‖A‖_F/√n",
    "spectral_norm": "σ_max(A)",
    "numerical_radius": "w(A)",
    "gain": "gain g",
}
"""How each predictor is written."""


def ensemble_name(ensemble: Any) -> str:
    """The kind of an ensemble with its numbers, such as `Elliptic(tau=0.5)`."""
    values = {field.name: getattr(ensemble, field.name) for field in fields(ensemble)}
    numbers = [f"{key}={value:g}" for key, value in values.items() if isinstance(value, (int, float))]
    return ensemble.kind + (f"({', '.join(numbers)})" if numbers else "")


def study_line(study: "Study") -> str:
    """Ensemble, size, horizon, gain, number of samples and an unusual mode in one line."""
    low, high = study.gain
    mode = ", a fresh A each step, ρ of A₁" if study.mode == "fresh" else ""
    gain = f"gain {low:g}" if low == high else f"gain {low:g} to {high:g}"
    return (
        f"{ensemble_name(study.ensemble)}, n = {study.size}, {gain}, T = {study.horizon:,}, "
        f"N = {study.samples:,}{mode}"
    )


def percent(estimate: Estimate) -> str:
    """A share and its interval in per cent."""
    if math.isnan(estimate.value):
        return "–"
    value, low, high = (_hundredths(100 * part) for part in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def headline(verdict: "Verdict") -> str:
    """One sentence: how often the criterion is right at the longest lag, and on how many samples."""
    last = verdict.lags[-1]
    if last.decided.value == 0:
        return f"At lag {last.lag:,} no sample is decided: every prediction or gradient lies within the band."
    return (
        f"At lag {last.lag:,} the eigenvalue criterion is right for {percent(last.accuracy)} % of the "
        f"decided samples, and {percent(last.decided)} % are decided."
    )


def as_text(verdict: "Verdict") -> str:
    """The headline, what it rests on, and four tables."""
    blocks = [textwrap.fill(text, _WIDTH) for text in (headline(verdict), *_remarks(verdict))]
    return "\n".join(blocks) + "\n\n" + "\n\n".join(map(TextTable.as_text, _tables(verdict)))


def as_html(verdict: "Verdict") -> str:
    """The same as HTML, for a notebook."""
    head, *remarks = (html.escape(text) for text in (headline(verdict), *_remarks(verdict)))
    tables = "".join(map(TextTable.as_html, _tables(verdict)))
    return f"<p><b>{head}</b><br>{'<br>'.join(remarks)}</p>{tables}"


def _remarks(verdict: "Verdict") -> list[str]:
    remarks = [
        f"{study_line(verdict.study)}; {verdict.computed:,} samples computed. Indeterminate: growth within a "
        f"factor of {math.exp(verdict.band):.4g}. Brackets hold 95 % intervals."
    ]
    if verdict.study.mode == "fresh":
        remarks.append(
            "Every step has a fresh A with the gain of its sample. The predictors are of A₁, the matrix of the first "
            "step, which a gradient meets at lag T alone."
        )
    for name, count in verdict.outcomes.items():
        if count and Outcome[name] != Outcome.OK:
            remarks.append(f"{count:,} samples with outcome {name}: {Outcome[name].text}.")
    if verdict.zero_radius:
        remarks.append(
            f"{verdict.zero_radius:,} samples with ρ = 0, or not told from 0, count in ranks only."
        )
    zeros = verdict.lags[-1].zero_gradients
    if zeros:
        remarks.append(f"{zeros:,} gradients are exactly 0 at the longest lag and count in ranks only.")
    if verdict.constant_gain:
        remarks.append(
            "The gain is constant: raw and unit gain are one, and the gain alone foretells nothing."
        )
    return remarks


def _tables(verdict: "Verdict") -> list[TextTable]:
    chosen = sorted({round(place) for place in np.linspace(0, len(verdict.lags) - 1, _ROWS)})
    entries = [verdict.lags[place] for place in chosen]
    last = verdict.lags[-1]
    rates = _associations(entries, verdict.constant_gain)
    return [_outcomes(last), _accuracies(entries), rates, _predictors(last)]


def _outcomes(entry: "LagVerdict") -> TextTable:
    rows = [
        (f"{label} (predicted)", *(percent(cell) for cell in row))
        for label, row in zip(LABELS, entry.table.shares, strict=True)
    ]
    header = ("", *(f"{label} (observed)" for label in LABELS))
    return TextTable(f"Outcomes at lag {entry.lag:,}, % of samples", header, rows)


def _accuracies(entries: list["LagVerdict"]) -> TextTable:
    rows = [
        (
            f"{entry.lag:,}",
            _number(entry.median_growth),
            percent(entry.decided),
            percent(entry.accuracy),
            percent(entry.asymptotic.accuracy),
        )
        for entry in entries
    ]
    header = ("lag k", "median G_k", "decided %", "right %", "right % by sign")
    title = (
        "Growth G_k = log(‖∂L/∂h_{T−k}‖/‖∂L/∂h_T‖); the criterion at lag k, and by the sign of log ρ alone"
    )
    return TextTable(title, header, rows)


def _associations(entries: list["LagVerdict"], constant_gain: bool) -> TextTable:
    rows = []
    for entry in entries:
        plain, difference = entry["spectral_radius"].rate, entry.difference
        kinds = [("raw", plain.raw, difference.raw), ("unit", plain.unit_gain, difference.unit_gain)]
        for kind, rate, doubled in kinds[:1] if constant_gain else kinds:
            cells = (*_cells(rate), *_cells(doubled)[1:])
            rows.append((f"{entry.lag:,}" if kind == "raw" else "", kind, *cells))
    header = ("lag k", "gain", "Pearson", "Spearman", "slope", "Spearman of Δ", "slope of Δ")
    return TextTable("Growth rate G_k/k, and difference Δ = (G_2k − G_k)/k, against log ρ", header, rows)


def _predictors(entry: "LagVerdict") -> TextTable:
    rows = []
    for predictor in entry.predictors:
        raw, unit = predictor.rate.raw, predictor.rate.unit_gain
        row = (
            SYMBOLS[predictor.name],
            _correlation(unit.spearman) if unit else "–",
            _correlation(predictor.behind_radius) if predictor.behind_radius else "–",
            _correlation(raw.spearman) if raw else "–",
            _hundredths(100 * predictor.table.decided.value),
            percent(predictor.table.accuracy),
        )
        rows.append(row)
    header = ("predictor", "unit Spearman", "ρ's less it", "raw Spearman", "decided", "right %")
    return TextTable(f"Predictors at lag {entry.lag:,}, ranked at unit gain", header, rows)


def _cells(found: "Association | None") -> tuple[str, str, str]:
    if found is None:
        return "–", "–", "–"
    return _correlation(found.pearson), _correlation(found.spearman), _slope(found.slope)


def _hundredths(percent: float) -> str:
    """Two decimals at most, and 0 or 100 only where exactly so."""
    if 0 < percent < 0.01:
        return "<0.01"
    if 99.99 < percent < 100:
        return ">99.99"
    return f"{percent:.2f}".rstrip("0").rstrip(".")


def _correlation(estimate: Estimate) -> str:
    """Three decimals with the interval where there is one; past .999 only that it is past."""
    if math.isnan(estimate.value):
        return "–"
    if abs(estimate.value) > NEAR_ONE:
        return "> .999" if estimate.value > 0 else "< −.999"
    if math.isnan(estimate.low):
        return _decimals(estimate.value)
    return f"{_decimals(estimate.value)} [{_decimals(estimate.low)}, {_decimals(estimate.high)}]"


def _slope(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "–"
    half = estimate.high - estimate.value
    if math.isnan(half):
        return f"{estimate.value:.4f}".replace("-", "−")
    digits = 4 if half < 0.1 else 2
    return f"{estimate.value:.{digits}f}±{half:.{digits}f}".replace("±0.", "±.").replace("-", "−")


def _number(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]".replace("-", "−")


def _decimals(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1).replace("-", "−")
