"""How often the 95 % intervals of a verdict hold the truth, over many repeats of studies whose truth is known.

The population of a study is a run of it with 100 times the samples of a repeat, and its verdict is the truth. A
repeat draws its samples from the population with replacement: they are independent draws from the population's
law, so that the truth is exact and the only error left is that of counting repeats.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import stats

import rhoscope as rs
from bench.coverage_theory import median_coverage, share_coverage, share_of_some_coverage
from rhoscope.intervals import LEVEL
from rhoscope.observations import Observations

FALSE_ALARM = 0.01
"""Probability that any of all checks of a report fails although every interval has its coverage."""

POPULATION = 100
"""How many times a repeat's samples the population has."""

_CHUNK = 250
"""Repeats with one stream of random numbers."""

Number = tuple[str | int, ...]
"""Where a number stands in `Verdict.to_dict`: lag first, kind last, as (64, "predictors", "gain", …, "slope")."""

Interval = tuple[float, float, float]


def _part_nilpotent(samples: int) -> rs.ensembles.Given:
    """Ginibre matrices of size 4 of which every fifth has only its entries above the diagonal: ρ = 0."""
    matrices = rs.ensembles.RealGinibre().sample(4, samples, seed=539)
    matrices[::5] = np.triu(matrices[::5], 1)
    return rs.ensembles.Given(matrices)


STUDIES: dict[str, Callable[[int], rs.Study]] = {
    "ginibre": lambda samples: rs.Study(size=8, horizon=64, lags=(1, 8, 32, 64), samples=samples),
    "triangular": lambda samples: rs.Study(
        ensemble=rs.ensembles.Triangular(strength=3.0),
        size=8,
        gain=1.0,
        horizon=64,
        lags=(2, 8, 32, 64),
        samples=samples,
    ),
    "diagonal": lambda samples: rs.Study(
        ensemble=rs.ensembles.Diagonal(), size=4, gain=1.0, horizon=64, lags=(4, 16, 32, 64), samples=samples
    ),
    "nilpotent": lambda samples: rs.Study(
        ensemble=_part_nilpotent(samples), size=4, horizon=16, lags=(2, 4, 8, 16), samples=samples
    ),
    "sparse": lambda samples: rs.Study(
        ensemble=rs.ensembles.Sparse(density=0.25), size=4, horizon=16, lags=(2, 4, 8, 16), samples=samples
    ),
}
"""Studies by name, each of a number of samples: swept and constant gain, far from normal and normal, with exact
zeros, and last one whose growth rates are too heavy-tailed for intervals of moments from 1,000 samples."""

CHECKED = tuple(STUDIES)[:-1]
"""The studies whose intervals have their coverage."""


@dataclass(frozen=True)
class Check:
    """One number of one study: of `repeats`, how many quoted an interval and how many of those held `truth`.

    `expected` is the coverage that the interval should have, and `low` to `high` are the counts of `held` that
    pass. Where not every repeat quoted an interval, `held` may be anything that leaves few enough missed.
    """

    study: str
    number: Number
    truth: float
    repeats: int
    quoted: int
    held: int
    too_high: int  # intervals that lie above the truth
    expected: float
    low: int
    high: int

    @property
    def kind(self) -> str:
        """The sort of number, such as "slope"."""
        return kind(self.number)

    @property
    def passed(self) -> bool:
        """Whether as many held the truth as should."""
        return self.low <= self.held <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain Python."""
        return asdict(self) | {"kind": self.kind, "passed": self.passed}


@dataclass
class Tally:
    """Counts over repeats, one entry for each of `numbers`."""

    numbers: dict[Number, float]  # with the truth
    repeats: int
    quoted: np.ndarray
    held: np.ndarray
    too_high: np.ndarray
    points: np.ndarray  # intervals of no width

    def __add__(self, other: "Tally") -> "Tally":
        counts = ("repeats", "quoted", "held", "too_high", "points")
        return Tally(self.numbers, *(getattr(self, name) + getattr(other, name) for name in counts))


def kind(number: Number) -> str:
    """The sort of a number: share, accuracy, median, pearson, spearman, difference or slope."""
    if "shares" in number or number[-1] == "decided":
        return "share"
    return {"median_growth": "median", "behind_radius": "difference"}.get(str(number[-1]), str(number[-1]))


def intervals(verdict: rs.Verdict) -> dict[Number, Interval]:
    """Value and interval of every number of a verdict that has one, each once."""
    found = {}
    for entry in verdict.to_dict()["lags"]:
        found |= dict(_walk(entry, (entry["lag"],)))
    if verdict.constant_gain:  # raw and unit gain are one
        found = {number: interval for number, interval in found.items() if "unit_gain" not in number}
    return found


def _walk(node: Any, path: Number) -> Iterator[tuple[Number, Interval]]:
    if isinstance(node, dict) and set(node) == {"value", "low", "high"}:
        yield path, (node["value"], node["low"], node["high"])
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*path, key))
    elif isinstance(node, list | tuple):
        for place, value in enumerate(node):
            yield from _walk(
                value, (*path, value["name"] if isinstance(value, dict) and "name" in value else place)
            )


def true_numbers(population: rs.Result) -> dict[Number, float]:
    """Every number of the verdict on a population."""
    return {number: value for number, (value, _, _) in intervals(rs.criterion(population)).items()}


def tally(
    population: rs.Result, numbers: dict[Number, float], samples: int, repeats: int, seed: Sequence[int]
) -> Tally:
    """Verdicts on `repeats` draws of `samples` from the population, against its own numbers."""
    truth = np.array(list(numbers.values()))
    study = population.study.replace(samples=samples)
    columns = {name: np.asarray(getattr(population, name)) for name in population.columns}
    generator = np.random.default_rng(seed)
    counts = np.zeros((4, truth.size), int)
    for _ in range(repeats):
        rows = generator.integers(len(population), size=samples)
        drawn = rs.Result(study, {name: column[rows] for name, column in columns.items()}, {})
        found = intervals(rs.criterion(drawn))
        _, low, high = np.array([found.get(number, (math.nan,) * 3) for number in numbers]).T
        counts += ~np.isnan(low), (low <= truth) & (truth <= high), low > truth, low == high
    return Tally(numbers, repeats, *counts)


def expected_coverages(
    population: rs.Result, numbers: dict[Number, float], samples: int
) -> dict[Number, float]:
    """The coverage that each interval has by theory: 95 %, or what the law of its counts makes of it."""
    seen = Observations(population)

    def expected(number: Number, truth: float) -> float:
        match kind(number):
            case "share":
                return float(share_coverage(truth, samples)[0])
            case "accuracy":
                return share_of_some_coverage(truth, numbers[(*number[:-1], "decided")], samples)
            case "median":
                growth = seen.growth(int(number[0]))
                return median_coverage(
                    float((growth < truth).mean()), float((growth <= truth).mean()), samples
                )
            case _:
                return LEVEL

    # A number that the population lacks, as the accuracy where nothing is decided, is quoted in no repeat.
    found = {number: expected(number, truth) for number, truth in numbers.items() if not math.isnan(truth)}
    return {number: min(aim, 1.0) for number, aim in found.items()}  # against rounding in the sums


def judge(study: str, counted: Tally, expected: dict[Number, float], checks: int) -> list[Check]:
    """The checks on one study, each with a false-alarm rate of `FALSE_ALARM` / `checks`."""
    side = FALSE_ALARM / checks / 2
    found = []
    rows = zip(counted.quoted, counted.held, counted.too_high, counted.points, strict=True)
    for (number, truth), row in zip(counted.numbers.items(), rows, strict=True):
        quoted, held, too_high, points = map(int, row)
        if not quoted:
            continue
        aim = expected[number]
        low, high = (int(end) for end in stats.binom.ppf([side, 1 - side], quoted, aim))
        if (
            points == quoted
        ):  # an interval of no width claims to be exact, as the difference of equal predictors
            aim, low, high = 1.0, quoted, quoted
        elif quoted < counted.repeats and kind(number) != "accuracy":
            low, high = max(quoted - int(stats.binom.isf(side, counted.repeats, 1 - aim)), 0), quoted
        found.append(Check(study, number, truth, counted.repeats, quoted, held, too_high, aim, low, high))
    return found


def coverage(names: Sequence[str], samples: int, repeats: int, threads: int) -> list[Check]:
    """Simulate the named `STUDIES`, `repeats` times `samples` each, in as many processes as `threads`."""
    populations = {name: rs.run(STUDIES[name](POPULATION * samples), threads=threads) for name in names}
    pieces = [min(_CHUNK, repeats - start) for start in range(0, repeats, _CHUNK)]
    tallies = {}
    with ProcessPoolExecutor(threads, mp_context=get_context("spawn")) as pool:
        for name, population in populations.items():
            seeds = [(539, list(STUDIES).index(name), piece) for piece in range(len(pieces))]
            given = repeat(population), repeat(true_numbers(population)), repeat(samples)
            first, *others = pool.map(tally, *given, pieces, seeds)
            tallies[name] = sum(others, first)
    aims = {
        name: expected_coverages(population, tallies[name].numbers, samples)
        for name, population in populations.items()
    }
    # A share of exactly 0 or 1 is held always: it cannot raise a false alarm and does not widen the bands.
    checks = sum(aim < 1 for expected in aims.values() for aim in expected.values())
    return [check for name in populations for check in judge(name, tallies[name], aims[name], checks)]
