"""Kernels called by kernels: lowered once, kept in no file, and the same numbers as when Python calls them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import event

from rhoscope.kernels.caching import jit, on_compile

CALLS = """
import sys
import numpy as np
from rhoscope.kernels.caching import on_compile
from rhoscope.kernels import cpu
compiled = []
with on_compile(compiled.append):
    v = np.empty(8 * 6)
    cpu.draw_vectors(v, 6, 6, 1.0, 1, 2, 3, np.arange(8))
print(len(compiled), v.tobytes().hex())
"""


class _Counter(event.Listener):
    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, event: Any) -> None:
        self.names.append(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: Any) -> None:
        pass


def kernel(function: Callable[..., Any]) -> Any:
    """Compiled, but not kept on disk: another process would not know these again."""
    compiled = jit(function)
    compiled._cache.disable()
    return compiled


def kernels() -> tuple[Any, Any]:
    @kernel
    def shifted(x, by):
        return np.sqrt(x) + by

    @kernel
    def twice(x):
        return shifted(x, 1) + 10 * shifted(x, 2)

    return shifted, twice


def test_a_callee_is_lowered_once_whatever_constants_it_is_given() -> None:
    _, twice = kernels()
    counter = _Counter()
    with event.install_listener("numba:compile", counter):
        assert twice(4.0) == 3 + 40
        assert twice(9.0) == 4 + 50
    assert counter.names == ["twice", "shifted"]


@pytest.mark.parametrize("first", ["python", "kernel"])
def test_python_may_call_what_kernels_call(first: str) -> None:
    shifted, twice = kernels()
    calls = [lambda: shifted(4.0, 1), lambda: twice(4.0)]
    found = [call() for call in (calls if first == "python" else calls[::-1])]
    assert sorted(found) == [3.0, 43.0]


def test_keywords_reach_a_callee_in_their_places() -> None:
    @kernel
    def less(x, y):
        return x - y

    @kernel
    def swapped(x, y):
        return less(y=x, x=y)

    assert swapped(1.0, 5.0) == 4.0


def test_the_disk_holds_what_python_called_and_another_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", CALLS], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    )
    assert int(first[0]) > 1
    assert second == ["0", first[1]]
    assert [path.name.split("-")[0].split(".")[-3] for path in tmp_path.glob("*.nbi")] == ["draw_vectors"]


def run_in(folder: Path, before: str = "") -> list[str]:
    """How many kernels a process with this cache compiles, and what they compute."""
    return subprocess.run(
        [sys.executable, "-c", before + CALLS],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 100])
def test_a_file_cut_short_on_the_disk_is_made_anew(suffix: str, left: int, tmp_path: Path) -> None:
    first = run_in(tmp_path)
    (path,) = tmp_path.glob(f"*.{suffix}")
    os.truncate(path, left)
    assert run_in(tmp_path) == first
    assert run_in(tmp_path) == ["0", first[1]]


def test_a_full_disk_costs_the_next_process_a_compilation(tmp_path: Path) -> None:
    full = """
import errno, os
from rhoscope.kernels import caching
def fail(*_):
    raise OSError(errno.ENOSPC, "no space")
caching.folder()
os.replace = fail
"""
    first = run_in(tmp_path, full)
    assert list(tmp_path.iterdir()) == []
    assert run_in(tmp_path) == first


def test_the_user_hears_of_callees_too() -> None:
    shifted, twice = kernels()
    shifted.__module__, twice.__module__ = "rhoscope.kernels.below", "rhoscope.kernels.above"
    heard: list[str] = []
    with on_compile(heard.append):
        twice(4.0)
    assert heard == ["above", "below"]
