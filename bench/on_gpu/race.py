"""Races on a GPU: answers compared first, every contender in its best variant, all timed in turn, within a time."""

import importlib
import statistics
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.jobs import JOBS, Job
from bench.on_gpu.budget import Budget, words
from bench.on_gpu.data import CHECKED, Data, Entry
from bench.pool import Pool
from bench.race import HOPELESS, OURS, strongest
from bench.timing import interleaved, ratio, seconds

Record = dict[str, Any]

SIZES = {"E": (32, 16, 64, 8, 128), "R": (32, 64, 128, 16), "F": (32, 64, 16), "G": (32,)}
"""Those that count most first: the others may be cut."""
METHODS = {"E": "eigvals", "R": "log_norms", "F": "backpropagation", "G": "normals"}
CONTENDERS = ("bench.on_gpu.ours", "bench.peers.torch_cuda", "bench.peers.cupy_cuda", "bench.peers.jax_cuda")
HOSTS = ("bench.peers.numpy_", "bench.peers.torch_")
"""Contenders on the host's cores, in the form that they have in the race there."""
REPEATS = 5
BLOCK, BLOCK_NUMBERS = 4096, 1 << 24
"""Matrices that are made on the host and repeated on the device; fewer where they would take long to make."""


def races(letter: str, budget: Budget, threads: int) -> Iterator[Record]:
    """A record for each size; notes of what was left out, and why."""
    sizes = (3,) if budget.small else SIZES[letter]
    entered, missing = _contenders(letter)
    yield from ({"kind": "note", "text": text} for text in missing)
    pool = Pool(threads)
    for done, n in enumerate(sizes):
        if budget.left < 1.0:
            yield {"kind": "note", "text": f"out of time: sizes {', '.join(map(str, sizes[done:]))} left out"}
            break
        data = (
            Data(n, horizon=20, block=8, small=True)
            if budget.small
            else Data(n, block=min(BLOCK, BLOCK_NUMBERS // n**2))
        )
        yield from race(letter, data, entered, budget.share(len(sizes) - done), pool)
    pool.close()


def _contenders(letter: str) -> tuple[list[Any], list[str]]:
    """Those installed that can do the job, and a sentence for each of the others."""
    found, missing = [], []
    for module in (*CONTENDERS, *HOSTS):
        where = " on the host" if module in HOSTS else ""
        try:
            loaded = importlib.import_module(module)
        except ImportError as error:
            if module == CONTENDERS[0]:  # ours
                raise
            missing.append(f"{module.rpartition('.')[2].rstrip('_')}{where}: left out: {error}")
            continue
        if module in HOSTS:
            loaded = SimpleNamespace(
                name=f"{loaded.name} on the host", **{METHODS[letter]: _on_host(loaded, letter)}
            )
        if hasattr(loaded, METHODS[letter]):
            found.append(loaded)
    return found, missing


def _on_host(module: Any, letter: str) -> Callable[..., Iterator[Entry]]:
    """A contender of the race on the host's cores, given as many matrices as last about a third of a second."""

    def variants(data: Data, pool: Pool) -> Iterator[Entry]:
        job = JOBS[letter][0]
        count = min(data.block, max(CHECKED, job.count(data.n) * pool.threads // 2))
        for variant in getattr(module, job.method)(*_arguments(letter, data, count), pool):
            found: list[np.ndarray] = []

            def run(variant: Any = variant, found: list[np.ndarray] = found) -> None:
                found[:] = [variant.run()]

            yield Entry(variant.label, count, run, lambda found=found: found[0][:CHECKED])

    return variants


def _arguments(letter: str, data: Data, count: int) -> tuple[Any, ...]:
    A, B, x, h0, y = ((lambda name=name: getattr(data, name)[:count]) for name in ("A", "B", "x", "h0", "y"))
    if letter == "E":
        return (A(),)
    if letter == "R":
        return A(), y(), data.lags
    if letter == "F":
        return A(), B(), x(), h0(), y(), data.lags
    return count, data.n


def race(letter: str, data: Data, entered: list[Any], budget: Budget, pool: Pool) -> Iterator[Record]:
    """One job at one size: notes first, the record last."""
    job = JOBS[letter][0]
    arguments = _arguments(letter, data, min(CHECKED, data.block))
    reference = _reference(job, arguments, pool)
    best: dict[str, Entry] = {}
    found: dict[str, Record] = {}
    for done, contender in enumerate(entered):
        if not budget.left and best:
            names = ", ".join(contender.name for contender in entered[done:])
            yield {"kind": "note", "text": f"{letter}, n = {data.n}: out of time: {names} left out"}
            break
        # A quarter of the time is for the rounds in turn.
        own = Budget(0.75 * budget.left / (len(entered) - done))
        try:
            entry, about = _quickest(contender, letter, data, (job, reference, arguments), own, pool)
        except Exception as error:  # whatever a peer cannot do here must not end the race
            what = f"{letter}, n = {data.n}, {contender.name}"
            note: Record = {"kind": "note", "text": f"{what}: left out: {words(error)}"}
            yield note | ({"failed": [what]} if contender.name == OURS else {})
            continue
        best[contender.name], found[contender.name] = entry, about
    if not best:
        return
    once = sum(about.pop("once") for about in found.values())
    repeats = max(1, min(REPEATS, int(budget.left / max(once, 1e-9))))
    times = interleaved({name: entry.run for name, entry in best.items()}, repeats)
    each = {name: [taken / best[name].count for taken in times[name]] for name in best}
    for name, taken in each.items():
        found[name] |= {"seconds": times[name], "microseconds_each": statistics.median(taken) * 1e6}
        if name != OURS and OURS in each:
            found[name]["ratio"] = ratio(each[OURS], taken)
    horizon = data.horizon / 1000  # operations are counted for the horizon of the jobs
    counted = job.operations(data.n) if job.operations else None
    yield {
        "kind": "race",
        "job": letter,
        "what": job.what,
        "size": data.n,
        "operations_each": counted * (horizon if letter in "RF" else 1.0) if counted else None,
        "contenders": found,
        "strongest_peer": strongest(found) if OURS in found and len(found) > 1 else None,
    }


class Disagreement(Exception):
    """An answer differs from NumPy's: its time would mean nothing."""


def _reference(job: Job, arguments: tuple[Any, ...], pool: Pool) -> np.ndarray:
    numpy_ = importlib.import_module("bench.peers.numpy_")
    return next(getattr(numpy_, job.method)(*arguments, pool)).run()


def _quickest(
    contender: Any,
    letter: str,
    data: Data,
    truth: tuple[Job, np.ndarray, tuple[Any, ...]],
    budget: Budget,
    pool: Pool,
) -> tuple[Entry, Record]:
    """The contender's best variant of those that there is time for, at least one."""
    job, reference, arguments = truth
    method = getattr(contender, METHODS[letter])
    best: Entry | None = None
    about: Record = {"once": np.inf}
    for variant in method(data, pool) if contender.name.endswith("host") else method(data):
        first = seconds(variant.run)
        answer = variant.answer()
        given = (len(answer), data.n) if letter == "G" else arguments
        apart = job.disagreement(reference[: len(answer)], answer, _first(given, len(answer)))
        if not apart <= job.tolerance:
            raise Disagreement(f"{variant.label}: {apart:.1e} from NumPy, above {job.tolerance}")
        taken = seconds(variant.run)
        if taken / variant.count < HOPELESS * about["once"] / (best.count if best else 1):
            taken = min(taken, seconds(variant.run))
        each = f"{taken / variant.count * 1e6:.3g} us"
        print(f"{letter} n={data.n} {contender.name} {variant.label}: {each}", file=sys.stderr, flush=True)
        if best is None or taken / variant.count < about["once"] / best.count:
            best = variant
            about = {"variant": variant.label, "count": variant.count, "disagreement": apart}
            about |= {"first_call": first, "once": taken}
        if budget.left < first + taken:
            break
    assert best is not None
    return best, about


def _first(arguments: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The arguments of the first matrices alone."""
    return tuple(
        part[:count] if isinstance(part, np.ndarray) and part.ndim > 1 else part for part in arguments
    )
