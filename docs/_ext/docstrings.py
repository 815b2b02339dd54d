"""Docstrings are plain text with formulas: keeps reStructuredText from reading some of it its own way."""

import re

from sphinx.application import Sphinx

# The initial of an author at the start of a line would be the first item of a list.
_INITIAL = re.compile(r"^(\s*[A-Z])\. ")
# An attribute written with its dot would be looked for in every class.
_ATTRIBUTE = re.compile(r"(?<!`)`(\.\w+)`(?!`)")


def setup(app: Sphinx) -> dict[str, bool]:
    # Before napoleon, which reads the sections.
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    kept: list[str] = []
    formula = example = sections = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        sections = sections or _underlines(following)
        if line.startswith("  ") and not sections:
            if not formula:
                kept += [".. code-block:: text", ""]
            formula = True
        elif line.strip():
            formula = False
        kept.append(line if formula or example else _plain(line))
    lines[:] = kept


def _plain(line: str) -> str:
    # A bar is an absolute value or a norm, never the start of a substitution.
    return _ATTRIBUTE.sub(r"``\1``", _INITIAL.sub(r"\1\. ", line.replace("|", "\\|")))


def _underlines(line: str) -> bool:
    """True for the line below the heading of a section."""
    return len(line) > 2 and set(line) == {"-"}
