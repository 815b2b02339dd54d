"""One race: every contender in its best variant, answers compared first, then timed in turn."""

import importlib
import statistics
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from bench.jobs import JOBS, SINGLE_TOLERANCE, Job
from bench.peers.base import Variant
from bench.pool import Pool
from bench.timing import interleaved, ratio, seconds

CONTENDERS = (
    "bench.ours",
    "bench.peers.numpy_",
    "bench.peers.scipy_",
    "bench.peers.torch_",
    "bench.peers.jax_",
)
OURS = "rhoscope"
SINGLE = "rhoscope in float32"

TURN_SECONDS = 0.25
"""What every contender's turn lasts at least."""

HOPELESS = 3.0
"""A variant so many times slower than the quickest of its contender is not timed again."""


class Disagreement(Exception):
    """A contender's answer differs from NumPy's: its time would mean nothing."""


def contenders() -> list[ModuleType]:
    """The contenders that are installed; the others are named on stderr."""
    found = []
    for module in CONTENDERS:
        try:
            found.append(importlib.import_module(module))
        except ModuleNotFoundError as missing:
            print(f"{module}: left out, {missing.name} is not installed", file=sys.stderr)
    return found


def races(
    letters: list[str], sizes: list[int] | None, repeats: int, threads: int
) -> Iterator[dict[str, Any]]:
    """A record for every job and size, each as soon as it is run."""
    from threadpoolctl import threadpool_limits  # here: a race on a GPU needs no more than the kernels do

    entered = contenders()
    pool = Pool(threads)
    with threadpool_limits(1, user_api="blas"):
        for letter in letters:
            for job in JOBS[letter]:
                taking_part = [module for module in entered if hasattr(module, job.method)]
                for n in sizes or job.sizes:
                    yield {"job": letter} | race(job, n, job.count(n), taking_part, repeats, pool)
    pool.close()


def race(job: Job, n: int, count: int, entered: list[ModuleType], repeats: int, pool: Pool) -> dict[str, Any]:
    """One job at one size on `count` matrices."""
    arguments = job.arguments(n, count)
    # NumPy first: its answer is the one that others are held against.
    entered = sorted(entered, key=lambda contender: contender.name != "NumPy")
    reference: np.ndarray | None = None
    best: dict[str, Variant] = {}
    found: dict[str, dict[str, Any]] = {}
    for contender in entered:
        quickest, first_call = np.inf, np.inf
        for variant in getattr(contender, job.method)(*arguments, pool):
            answers: list[np.ndarray] = []
            first = seconds(lambda variant=variant, answers=answers: answers.append(variant.run()))
            reference = answers[0] if reference is None else reference
            apart = job.disagreement(reference, answers[0], arguments)
            if not apart <= job.tolerance:
                raise Disagreement(
                    f"{contender.name}, {variant.label}, n = {n}: {apart:.1e} above {job.tolerance}"
                )
            elapsed = seconds(variant.run)
            if elapsed < HOPELESS * quickest:
                elapsed = min(elapsed, seconds(variant.run))
            print(
                f"{job.method} n={n} {contender.name} {variant.label}: {elapsed / count * 1e6:.3g} us",
                file=sys.stderr,
            )
            if elapsed < quickest:
                quickest, first_call, best[contender.name] = elapsed, first, variant
                found[contender.name] = {"variant": variant.label, "disagreement": apart}
        found[contender.name]["first_call"] = first_call

    runs = {name: variant.run for name, variant in best.items()}
    ours = next((contender for contender in entered if contender.name == OURS), None)
    single: dict[str, Any] | None = None
    if job.typical is not None and ours is not None and reference is not None:
        (variant,) = getattr(ours, job.method)(*arguments, pool, dtype="float32")
        apart = job.typical(reference, variant.run())
        if not apart <= SINGLE_TOLERANCE:
            raise Disagreement(f"{SINGLE}, n = {n}: {apart:.1e} above {SINGLE_TOLERANCE}")
        runs[SINGLE], single = variant.run, {"typical_difference": apart}
    times = interleaved(runs, repeats, TURN_SECONDS)
    if single is not None:
        taken = times.pop(SINGLE)
        single["microseconds_each"] = statistics.median(taken) / count * 1e6
        single["ratio"] = ratio(taken, times[OURS])
    for name, taken in times.items():
        found[name] |= {"seconds": taken, "microseconds_each": statistics.median(taken) / count * 1e6}
        if name != OURS:
            found[name]["ratio"] = ratio(times[OURS], taken)
    return {
        "what": job.what,
        "size": n,
        "count": count,
        "operations_each": job.operations(n) if job.operations else None,
        "bytes_each": job.bytes_read(n) if job.bytes_read else None,
        "contenders": found,
        "single": single,
        "strongest_peer": strongest(found),
    }


def strongest(found: dict[str, dict[str, Any]]) -> str:
    """The peer that we lead by least."""
    return min((name for name in found if name != OURS), key=lambda name: found[name]["ratio"]["median"])
