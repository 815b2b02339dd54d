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


def seconds_of_turn(run: Callable[[], object], least: float) -> float:
    """Wall-clock time of a call, the mean of as many as take `least` seconds together."""
    elapsed = seconds(run)
    calls = 1
    while elapsed < least:
        elapsed += seconds(run)
        calls += 1
    return elapsed / calls


def interleaved(
    runs: Mapping[str, Callable[[], object]], repeats: int, least: float = 0.0
) -> dict[str, list[float]]:
    """Seconds of every contender in every round, each round in an order of its own: nobody always follows the same.

    A turn lasts `least` seconds: a core that has slept is slower for some hundredths of a second, which a short call
    would feel more than a long one.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    order, shuffle = list(runs), random.Random(539).shuffle
    for _ in range(repeats):
        shuffle(order)
        for name in order:
            time.sleep(PAUSE)
            times[name].append(seconds_of_turn(runs[name], least))
    return times


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """How many times faster we are: median, lowest and highest of the ratios within a round."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
