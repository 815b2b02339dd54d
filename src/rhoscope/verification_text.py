"""A report of the oracles as text of at most 100 columns and as HTML."""

import html
import textwrap
from typing import TYPE_CHECKING

from rhoscope.text_table import TextTable

if TYPE_CHECKING:
    from rhoscope.oracles import Oracle
    from rhoscope.verification import Report

_WIDTH = 100
_HEADER = ("oracle", "expected", "measured", "s.e. or ≤", "z", "")
_WIDTHS = (49, 11, 11, 9, 5, 4)


def as_text(report: "Report") -> str:
    """The headline, what it rests on, and a table a family."""
    paragraphs = [textwrap.fill(text, _WIDTH) for text in (_headline(report), *_remarks(report))]
    tables = [table.as_text() for table in _tables(report)]
    return "\n".join(paragraphs) + "\n\n" + "\n\n".join(tables)


def as_html(report: "Report") -> str:
    """The same as HTML, for a notebook."""
    remarks = "<br>".join(html.escape(text) for text in _remarks(report))
    tables = "".join(table.as_html() for table in _tables(report))
    return f"<p><b>{html.escape(_headline(report))}</b><br>{remarks}</p>{tables}"


def _headline(report: "Report") -> str:
    count = len(report.oracles)
    failed = [oracle.name for oracle in report.oracles if not oracle.passed]
    if not failed:
        return f"All {count} oracles pass."
    return f"{len(failed)} of {count} oracles fail: {'; '.join(failed)}."


def _remarks(report: "Report") -> list[str]:
    remarks = []
    for oracle in report.oracles:
        if oracle.failed:
            remarks.append(f"{oracle.name}: {oracle.failed:,} samples were not computed.")
        if oracle.remark:
            remarks.append(f"{oracle.name}: {oracle.remark}")
    statistical = sum(oracle.standard_error is not None for oracle in report.oracles)
    if statistical:
        remarks.append(
            f"{statistical} of them are statistical and pass where |z| <= {report.z_limit:.2f}: a right program fails "
            f"any of them with probability {report.false_alarm_rate:g} at most (two-sided, by Bonferroni)."
        )
    remarks.append(
        "An exact one passes where measured − expected is ≤ its tolerance; of many numbers it shows the one nearest "
        f"to that. Device {report.device}, {report.samples:,} samples, seed {report.seed}."
    )
    return remarks


def _tables(report: "Report") -> list[TextTable]:
    return [
        TextTable(family, _aligned(_HEADER), [_row(oracle) for oracle in oracles])
        for family, oracles in report.families.items()
    ]


def _row(oracle: "Oracle") -> tuple[str, ...]:
    if oracle.standard_error is not None:
        allowed = _number(oracle.standard_error, 2)
    else:
        allowed = "≤ " + _number(oracle.tolerance or 0.0, 2)
    cells = (
        oracle.name,
        _number(oracle.expected, 5),
        _number(oracle.measured, 5),
        allowed,
        "" if oracle.z is None else f"{oracle.z:.2f}".replace("-", "−"),
        "pass" if oracle.passed else "FAIL",
    )
    return _aligned(cells)


def _aligned(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Of the same width in every table, the name on the left."""
    name, *others = cells
    return name.ljust(_WIDTHS[0]), *(
        cell.rjust(width) for cell, width in zip(others, _WIDTHS[1:], strict=True)
    )


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("-", "−")
