"""What the columns of a study are made of, whatever computes them: kernels' numbers in, rows of columns out."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices import lapack
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels.layout import leading
from rhoscope.outcome import Outcome

if TYPE_CHECKING:
    from rhoscope.study import Study

Columns = dict[str, NDArray[Any]]

_ROWS = {
    "spectral_radius": layout.RADIUS,
    "radius_low": layout.LOW,
    "radius_high": layout.HIGH,
    "spectral_norm": layout.SPECTRAL,
    "frobenius_norm": layout.FROBENIUS,
    "departure": layout.DEPARTURE,
}


def empty_columns(study: "Study", start: int, stop: int) -> Columns:
    """Columns of a study with samples numbered and all else to be written."""
    count = stop - start
    columns: Columns = {"sample": np.arange(start, stop), "gain": np.empty(count)}
    columns |= {name: np.empty(count) for name in _ROWS}
    columns["leading_eigenvalue"] = np.empty(count, dtype=np.complex128)
    columns["real_eigenvalue_count"] = np.empty(count, dtype=np.int64)
    columns["log_error"] = np.empty(count)
    columns["log_gradient"] = np.empty((count, len(study.lags)))
    if study.delta == "error" and study.mode == "fixed":
        columns["log_gradient_A"] = np.empty(count)
    if study.delta == "error" and study.inputs:
        columns["log_gradient_B"] = np.empty(count)
    if "eigenvalues" in study.measure:
        columns["eigenvalues"] = np.empty((count, study.size), dtype=np.complex128)
    if "numerical_radius" in study.measure:
        columns["numerical_radius"] = np.empty(count)
    columns["outcome"] = np.empty(count, dtype=np.uint8)
    return columns


class StudyWorker(ABC):
    """Computes samples into rows of columns; a device says how a range is drawn, decomposed and taken back in time.

    Args:
        study: the question.
        by_lapack: whether every spectrum comes from LAPACK.
    """

    def __init__(self, study: "Study", by_lapack: bool) -> None:
        self.study = study
        self.n = study.ensemble.real_size(study.size)
        self.m = study.inputs
        self.ld = leading(self.n)
        self.by_lapack = by_lapack
        self.error = study.delta == "error"
        # Without an error of its own, delta is measured as what it is at lag 0.
        self.lags = np.array(study.lags if self.error else (0, *study.lags), dtype=np.int64)

    @abstractmethod
    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        """Draw A of samples start..stop-1, kept for the other methods; returns their gains."""

    @abstractmethod
    def matrix(self, row: int) -> NDArray[np.float64]:
        """The matrix of one sample of those drawn (n, n)."""

    @abstractmethod
    def spectra(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each sample the rows named in `kernels.spectrum` (count, ROWS); real, imaginary parts (count, 2, n)."""

    @abstractmethod
    def gradients(self, count: int) -> NDArray[np.float64]:
        """The results of `bptt`, or of `step_norms` where delta is independent, for each sample (count, results).

        In mode "fresh" those of `fresh_backward`.
        """

    def fill(self, columns: Columns, first: int, start: int, stop: int) -> None:
        """Compute samples start..stop-1 into rows first.. of the columns."""
        count = stop - start
        here = {name: column[first : first + count] for name, column in columns.items()}
        here["gain"][:] = self.draw(start, stop)
        here["outcome"][:] = Outcome.OK
        self._spectra(here, count)
        self._gradients(here, count)
        here["outcome"][(here["log_error"] == -np.inf) & (here["outcome"] <= Outcome.LAPACK)] = (
            Outcome.ZERO_ERROR
        )
        missing = here["outcome"] > Outcome.LAPACK
        if not missing.any():
            return
        for name, column in here.items():
            if name not in ("sample", "gain", "outcome"):
                column[missing] = -1 if column.dtype.kind == "i" else np.nan  # an integer has no NaN

    def _spectra(self, here: Columns, count: int) -> None:
        if self.by_lapack:
            by_lapack = np.arange(count)
        else:
            rows, values = self.spectra(count)
            for name, place in _ROWS.items():
                here[name][:] = rows[:, place]
            here["leading_eigenvalue"].real = rows[:, layout.LEAD_RE]
            here["leading_eigenvalue"].imag = rows[:, layout.LEAD_IM]
            here["real_eigenvalue_count"][:] = rows[:, layout.REAL_COUNT]
            here["outcome"][rows[:, layout.FINITE] < 0.5] = Outcome.NON_FINITE
            by_lapack = np.flatnonzero((rows[:, layout.FAILED] > 0.5) & (rows[:, layout.FINITE] > 0.5))
            if "eigenvalues" in here and not self.study.ensemble.complex_valued:
                here["eigenvalues"].real, here["eigenvalues"].imag = values[:, 0], values[:, 1]
        self.spectra_by_lapack(here, by_lapack.tolist())
        if self.study.measure:
            for row in np.flatnonzero(here["outcome"] <= Outcome.LAPACK).tolist():
                self._measure(here, row)

    def spectra_by_lapack(self, here: Columns, rows: list[int]) -> None:
        """LAPACK's spectra of these rows, for the device to override that has cores for it."""
        for row in rows:
            self.spectrum_by_lapack(here, row, self.matrix(row))

    def spectrum_by_lapack(self, here: Columns, row: int, matrix: NDArray[np.float64]) -> None:
        """LAPACK's spectrum of one row, which has this matrix."""
        if not np.isfinite(matrix).all():
            here["outcome"][row] = Outcome.NON_FINITE
            return
        found = lapack.spectrum(matrix, self.study.cutoff)
        if found is None:
            here["outcome"][row] = Outcome.NOT_CONVERGED
            return
        numbers, values = found
        for name, number in numbers.items():
            here[name][row] = number
        if "eigenvalues" in here and not self.study.ensemble.complex_valued:
            here["eigenvalues"][row] = values
        if not self.by_lapack:
            here["outcome"][row] = Outcome.LAPACK

    def _measure(self, here: Columns, row: int) -> None:
        """The optional columns that no lane kernel gives."""
        if "numerical_radius" in here:
            from rhoscope.theory import numerical_radius  # loads much of SciPy

            here["numerical_radius"][row] = numerical_radius(self.matrix(row))
        if "eigenvalues" in here and self.study.ensemble.complex_valued:
            # The real form has them with their conjugates, and no longer knows which is which.
            real, size = self.matrix(row), self.study.size
            found = lapack.eigenvalues(real[:size, :size] + 1j * real[size:, :size])
            if found is None:
                here["outcome"][row] = Outcome.NOT_CONVERGED
            else:
                here["eigenvalues"][row] = found

    def _gradients(self, here: Columns, count: int) -> None:
        found = self.gradients(count)
        if self.study.mode == "fresh":
            size = len(self.study.lags)
            here["log_gradient"][:] = found[:, :size]
            here["log_error"][:] = found[:, size]
            if "log_gradient_B" in here:
                here["log_gradient_B"][:] = found[:, size + 1]
            # The matrix of a later step may hold what the first one, whose spectrum was found, does not.
            bad = np.isnan(found).any(axis=1) | (found == np.inf).any(axis=1)
            here["outcome"][bad & (here["outcome"] <= Outcome.LAPACK)] = Outcome.NON_FINITE
        elif self.error:
            size = len(self.lags)
            here["log_gradient"][:] = found[:, :size]
            here["log_error"][:] = found[:, size]
            here["log_gradient_A"][:] = found[:, size + 1]
            if self.m:
                here["log_gradient_B"][:] = found[:, size + 2]
        else:
            here["log_error"][:] = found[:, 0]
            here["log_gradient"][:] = found[:, 1:]
