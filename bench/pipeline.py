"""The default study end to end: against pipelines of the peers, and against the sum of its own kernels' times."""

import statistics
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import rhoscope as rs
from bench.jobs import GAIN, SEED, SIZES, lags_to
from bench.peers.base import Variant
from bench.peers.verdict import assemble
from bench.pool import Pool
from bench.race import HOPELESS, OURS, Disagreement, contenders, strongest
from bench.study_kernels import seconds_by_kernel
from bench.timing import interleaved, ratio, seconds

TOLERANCE = 6.0
"""Standard errors that two contenders' means may be apart; a false alarm in any run has less than 1 in 10⁷."""

KERNELS = "kernels alone"

HORIZON = 1000
MOST_SAMPLES, FEWEST_SAMPLES = 50_000, 64
PEERS_SHARE = 10
"""Peers take so many times fewer samples, which are as many more times slower."""


class _Ours:
    """rs.run in memory and rs.criterion on its result, timed apart as well."""

    name = OURS

    def __init__(self, size: int, horizon: int, samples: int, threads: int) -> None:
        self.study = rs.Study(size=size, horizon=horizon, samples=samples, gain=GAIN, seed=SEED)
        self.threads = threads
        self.parts: list[dict[str, float]] = []

    def run(self) -> np.ndarray:
        results: list[rs.Result] = []
        running = seconds(lambda: results.append(rs.run(self.study, device="cpu", threads=self.threads)))
        judging = seconds(lambda: rs.criterion(results[0]))
        self.parts.append({"run": running, "criterion": judging})
        r = results[0]
        gradients = np.column_stack([r.log_gradient, r.log_error, r.log_gradient_A, r.log_gradient_B])
        return assemble(r.gain, r.spectral_radius, r.frobenius_norm, gradients)


def pipelines(sizes: list[int] | None, repeats: int, threads: int) -> Iterator[dict[str, Any]]:
    """A record for every size; samples are as many as the default study has up to its size, and fewer beyond."""
    for n in sizes or SIZES:
        samples = round(min(MOST_SAMPLES, max(FEWEST_SAMPLES, MOST_SAMPLES * (32 / n) ** 3)))
        peer_samples = max(FEWEST_SAMPLES, samples // PEERS_SHARE)
        yield pipeline(n, HORIZON, samples, peer_samples, repeats, threads)


def pipeline(
    size: int, horizon: int, samples: int, peer_samples: int, repeats: int, threads: int
) -> dict[str, Any]:
    """One record, as the race has them; each contender with its own number of samples, and times of one sample."""
    ours = _Ours(size, horizon, samples, threads)
    pool = Pool(threads)
    found: dict[str, dict[str, Any]] = {}
    with threadpool_limits(1, user_api="blas"):
        best, reference = _fastest(found, size, horizon, peer_samples, pool)
        first = seconds(lambda: _check(ours.name, "run and criterion", reference, ours.run(), horizon))
        found[OURS] = {"variant": "run and criterion", "count": samples, "first_call": first}
        ours.parts.clear()
        kernels: list[dict[str, float]] = []
        runs = {name: variant.run for name, variant in best.items()} | {
            OURS: ours.run,
            KERNELS: lambda: kernels.append(seconds_by_kernel(ours.study, threads)),
        }
        times = interleaved(runs, repeats)
    pool.close()
    each = {name: [taken / found[name]["count"] for taken in times[name]] for name in found}
    for name, taken in each.items():
        found[name] |= {"seconds": times[name], "microseconds_each": statistics.median(taken) * 1e6}
        if name != OURS:
            found[name]["ratio"] = ratio(each[OURS], taken)
    sums = [sum(taken.values()) for taken in kernels]
    return {
        "job": "P",
        "what": f"study to T = {horizon:,} from draws to verdict",
        "size": size,
        "horizon": horizon,
        "operations_each": None,
        "bytes_each": None,
        "contenders": found,
        "strongest_peer": strongest(found),
        "parts": ours.parts,
        "kernels": kernels,
        "run_over_kernels": ratio(sums, [part["run"] for part in ours.parts]),
        "whole_over_kernels": ratio(sums, times[OURS]),
    }


def _fastest(
    found: dict[str, dict[str, Any]], size: int, horizon: int, count: int, pool: Pool
) -> tuple[dict[str, Variant], np.ndarray]:
    """The quickest variant of each peer, its particulars in `found`; and the answer of the first one."""
    best: dict[str, Variant] = {}
    reference: np.ndarray | None = None
    for peer in _peers():
        quickest = np.inf
        for variant in peer.study(size, horizon, count, pool):
            answers: list[np.ndarray] = []
            first = seconds(lambda variant=variant, answers=answers: answers.append(variant.run()))
            reference = answers[0] if reference is None else reference
            _check(peer.name, variant.label, reference, answers[0], horizon)
            elapsed = seconds(variant.run)
            if elapsed < HOPELESS * quickest:
                elapsed = min(elapsed, seconds(variant.run))
            print(f"study {peer.name} {variant.label}: {elapsed / count * 1e6:.3g} us", file=sys.stderr)
            if elapsed < quickest:
                quickest, best[peer.name] = elapsed, variant
                found[peer.name] = {"variant": variant.label, "count": count, "first_call": first}
    assert reference is not None
    return best, reference


def _peers() -> list[ModuleType]:
    return [contender for contender in contenders() if hasattr(contender, "study")]


def _check(name: str, label: str, reference: np.ndarray, answer: np.ndarray, horizon: int) -> None:
    apart = disagreement(reference, answer, horizon)
    if not apart <= TOLERANCE:
        raise Disagreement(f"{name}, {label}: {apart:.1f} standard errors from NumPy, above {TOLERANCE}")


def disagreement(reference: np.ndarray, answer: np.ndarray, horizon: int) -> float:
    """Largest difference of means, in standard errors, of what the columns say once ρ and the gain are out of them.

    Each contender draws its own matrices, so that single samples cannot be compared.
    """
    a, b = (_summary(columns, horizon) for columns in (reference, answer))
    error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b))
    return float(np.max(np.abs(a.mean(axis=0) - b.mean(axis=0)) / error))


def _summary(columns: np.ndarray, horizon: int) -> np.ndarray:
    gain, radius, frobenius = np.log(columns[:, :3]).T
    growth = columns[:, 3:-3] - columns[:, -3:-2]
    over = growth - radius[:, None] * lags_to(horizon)
    # ∂L/∂A is about δ_T times what is largest of δ_0 and h_T beside it.
    to_a, to_b = (columns[:, -2:] - columns[:, -3:-2] - np.maximum(0.0, horizon * radius)[:, None]).T
    return np.column_stack([gain, radius - gain, frobenius - gain, over, to_a, to_b])
