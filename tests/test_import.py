"""`import rhoscope` is cheap, and what it promises is there."""

import subprocess
import sys

import pytest

import rhoscope as rs

HEAVY = {"numba", "llvmlite", "matplotlib", "scipy", "pyarrow", "pydantic", "typer", "rich", "pandas"}


def _heavy_modules_after(statement: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return {name.partition(".")[0] for name in out.split()} & HEAVY


def test_import_loads_nothing_heavy() -> None:
    assert _heavy_modules_after("import rhoscope") == set()


def test_a_study_needs_no_compiler_and_no_figures() -> None:
    loaded = _heavy_modules_after("import rhoscope as rs; rs.Study(size=4, samples=10)")
    assert loaded == {"pydantic"}


def test_the_command_line_starts_without_the_machinery() -> None:
    assert _heavy_modules_after("import rhoscope.cli") <= {"typer", "rich"}


@pytest.mark.parametrize("name", rs.__all__)
def test_public_names_resolve_and_are_documented(name: str) -> None:
    assert getattr(rs, name).__doc__
    assert name in dir(rs)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        rs.nonsense  # noqa: B018
