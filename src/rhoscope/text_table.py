"""Small tables as text and as HTML."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """Cells under a header, each already written as a string."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def as_text(self) -> str:
        """The title, and columns aligned to the right."""
        rows = [self.header, *self.rows]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.header))]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        return "\n".join([self.title, *lines])

    def as_html(self) -> str:
        """The same as an element of a page."""
        body = "".join(_line(row, "td") for row in self.rows)
        return f"<table><caption>{html.escape(self.title)}</caption>{_line(self.header, 'th')}{body}</table>"


def _line(cells: tuple[str, ...], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
