"""Contenders timed in turn, so that whatever else the machine does falls on all of them alike."""

import random
import statistics
import time
from collections.abc import Callable, Mapping

PAUSE = 0.02
"""Seconds before each turn, in which threads that wait for more work, and take a core to do so, fall asleep."""


def seconds(run: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def interleaved(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every contender in every round, each round in an order of its own: nobody always follows the same."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    order, shuffle = list(runs), random.Random(539).shuffle
    for _ in range(repeats):
        shuffle(order)
        for name in order:
            time.sleep(PAUSE)
            times[name].append(seconds(runs[name]))
    return times


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """How many times faster we are: median, lowest and highest of the ratios within a round."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
