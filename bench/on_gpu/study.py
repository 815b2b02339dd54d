"""The default study at a million samples on the GPU, beside pipelines of the peers."""

import importlib
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rhoscope as rs
from bench.on_gpu.budget import Budget, words
from bench.on_gpu.race import Record
from bench.pipeline import TOLERANCE, disagreement
from bench.pool import Pool
from bench.race import HOPELESS, OURS
from bench.timing import ratio, seconds

PEERS = ("bench.peers.torch_cuda_study", "bench.peers.numpy_", "bench.peers.torch_")
COMPARED = 2_000
REPEATS = 3


def study(budget: Budget, threads: int) -> Iterator[Record]:
    """A record of `rs.run`, then one with the peers beside it; times are of one sample."""
    size, horizon, samples, compared = (3, 20, 64, 64) if budget.small else (32, 1000, 10**6, COMPARED)
    ours: list[float] = []
    question = rs.Study(size=size, horizon=horizon, samples=samples, gain=(0.6, 1.4))
    results: list[rs.Result] = []

    def run() -> None:
        results[:] = [rs.run(question, device="cuda")]

    rs.run(question.replace(samples=min(samples, 256)), device="cuda")  # compiles
    while len(ours) < REPEATS and (not ours or budget.left > 3 * ours[0] * samples):
        ours.append(seconds(run) / samples)
    result = results[0]
    about: Record = {"variant": "run", "count": samples, "microseconds_each": 1e6 * statistics.median(ours)}
    record: Record = {
        "kind": "race",
        "job": "P",
        "what": f"default study, n = {size}, T = {horizon:,}, {samples:,} samples: draws, spectra, gradients",
        "size": size,
        "operations_each": None,
        "device": result.provenance["device"],
        "contenders": {OURS: about},
        "strongest_peer": None,
    }
    yield record
    reference = _columns(result)[: 10 * compared]
    pool = Pool(threads)
    for done, module in enumerate(PEERS):
        where = "" if "cuda" in module else " on the host"
        share = Budget(budget.left / (len(PEERS) - done))
        try:
            peer = importlib.import_module(module)
            name = f"{peer.name}{where}"
            fastest, variant = _fastest(peer.study(size, horizon, compared, pool), reference, horizon, share)
        except Exception as error:  # whatever a peer cannot do here must not end the race
            text = f"study, {module.rpartition('.')[2]}{where}: left out: {words(error)}"
            yield {"kind": "note", "text": text}
            continue
        each = [taken / compared for taken in fastest]
        record["contenders"][name] = {
            "variant": variant,
            "count": compared,
            "microseconds_each": 1e6 * statistics.median(each),
            "ratio": ratio([statistics.median(ours)] * len(each), each),
        }
        peers = [name for name in record["contenders"] if name != OURS]
        record["strongest_peer"] = min(peers, key=lambda name: record["contenders"][name]["ratio"]["median"])
        yield record
    pool.close()


def _columns(result: rs.Result) -> np.ndarray:
    from bench.peers.verdict import assemble

    gradients = np.column_stack(
        [result.log_gradient, result.log_error, result.log_gradient_A, result.log_gradient_B]
    )
    return assemble(result.gain, result.spectral_radius, result.frobenius_norm, gradients)


def _fastest(
    variants: Iterator[Any], reference: np.ndarray, horizon: int, budget: Budget
) -> tuple[list[float], str]:
    """Seconds of the quickest variant in several runs, and its name; each is held against ours first."""
    best, label, quickest = [], "", np.inf
    run: Callable[[], np.ndarray]
    for variant in variants:
        run = variant.run
        answers: list[np.ndarray] = []
        first = seconds(lambda run=run, answers=answers: answers.append(run()))
        apart = disagreement(reference, answers[0], horizon)
        if not apart <= TOLERANCE:
            raise ValueError(f"{variant.label}: {apart:.1f} standard errors from ours, above {TOLERANCE}")
        taken = [seconds(run)]
        if taken[0] < HOPELESS * quickest and budget.left > 2 * taken[0]:
            taken += [seconds(run), seconds(run)]
        if min(taken) < quickest:
            best, label, quickest = taken, variant.label, min(taken)
        if budget.left < first + taken[0]:
            break
    return best, label
