"""The documentation: examples in docstrings run, and the reference has every public name.

That the pages' own code runs and that their links lead somewhere is held by the build of the pages.
"""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import rhoscope as rs

ROOT = Path(__file__).parents[1]
REFERENCE = sorted((ROOT / "docs" / "api").glob("*.md"))
EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    for path in (ROOT / "src" / "rhoscope").rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_every_public_function_has_an_example() -> None:
    functions = {
        name: value
        for module in (rs, rs.ensembles, rs.plots, rs.theory)
        for name in module.__all__
        if inspect.isfunction(value := getattr(module, name))
    }
    assert len(functions) > 30
    assert [name for name, value in functions.items() if ">>>" not in (value.__doc__ or "")] == []


def test_the_reference_has_every_public_name() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE)
    shown = {name.rpartition(".")[2] for name in re.findall(r"^\.\. auto\w+:: (\S+)", text, re.MULTILINE)}
    public = {name for module in (rs, rs.ensembles) for name in module.__all__}
    assert public - shown == {"ensembles"}  # a module, whose members are all there
    for module in ("plots", "theory", "errors"):
        assert f"automodule:: rhoscope.{module}\n   :members:" in text
