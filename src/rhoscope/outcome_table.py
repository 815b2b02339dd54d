"""Predicted against observed: which samples vanish, explode, or stay within a band."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rhoscope.intervals import Estimate, share

VANISHES, INDETERMINATE, EXPLODES = range(3)
LABELS = ("vanishes", "indeterminate", "explodes")


@dataclass(frozen=True)
class OutcomeTable:
    """Counts of samples, predicted (rows) by observed (columns), each in the order of `LABELS`."""

    counts: tuple[tuple[int, int, int], ...]

    @property
    def total(self) -> int:
        """All samples in the table."""
        return sum(map(sum, self.counts))

    @property
    def shares(self) -> tuple[tuple[Estimate, ...], ...]:
        """Each cell as a share of all samples."""
        return tuple(tuple(share(count, self.total) for count in row) for row in self.counts)

    @property
    def decided(self) -> Estimate:
        """Share of samples where neither the prediction nor the observation is indeterminate."""
        return share(self._decided, self.total)

    @property
    def accuracy(self) -> Estimate:
        """Share of the decided samples where prediction and observation agree."""
        return share(self.counts[VANISHES][VANISHES] + self.counts[EXPLODES][EXPLODES], self._decided)

    @property
    def _decided(self) -> int:
        ends = (VANISHES, EXPLODES)
        return sum(self.counts[predicted][observed] for predicted in ends for observed in ends)

    def to_dict(self) -> dict[str, Any]:
        """Counts, shares, accuracy and decided share as plain Python."""
        return {
            "counts": self.counts,
            "shares": [[asdict(cell) for cell in row] for row in self.shares],
            "accuracy": asdict(self.accuracy),
            "decided": asdict(self.decided),
        }


def call(low: np.ndarray, high: np.ndarray, band: float) -> np.ndarray:
    """Outcome a sample by bounds of its log growth: explodes if low > band, vanishes if high < −band."""
    return INDETERMINATE + (low > band).astype(np.int8) - (high < -band)


def tabulate(predicted: np.ndarray, observed: np.ndarray) -> OutcomeTable:
    """Count the samples by predicted and observed outcome, both as `call` gives them."""
    cells = 3 * predicted + observed
    a, b, c, d, e, f, g, h, i = (int(np.count_nonzero(cells == cell)) for cell in range(9))
    return OutcomeTable(((a, b, c), (d, e, f), (g, h, i)))
