"""A thread or a block of threads a matrix, at the sizes between which the choice was predicted.

`SPECTRA_FROM` and `STEPS_FROM` of `rhoscope.kernels.block_space` are to be the sizes from which blocks are faster.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.on_gpu import ours
from bench.on_gpu.budget import Budget, words
from bench.on_gpu.data import Data, Entry
from bench.timing import interleaved, ratio
from rhoscope.kernels import block_space

CASES = (
    *(("E", n) for n in (16, 12, 9)),
    *((job, n) for n in (16, 8, 12, 24) for job in ("R", "F")),
    *(("E", n) for n in (14, 10, 11, 13, 15, 17, 20, 24)),
)
"""The ends of each range first, in case the others are cut."""
FORMS: dict[str, tuple[Callable[[Data], Iterator[Entry]], str, float]] = {
    "E": (ours.eigvals, "SPECTRA_FROM", 0.0),
    "R": (ours.log_norms, "STEPS_FROM", 1e-9),
    "F": (ours.backpropagation, "STEPS_FROM", 1e-9),
}
"""What does the job, which threshold decides of its form, and how far apart numbers may be, relative above 1."""
REPEATS = 5
SMALL = {"SLOT_THREADS": 1, "BLOCK": 2}
"""Plans for the simulator, which takes a millisecond for each time that threads wait for one another."""

Record = dict[str, Any]


def forms(budget: Budget) -> Iterator[Record]:
    """A record for each job and size: both times, and whether both found the same."""
    cases = [(job, 3) for job in FORMS] if budget.small else CASES
    for done, (job, n) in enumerate(cases):
        if not budget.left:
            left = ", ".join(f"{job} at {n}" for job, n in cases[done:])
            yield {"kind": "note", "text": f"out of time: forms of {left} left out"}
            return
        try:
            yield _both(job, n, budget.small)
        except Exception as error:  # of one size; the others may do
            what = f"forms of {job}, n = {n}"
            yield {"kind": "note", "text": f"{what}: {words(error)}", "failed": [what]}


def _both(job: str, n: int, small: bool) -> Record:
    data = Data(n, horizon=3, block=1, small=True) if small else Data(n)
    method, threshold, tolerance = FORMS[job]
    entries, runs = {}, {}
    for form, blocks_from in {"lanes": n + 1, "blocks": n}.items():
        changes = {threshold: blocks_from} | (SMALL if small else {})
        with _changed(changes):
            (entries[form],) = method(data)
        runs[form] = _run(entries[form], changes)
    found = []
    for form, run in runs.items():
        run()  # compiles
        found.append(entries[form].answer())
    times = interleaved(runs, 1 if small else REPEATS)
    apart = np.abs(found[0] - found[1]) / np.maximum(1.0, np.abs(found[0]))
    return {
        "kind": "forms",
        "job": job,
        "size": n,
        "microseconds_each": {
            form: statistics.median(taken) / entries[form].count * 1e6 for form, taken in times.items()
        },
        "ratio": ratio(times["blocks"], times["lanes"]),
        "passed": bool((apart <= tolerance).all()),
    }


def _run(entry: Entry, changes: dict[str, int]) -> Callable[[], None]:
    def run() -> None:
        with _changed(changes):
            entry.run()

    return run


@contextmanager
def _changed(changes: dict[str, int]) -> Iterator[None]:
    """Plans of blocks with other constants."""
    usual = {name: getattr(block_space, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(block_space, name, value)
        yield
    finally:
        for name, value in usual.items():
            setattr(block_space, name, value)
