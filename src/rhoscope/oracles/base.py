"""What an oracle says, how the two kinds are judged, and what every family of them shares."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rhoscope.outcome import Outcome
from rhoscope.result import Result
from rhoscope.runner import run
from rhoscope.study import Study

EPSILON = float(np.finfo(np.float64).eps)
LEAST_SAMPLES = 1000
_HUGE = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Oracle:
    """A number that mathematics knows, and what the program finds for it.

    A statistical oracle has a standard error and passes where |z| <= `z_limit`; an exact one has a tolerance
    and passes where |measured - expected| <= tolerance, or where the two are equal, as two infinities are. Where
    an exact oracle compares arrays, it shows the entry that lies furthest from what is expected beside its
    tolerance. An oracle with a sample that could not be computed fails, whatever the others say.

    Attributes
    ----------
    name
        What is held to what.
    expected
        The number that mathematics knows.
    measured
        What the program found.
    standard_error
        That of `measured`; None for an exact oracle.
    tolerance
        How far `measured` may lie from `expected`; None for a statistical oracle.
    failed
        Samples that were not computed.
    remark
        Why the oracle could not be asked, where it could not.
    z_limit
        The largest |z| that passes; it depends on how many others are asked, and is set by `verify`.
    """

    name: str
    expected: float
    measured: float
    standard_error: float | None = None
    tolerance: float | None = None
    failed: int = 0
    remark: str = ""
    z_limit: float = 0.0

    @property
    def z(self) -> float | None:
        """(measured - expected) / standard_error; None for an exact oracle."""
        if self.standard_error is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.float64(self.measured - self.expected) / self.standard_error)

    @property
    def passed(self) -> bool:
        """Whether the program agrees with the mathematics."""
        if self.failed:
            return False
        if self.z is not None:
            return abs(self.z) <= self.z_limit
        if self.measured == self.expected:
            return True
        # An infinite tolerance, of a number too ill-conditioned to be held to anything, does not excuse an infinity.
        return self.tolerance is not None and abs(self.measured - self.expected) <= min(self.tolerance, _HUGE)

    def to_dict(self) -> dict[str, Any]:
        """The oracle as plain values."""
        return {
            "name": self.name,
            "expected": self.expected,
            "measured": self.measured,
            "standard_error": self.standard_error,
            "z": self.z,
            "tolerance": self.tolerance,
            "passed": self.passed,
        }


Oracles = Iterator[Oracle]


@dataclass(frozen=True)
class Setting:
    """What every oracle is given: the device under test, how many samples, and the key of the generator."""

    device: str
    samples: int
    seed: int

    def count(self, share: float = 1.0) -> int:
        """A share of the samples for an oracle whose samples cost more, yet enough for the central limit theorem."""
        return max(LEAST_SAMPLES, round(share * self.samples))

    def key(self, number: int) -> int:
        """A key of the generator for every number, so that no two oracles look at the same random numbers."""
        # By an odd step near 2^64 / golden ratio, so that neighbouring seeds do not share them either.
        return (self.seed + number * 0x9E3779B97F4A7C15) % 2**64

    def run(self, number: int, **fields: Any) -> Result:
        """The device's answer to a study with that key."""
        return run(Study(seed=self.key(number), **fields), device=self.device)


def exact(name: str, expected: ArrayLike, measured: ArrayLike, tolerance: ArrayLike = 0.0) -> Oracle:
    """An oracle without chance, of numbers or of arrays that broadcast; NaN is as far off as can be."""
    truth, found, allowed = np.broadcast_arrays(
        *(np.asarray(values, dtype=np.float64) for values in (expected, measured, tolerance))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(found - truth) / allowed
    ratio = np.where(found == truth, 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    worst = np.unravel_index(np.argmax(ratio), ratio.shape)
    return Oracle(name, float(truth[worst]), float(found[worst]), tolerance=float(allowed[worst]))


def mean(
    name: str,
    expected: float,
    values: NDArray[Any],
    *,
    variance: float | None = None,
    result: Result | None = None,
) -> Oracle:
    """The mean of independent values; a variance that is not known is estimated from them.

    Where each value belongs to a sample of a result, those that were not computed are counted and fail it.
    """
    failed = 0
    if result is not None:
        computed = result.outcome <= Outcome.LAPACK
        values, failed = values[computed], int((~computed).sum())
    if len(values) < 2:
        return Oracle(name, float(expected), math.nan, math.nan, failed=failed)
    spread = float(np.var(values, ddof=1)) if variance is None else variance
    return Oracle(
        name, float(expected), float(np.mean(values)), math.sqrt(spread / len(values)), failed=failed
    )


def share(name: str, probability: float, hits: NDArray[np.bool_], result: Result | None = None) -> Oracle:
    """The share of independent trials that hit, with the standard error of the binomial law expected."""
    p = float(probability)
    return mean(name, p, hits, variance=p * (1.0 - p), result=result)
