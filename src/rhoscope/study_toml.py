"""Studies as TOML: a flat table followed by the table of the ensemble."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from rhoscope.errors import ArgumentTypeError, StudyError, StudyFileNotFoundError


def dumps(table: Mapping[str, Any]) -> str:
    """Write a table of numbers, strings, lists and tables of these."""
    flat = [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    tables = [f"\n[{key}]\n{dumps(value)}" for key, value in table.items() if isinstance(value, Mapping)]
    return "\n".join([*flat, ""]) + "".join(tables)


def _value(value: Any) -> str:
    """One value; JSON's strings, lists and finite numbers are TOML's too, save that TOML escapes DEL."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False).replace("\x7f", "\\u007f")


def as_path(source: str | Path) -> Path | None:
    """The path that a source is, or None for a document; a string of one line without "=" is a path."""
    if not isinstance(source, str | PathLike):
        raise ArgumentTypeError(f"source = {source!r}: give the path of a TOML file, or its text")
    if isinstance(source, str) and ("\n" in source or "=" in source or not source.strip()):
        return None
    return Path(source)


def load(path: Path) -> dict[str, Any]:
    """Read the table in a file."""
    try:
        return loads(path.read_text(encoding="utf-8"), str(path))
    except (FileNotFoundError, NotADirectoryError):
        message = f"no study at {path}: give the path of a TOML file"
        raise StudyFileNotFoundError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"cannot read the study at {path}: {error}") from None


def loads(text: str, name: str = "the study") -> dict[str, Any]:
    """Read the table in a document."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{name} is not TOML: {error}") from None


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and the nearest known one, or all of them if none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"unknown field {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    )
