"""The documentation: examples in docstrings run, and the reference has every public name.

That the pages' own code runs and that their links lead somewhere is held by the build of the pages.
"""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import rhoscope as rs

ROOT = Path(__file__).parents[1]
REFERENCE = sorted((ROOT / "docs" / "api").glob("*.md"))
# Kernels and devices have no public names.
MODULES = [
    found.name
    for found in pkgutil.walk_packages(rs.__path__, "rhoscope.")
    if not found.name.startswith(("rhoscope.kernels", "rhoscope.devices"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_function_and_class_has_an_example_or_is_returned_by_one() -> None:
    without = {
        name
        for module in (rs, rs.ensembles, rs.plots, rs.theory)
        for name in module.__all__
        if callable(value := getattr(module, name)) and ">>>" not in (value.__doc__ or "")
    }
    # What a function returns is shown there.
    assert without == {"Falsification", "Gradients", "Outcome", "Verdict", "DataFigure", "Support"}


def test_the_reference_has_every_public_name() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE)
    shown = {name.rpartition(".")[2] for name in re.findall(r"^\.\. auto\w+:: (\S+)", text, re.MULTILINE)}
    public = {name for module in (rs, rs.ensembles, rs.plots) for name in module.__all__}
    assert public - shown == {"ensembles"}  # a module, whose members are all there
    for module in ("theory", "errors"):
        assert f"automodule:: rhoscope.{module}\n   :members:" in text
