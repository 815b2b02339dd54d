"""The jobs of the race: what is computed, on which data, and how far answers may differ."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rhoscope import drawing
from rhoscope.kernels import streams

SEED = 539
GAIN = (0.6, 1.4)
SIZES = (2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)

HORIZON = 1000
"""Of jobs R and F."""

ROUND_SECONDS = 0.3
"""What one timing of the strongest peer should take, roughly."""


SINGLE_TOLERANCE = 1e-3
"""What answers in float32 may typically differ by; at T = 1,000 it is about 1e-5."""


@dataclass(frozen=True)
class Job:
    """One job at any size; `disagreement(reference, answer, arguments)` must stay below `tolerance`."""

    what: str
    method: str
    sizes: tuple[int, ...]
    microseconds: Callable[[int], float]
    operations: Callable[[int], float] | None
    arguments: Callable[[int, int], tuple[Any, ...]]
    disagreement: Callable[[np.ndarray, np.ndarray, tuple[Any, ...]], float]
    tolerance: float
    bytes_read: Callable[[int], float] | None = None
    """Bytes of A that its steps read, each of them all of it; None where they are not what sets the time."""
    typical: Callable[[np.ndarray, np.ndarray], float] | None = None
    """Median difference of our answer in float32; must stay below SINGLE_TOLERANCE. None: it is not timed."""

    def count(self, n: int) -> int:
        """How many matrices make a round last, but no fewer than whole groups of lanes for two threads."""
        lanes = 8 if self.typical is None else 16  # those of float32
        count = int(1e6 * ROUND_SECONDS / self.microseconds(n))
        return max(2 * lanes, count - count % (2 * lanes))


def _matrices(n: int, count: int) -> np.ndarray:
    """Real Ginibre, gain uniform."""
    generator = np.random.default_rng([SEED, n])
    gain = generator.uniform(*GAIN, count) / np.sqrt(n)
    return generator.standard_normal((count, n, n)) * gain[:, None, None]


def _eigenvalue_disagreement(reference: np.ndarray, answer: np.ndarray, arguments: tuple[Any, ...]) -> float:
    """Spectral radii relative to the reference; and, for the rest, the sum of eigenvalues and the trace."""
    (matrices,) = arguments
    expected, found = (np.abs(values).max(axis=1) for values in (reference, answer))
    trace = np.trace(matrices, axis1=1, axis2=2)
    off = np.abs(answer.sum(axis=1) - trace) / np.linalg.norm(matrices, axis=(1, 2))
    return float(max(np.max(np.abs(found / expected - 1)), np.max(off)))


def lags_to(horizon: int) -> np.ndarray:
    """2^j and 3 * 2^j up to the horizon, and the horizon."""
    powers = 2 ** np.arange(horizon.bit_length())
    lags = np.unique(np.concatenate([powers, 3 * powers, [horizon]]))
    return lags[lags <= horizon]


def _recurrence(horizon: int) -> Callable[[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    def arguments(n: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        delta = np.random.default_rng([540, n]).standard_normal((count, n))
        return _matrices(n, count), delta, lags_to(horizon)

    return arguments


def _system(n: int, count: int) -> tuple[np.ndarray, ...]:
    """A, and B, x_1..x_T, h_0 and y as a study with this seed draws them; the lags."""

    def draw(stream: int, *shape: int, scale: float = drawing.vector_scale(n)) -> np.ndarray:
        return drawing.draw_vectors(stream, shape, scale, 0, count, SEED)

    return (
        _matrices(n, count),
        draw(streams.INPUT_MAP, n, 1),
        draw(streams.INPUTS, HORIZON, 1, scale=1.0),
        draw(streams.STATE, n),
        draw(streams.TARGET, n),
        lags_to(HORIZON),
    )


def _log_norm_disagreement(reference: np.ndarray, answer: np.ndarray, arguments: tuple[Any, ...]) -> float:
    """Absolute where log norms are below 1, relative above: at lag 10^6 they reach 10^5 and more."""
    return float(np.max(np.abs(answer - reference) / np.maximum(1.0, np.abs(reference))))


def _typical_radius(reference: np.ndarray, answer: np.ndarray) -> float:
    """Median difference of spectral radii, relative."""
    expected, found = (np.abs(values).max(axis=1) for values in (reference, answer))
    return float(np.median(np.abs(found / expected - 1)))


def _typical_log_norm(reference: np.ndarray, answer: np.ndarray) -> float:
    """Median difference of log norms, absolute below 1 and relative above."""
    return float(np.median(np.abs(answer - reference) / np.maximum(1.0, np.abs(reference))))


def _law_disagreement(reference: np.ndarray, answer: np.ndarray, arguments: tuple[Any, ...]) -> float:
    """Mean and second moment of the entries in standard errors: each contender draws its own numbers."""
    count, n = arguments
    entries = count * n * n
    mean = abs(np.mean(answer)) * np.sqrt(n * entries)
    second = abs(n * np.mean(answer**2) - 1) * np.sqrt(entries / 2)
    return float(max(mean, second))


def _ladder(horizon: int) -> Job:
    return Job(
        what=f"log norms at log-spaced lags to {horizon:,} by any way",
        method="log_norms_by_ladder",
        sizes=(4, 8, 16, 32, 64, 128, 256, 512),
        microseconds=lambda n: horizon.bit_length() * (2 * n**3 / 1.5e4 + 1),
        operations=None,
        arguments=_recurrence(horizon),
        disagreement=_log_norm_disagreement,
        tolerance=1e-9,
    )


JOBS: dict[str, tuple[Job, ...]] = {
    "E": (
        Job(
            what="all eigenvalues",
            method="eigvals",
            sizes=SIZES,
            microseconds=lambda n: 0.12 * n + 0.06 * n**2 + 8e-4 * n**3,
            operations=lambda n: 10 * n**3,
            arguments=lambda n, count: (_matrices(n, count),),
            disagreement=_eigenvalue_disagreement,
            tolerance=1e-10,
            typical=_typical_radius,
        ),
    ),
    "R": (
        Job(
            what="log norms at log-spaced lags to 1,000 by steps",
            method="log_norms_by_steps",
            sizes=SIZES,
            microseconds=lambda n: 2 + 2 * n**2 * HORIZON / 3e4,
            operations=lambda n: 2 * n**2 * HORIZON,
            arguments=_recurrence(HORIZON),
            disagreement=_log_norm_disagreement,
            tolerance=1e-9,
            bytes_read=lambda n: 8 * n**2 * HORIZON,
            typical=_typical_log_norm,
        ),
    ),
    "F": (
        Job(
            what="backpropagation through time, T = 1,000: states, adjoints, ∂L/∂A, ∂L/∂B, log norms",
            method="backpropagation",
            sizes=SIZES,
            microseconds=lambda n: 75 + 6 * n**2 * HORIZON / 1e4,
            operations=None,
            arguments=_system,
            disagreement=_log_norm_disagreement,
            tolerance=1e-9,
            typical=_typical_log_norm,
        ),
    ),
    "L": (_ladder(10**3), _ladder(10**4), _ladder(10**6)),
    "G": (
        Job(
            what="real Ginibre matrices drawn",
            method="normals",
            sizes=SIZES,
            microseconds=lambda n: 4e-2 * n**2,  # ten times as long as it takes: some 50 MB of numbers
            operations=None,
            arguments=lambda n, count: (count, n),
            disagreement=_law_disagreement,
            tolerance=5.0,
        ),
    ),
}
