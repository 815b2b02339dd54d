"""What a verdict and its figures look at: the computed samples of a result, as logarithms."""

import math
from typing import Any

import numpy as np

from rhoscope.association import Variable
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.outcome import Outcome
from rhoscope.result import Result

RADIUS = "spectral_radius"
GAIN = "gain"


def half_width(band: Any) -> float:
    """The half width c > 0 of the indeterminate band; an error if it is none."""
    if isinstance(band, bool) or not isinstance(band, (int, float, np.floating, np.integer)):
        raise ArgumentTypeError(f"band: got {band!r}; give a positive number, such as log(10) = 2.303")
    if not 0 < band < math.inf:
        raise ArgumentError(f"band: got {band!r}; give a positive finite number, such as log(10) = 2.303")
    return float(band)


class Observations:
    """The computed samples of a result: log predictors at once, log growth a lag at a time.

    `logs` maps each predictor's column to log x, with `frobenius_norm` as log(‖A‖_F/√n); `raw` and `unit` are
    the same for correlation, as they are and less log g. `outcomes` counts all samples by `Outcome`,
    `zero_radius` those where ρ is 0 or not told from 0 by its bounds.
    """

    def __init__(self, result: Result):
        if not isinstance(result, Result):
            raise ArgumentTypeError(
                f"result: got a {type(result).__name__}; give one result, of rhoscope.run or rhoscope.load"
            )
        codes = np.asarray(result.outcome)
        self.outcomes = {code.name: int((codes == code).sum()) for code in Outcome}
        computed = np.isin(codes, [code for code in Outcome if code.computed])
        if not computed.any():
            counts = ", ".join(f"{count} {name}" for name, count in self.outcomes.items() if count)
            raise ArgumentError(f"result: got {counts}; give one with samples that were computed")
        self._computed = slice(None) if computed.all() else computed  # a slice copies nothing
        study = result.study
        self.study = study
        self.lags = study.lags
        self._log_gradient = result.log_gradient
        self._log_error = np.asarray(result.log_error)[self._computed]
        columns = {
            RADIUS: result.spectral_radius,
            "frobenius_norm": result.frobenius_norm / math.sqrt(study.ensemble.real_size(study.size)),
            "spectral_norm": result.spectral_norm,
        }
        if "numerical_radius" in study.measure:
            columns["numerical_radius"] = result.numerical_radius
        self.logs = {name: self._log(column) for name, column in columns.items()}
        self.log_low, self.log_high = self._log(result.radius_low), self._log(result.radius_high)
        self.log_gain = self._log(result.gain)
        self.constant_gain = bool((self.log_gain == self.log_gain[0]).all())
        # Where the bounds of ρ reach 0, the logarithm of what was computed is that of rounding errors.
        known = {RADIUS: self.log_low > -np.inf}
        self.zero_radius = int((~known[RADIUS]).sum())
        self.raw = {name: Variable(values, known.get(name)) for name, values in self.logs.items()}
        self.unit = {
            name: Variable(self.at_unit_gain(values), known.get(name)) for name, values in self.logs.items()
        }
        self.gain = Variable(self.log_gain)

    def at_unit_gain(self, values: np.ndarray) -> np.ndarray:
        """`values` − log g; NaN at gain 0, where the matrix is zero whatever was drawn."""
        with np.errstate(invalid="ignore"):
            return values - self.log_gain

    def growth(self, lag: int) -> np.ndarray:
        """G_k = log(‖∂L/∂h_{T−k}‖/‖∂L/∂h_T‖) of each sample; −inf for a gradient that is exactly zero."""
        if lag not in self.lags:
            raise ArgumentError(f"lag: got {lag!r}; the study recorded {', '.join(map(str, self.lags))}")
        column = np.asarray(self._log_gradient[:, self.lags.index(lag)])
        return column[self._computed] - self._log_error

    def _log(self, column: Any) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(np.asarray(column)[self._computed])
