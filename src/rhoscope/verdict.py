"""What a result means: the eigenvalue criterion judged lag by lag, with its uncertainty."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from rhoscope import strict_json, verdict_text
from rhoscope.cores import available_cores
from rhoscope.lag_verdict import LagVerdict, judge
from rhoscope.observations import Observations, half_width
from rhoscope.outcome import Outcome

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.study import Study

_JUDGES = 4
"""Lags judged at a time, at most: each takes the memory of some twenty columns."""

_FEW = 1 << 14
"""With fewer samples one lag at a time: handing Python's lock to and fro costs more than threads gain."""

_LARGE = 1 << 21


@dataclass(frozen=True)
class Verdict:
    """How well the spectral radius foretold the gradients of a study, lag by lag; see `criterion`.

    `outcomes` counts the samples by `Outcome`; those not computed are in no table. `zero_radius` counts
    those with ρ = 0, or not told from 0 by its bounds.
    """

    study: "Study"
    band: float
    outcomes: dict[str, int]
    zero_radius: int
    constant_gain: bool
    lags: tuple[LagVerdict, ...]

    def __getitem__(self, lag: int) -> LagVerdict:
        """The verdict at one lag."""
        for entry in self.lags:
            if entry.lag == lag:
                return entry
        raise KeyError(f"lag {lag!r}; the study has {[entry.lag for entry in self.lags]}")

    @property
    def samples(self) -> int:
        """All samples of the result."""
        return sum(self.outcomes.values())

    @property
    def computed(self) -> int:
        """Samples that the verdict rests on."""
        return sum(count for name, count in self.outcomes.items() if Outcome[name].computed)

    @property
    def headline(self) -> str:
        """How often the criterion is right at the longest lag, in one sentence."""
        return verdict_text.headline(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain Python: numbers, strings, lists and dicts."""
        return {
            "study": verdict_text.study_line(self.study),
            "hash": self.study.hash,
            "headline": self.headline,
            "band": self.band,
            "samples": self.samples,
            "computed": self.computed,
            "outcomes": self.outcomes,
            "zero_radius": self.zero_radius,
            "constant_gain": self.constant_gain,
            "lags": [entry.to_dict() for entry in self.lags],
        }

    def to_json(self) -> str:
        """`to_dict` as strict JSON: NaN becomes null, infinities the strings "inf" and "-inf"."""
        return strict_json.dumps(self.to_dict())

    def __str__(self) -> str:
        return verdict_text.as_text(self)

    def _repr_html_(self) -> str:
        return verdict_text.as_html(self)


def criterion(result: "Result", band: float = math.log(10)) -> Verdict:
    """Judge the eigenvalue criterion on a result: vanishing if ρ(A) < 1, exploding if ρ(A) > 1.

    At lag k a sample *explodes* if G_k = log(‖δ_{T−k}‖/‖δ_T‖) > c, *vanishes* if G_k < −c, and is
    indeterminate between. It is predicted to explode if k·log ρ_low > c, to vanish if k·log ρ_high < −c.
    Accuracy is the agreement where both are decided. The rate G_k/k is correlated with log ρ and its rivals
    raw and at unit gain (log g taken from both), because over a swept gain everything correlates with growth.

    Parameters
    ----------
    result
        What `rhoscope.run` returned or `rhoscope.load` read.
    band
        c > 0, half width of the indeterminate band, a natural logarithm.

    Returns
    -------
    Verdict
        One entry a lag, every number with its 95 % interval, of NaN where none is quoted. It prints as a table.

    Raises
    ------
    ArgumentError
        If `band` is not positive and finite, or no sample of the result was computed.
    ArgumentTypeError
        If `band` is not a number, or `result` no result.

    References
    ----------
    Bengio, Simard and Frasconi, IEEE Trans. Neural Networks 5 (1994) 157; Pascanu, Mikolov and Bengio,
    ICML (2013) 1310. Intervals: `rhoscope.intervals` and `rhoscope.correlation`.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=64, samples=200, seed=1)
    >>> verdict = rs.criterion(rs.run(study))
    >>> verdict[64].accuracy.value > 0.8
    True
    """
    width = half_width(band)
    seen = Observations(result)
    # Hundreds of arrays of a column each come and go. The GNU C library would give each back to the system, which
    # costs as much as all arithmetic; having seen a larger block freed, it keeps them.
    np.empty(_LARGE)
    judges = 1 if seen.log_gain.size < _FEW else min(available_cores(), _JUDGES)
    # BLAS on its own threads would spend its time on waiting: its thousands of inner products are short.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(judges) as pool:
        lags = tuple(pool.map(lambda lag: judge(seen, lag, width), seen.lags))
    return Verdict(
        study=result.study,
        band=width,
        outcomes=seen.outcomes,
        zero_radius=seen.zero_radius,
        constant_gain=seen.constant_gain,
        lags=lags,
    )
