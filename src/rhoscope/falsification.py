"""Systems on which a naive reading of the eigenvalue criterion is wrong: what it foretells, what happens."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import falsification_text, strict_json
from rhoscope.falsification_system import System
from rhoscope.falsification_systems import SYSTEMS
from rhoscope.intervals import Estimate, median
from rhoscope.nearest import nearest
from rhoscope.outcome_table import EXPLODES, INDETERMINATE, LABELS, VANISHES, call

BAND = math.log(10)
"""Half width of the indeterminate band, a natural logarithm, as `rhoscope.criterion` has it."""


@dataclass(frozen=True)
class Transient:
    """The lags k at which the sign of G_k is not that of log ρ.

    Attributes
    ----------
    height
        G_k furthest from 0 among them: positive where growth comes first, negative where decay does, 0 if there
        is none.
    lag
        Where that is; 0 if nowhere.
    length
        How many there are.
    """

    height: float
    lag: int
    length: int


@dataclass(frozen=True, eq=False)
class Counterexample:
    """One system: what the criterion foretells, and what is observed along the lags.

    Outcomes are "vanishes", "indeterminate" and "explodes", as `rhoscope.criterion` has them with a band of log 10.

    Attributes
    ----------
    system
        Its name, the reason in a sentence, A, B, x, h0, y, δ, the horizon T, and the exact ρ.
    spectral_radius, radius_low, radius_high
        ρ as computed, and its bounds.
    path_growth
        G_k = log(‖gradient at lag k‖/‖gradient at lag 0‖) of each path, (paths, K+1), index k; a fixed matrix
        has one path.
    log_growth
        The median of the paths, (K+1,).
    predicted, asymptotic
        The outcome foretold from the bounds of ρ at the longest lag, and as the lag grows without end.
    observed
        The outcome at the longest lag.
    reading
        The outcome that a naive reader expects.
    wrong
        The lags at which exact arithmetic decides against the reading.
    disagrees
        Whether the sign of G_k is another than that of log ρ, with ρ as the system is meant, (K+1,), index k.
    agrees_from
        The lag from which on it is the same; None for never.
    transient
        Height and length of the lags before.
    step_rate
        Least and largest G_k − G_{k−1} over the last half of the lags; NaN where no difference is finite.
    """

    system: System
    spectral_radius: float
    radius_low: float
    radius_high: float
    path_growth: NDArray[np.float64]
    log_growth: NDArray[np.float64]
    predicted: str
    asymptotic: str
    observed: str
    reading: str
    wrong: NDArray[np.int64]
    disagrees: NDArray[np.bool_]
    agrees_from: int | None
    transient: Transient
    step_rate: tuple[float, float]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.system.name

    @property
    def interval(self) -> Estimate | None:
        """The median growth over the paths at the longest lag with its 95 % interval; None for a fixed matrix."""
        return median(self.path_growth[:, -1]) if len(self.path_growth) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of the system, as plain Python."""
        system, interval = self.system, self.interval
        return {
            "name": system.name,
            "title": system.title,
            "why": system.why,
            "size": system.size,
            "horizon": system.horizon,
            "gradient": system.gradient,
            "exact_radius": system.exact_radius,
            "spectral_radius": self.spectral_radius,
            "radius_low": self.radius_low,
            "radius_high": self.radius_high,
            "predicted": self.predicted,
            "asymptotic": self.asymptotic,
            "observed": self.observed,
            "reading": self.reading,
            "wrong": self.wrong.tolist(),
            "agrees_from": self.agrees_from,
            "transient": vars(self.transient),
            "step_rate": self.step_rate,
            "paths": len(self.path_growth),
            "interval": None if interval is None else [interval.low, interval.high],
            "log_growth": self.log_growth.tolist(),
            "exact": None if system.exact is None else system.exact.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Falsification:
    """The counterexamples; see `counterexamples`. It prints as a table of one row a case, with the reasons below."""

    cases: tuple[Counterexample, ...]

    def __getitem__(self, name: str) -> Counterexample:
        """The case of that name."""
        for case in self.cases:
            if case.name == name:
                return case
        raise KeyError(f"{name!r}; {nearest(str(name), [case.name for case in self])} would do")

    def __iter__(self) -> Iterator[Counterexample]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of the systems, as plain Python: numbers, strings, lists and dicts."""
        return {"band": BAND, "cases": [case.to_dict() for case in self.cases]}

    def to_json(self) -> str:
        """`to_dict` as strict JSON: NaN becomes null, infinities the strings "inf" and "-inf"."""
        return strict_json.dumps(self.to_dict())

    def __str__(self) -> str:
        return falsification_text.as_text(self)

    def _repr_html_(self) -> str:
        return falsification_text.as_html(self)


def counterexamples() -> Falsification:
    """Run the built-in systems on which a naive reading of the eigenvalue criterion is wrong.

    The criterion: gradients vanish if ρ(A) < 1 and explode if ρ(A) > 1. The growth at lag k is

        G_k = log(‖∂L/∂h_{T−k}‖ / ‖∂L/∂h_T‖),

    or the same of ∂L/∂x_t, by `rhoscope.bptt`; k·log ρ is what the criterion expects of it, with bounds of ρ as
    `rhoscope.criterion` has them.

    Returns
    -------
    Falsification
        One case a system, by name or in turn. It prints as a table; `rhoscope.plots.counterexamples` draws it.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005); J. E. Cohen and C. M. Newman, "The
    stability of large random matrices and their products", Ann. Probab. 12 (1984).

    Examples
    --------
    >>> import rhoscope as rs
    >>> case = rs.counterexamples()["transient"]
    >>> case.predicted, case.agrees_from, round(case.transient.height, 1)
    ('vanishes', 185, 15.2)
    """
    return Falsification(tuple(judge(build()) for build in SYSTEMS))


def judge(system: System) -> Counterexample:
    """One system against the criterion."""
    radius, low, high = system.radius()
    paths = system.paths()
    path_growth = paths - paths[:, :1]
    growth = np.median(path_growth, axis=0)
    path_growth.flags.writeable = growth.flags.writeable = False
    last = growth.size - 1
    reading = _sign_reading(radius) if system.reading is None else system.reading
    exact = growth if system.exact is None else system.exact
    outcomes = call(exact, exact, BAND)
    disagrees = np.sign(growth) != np.sign(_log(system.exact_radius))
    disagrees[0] = False  # G_0 = 0 whatever the system
    agrees_from, transient = _agreement(growth, disagrees)
    return Counterexample(
        system=system,
        spectral_radius=radius,
        radius_low=low,
        radius_high=high,
        path_growth=path_growth,
        log_growth=growth,
        predicted=_label(last * _log(low), last * _log(high), BAND),
        asymptotic=_label(_log(low), _log(high), 0.0),
        observed=_label(growth[-1], growth[-1], BAND),
        reading=LABELS[reading],
        wrong=np.flatnonzero((outcomes != INDETERMINATE) & (outcomes != reading)),
        disagrees=disagrees,
        agrees_from=agrees_from,
        transient=transient,
        step_rate=_step_rate(growth),
    )


def _sign_reading(radius: float) -> int:
    """What the sign of log ρ foretells at every lag, to those who read no more than that."""
    return EXPLODES if radius > 1.0 else VANISHES if radius < 1.0 else INDETERMINATE


def _label(low: float, high: float, band: float) -> str:
    return LABELS[int(call(np.array(low), np.array(high), band))]


def _log(radius: float) -> float:
    return math.log(radius) if radius > 0.0 else -math.inf


def _agreement(growth: NDArray[np.float64], disagrees: NDArray[np.bool_]) -> tuple[int | None, Transient]:
    """From where the sign of G_k stays that of log ρ, and the lags before."""
    lags = np.flatnonzero(disagrees)
    if lags.size == 0:
        return 1, Transient(height=0.0, lag=0, length=0)
    peak = int(lags[np.argmax(np.abs(growth[lags]))])
    last = int(lags[-1])
    agrees_from = None if last == growth.size - 1 else last + 1
    return agrees_from, Transient(height=float(growth[peak]), lag=peak, length=lags.size)


def _step_rate(growth: NDArray[np.float64]) -> tuple[float, float]:
    late = growth[growth.size // 2 :]
    steps = np.diff(late[np.isfinite(late)])
    return (float(steps.min()), float(steps.max())) if steps.size else (math.nan, math.nan)
