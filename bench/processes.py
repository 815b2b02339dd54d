"""Whole runs in fresh processes: the default study, and memory against the number of samples."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from rhoscope.cli import main; main()")


def study(repeats: int) -> list[dict[str, Any]]:
    """`rhoscope run` end to end: first with no compiled kernels, then with those the first run left."""
    with tempfile.TemporaryDirectory() as scratch:
        cache = str(Path(scratch) / "kernels")
        times = [measure(_run(Path(scratch) / f"run{i}"), cache)[:2] for i in range(1 + repeats)]
    return [
        _record("default study, empty kernel cache", times[:1]),
        _record("default study, warm", times[1:]),
    ]


def memory(sample_counts: Sequence[int], size: int) -> list[dict[str, Any]]:
    """Peak memory of a run into a folder, with and without the verdict that reads it back."""
    records = []
    with tempfile.TemporaryDirectory() as scratch:
        cache = str(Path(scratch) / "kernels")
        for samples in sample_counts:
            folder = Path(scratch) / f"run{samples}"
            script = (
                f"import rhoscope as rs; rs.run(rs.Study(size={size}, samples={samples}), {str(folder)!r})"
            )
            what = f"n = {size}, {samples:,} samples"
            records.append(_record(f"rs.run, {what}", [measure((sys.executable, "-c", script), cache)[:2]]))
            options = ("--size", str(size), "--samples", str(samples), "--no-figures")
            command = _run(folder.with_suffix(".command"), *options)
            records.append(_record(f"rhoscope run with its verdict, {what}", [measure(command, cache)[:2]]))
    return records


def _run(folder: Path, *options: str) -> tuple[str, ...]:
    return (*COMMAND, "run", "--out", str(folder), "--json", *options)


def measure(command: Sequence[str], cache: str | None = None) -> tuple[float, int, str]:
    """Seconds, peak resident bytes and output of a command; one that fails raises with what it said.

    Its compiled kernels are in `cache`, or where they are by default.
    """
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=printed, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        said.seek(0)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said.read().decode())
        output = printed.read().decode()
    unit = 1 if sys.platform == "darwin" else 1024
    return elapsed, usage.ru_maxrss * unit, output


def _record(what: str, measured: Sequence[tuple[float, int]]) -> dict[str, Any]:
    return {"what": what, "seconds": [m[0] for m in measured], "peak_bytes": [m[1] for m in measured]}
