"""What a study draws, against whole numbers; its spectral columns, against LAPACK on the matrices of `sample`."""

from collections import defaultdict

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from rhoscope.ensembles import (
    ComplexGinibre,
    Diagonal,
    Elliptic,
    Ensemble,
    Given,
    HaarOrthogonal,
    LowRankPlusNoise,
    RealGinibre,
    Sparse,
    Symmetric,
    Triangular,
)
from rhoscope.ensembles.base import real_form
from rhoscope.kernels import streams
from rhoscope.oracles.base import EPSILON, Oracles, Setting, exact
from rhoscope.oracles.philox import philox, uniforms
from rhoscope.outcome import Outcome
from rhoscope.result import Result

_ENSEMBLES: tuple[Ensemble, ...] = (
    RealGinibre(),
    ComplexGinibre(),
    Symmetric(),
    Elliptic(-0.4),
    HaarOrthogonal(),
    Triangular(1.5),
    Sparse(0.6),
    LowRankPlusNoise(2, 1.5),
    Diagonal(0.5, 1.2),
)
# LAPACK and the kernels may each stray by as many units n ε ‖A‖ κ as LAPACK's own tests allow.
_UNITS = 2 * 20.0

Array = NDArray[np.float64]


def study_spectra(setting: Setting) -> Oracles:
    """Gains to the bit; every ensemble's columns at a small size and at a larger one, the worst sample shown."""
    yield exact("study: gains, Philox in whole numbers", *_gains(setting))
    found: dict[str, list[Array]] = defaultdict(list)
    unusual = 0
    for number, ensemble in enumerate(_ENSEMBLES):
        for size in (7, 40):
            result = setting.run(
                700 + number, ensemble=ensemble, size=size, samples=20, gain=(0.5, 1.5), horizon=1, inputs=0,
                delta="independent", measure=() if ensemble.complex_valued else "eigenvalues",
            )  # fmt: skip
            unusual += int((result.outcome != Outcome.OK).sum())
            for name, column in _columns(result).items():
                found[name].append(column)
    yield exact("study: samples that the kernels did not compute", 0, unusual)
    for name, parts in found.items():
        expected, measured, tolerance = np.concatenate(parts, axis=1)
        yield exact(f"study: {name} against LAPACK", expected, measured, tolerance)
    yield from _bounds(setting)


def _gains(setting: Setting) -> tuple[Array, Array]:
    """Gains uniform in (0, 1] as whole numbers have them, and as the device draws them."""
    result = setting.run(699, size=1, horizon=1, samples=64, gain=(0.0, 1.0), inputs=0, delta="independent")
    key = result.study.seed & 0xFFFFFFFF, result.study.seed >> 32
    drawn = [uniforms(philox((0, streams.GAIN, sample, 0), key))[0] for sample in range(64)]
    return np.array(drawn), result.gain


def _bounds(setting: Setting) -> Oracles:
    """A nilpotent matrix behind a rotation: ρ = 0, and rounding alone gives eigenvalues, small or large ones."""
    for number, (size, weight, foretold) in enumerate(((4, 1.0, "vanishes"), (64, 2.0, "indeterminate"))):
        rotation = HaarOrthogonal().sample(size, 1, seed=setting.key(number))[0]
        disguised = rotation @ (weight * np.eye(size, k=1)) @ rotation.T
        result = setting.run(
            400 + number, ensemble=Given(disguised), size=size, samples=1, gain=1.0, horizon=1, inputs=0,
            delta="independent",
        )  # fmt: skip
        law = f"study, nilpotent, {weight:g}s, n = {size}"
        yield exact(f"{law}: lower bound of ρ", 0.0, result.radius_low)
        # The asymptotic prediction: -1 vanishes, 0 indeterminate, 1 explodes.
        sign = (result.radius_low > 1.0).astype(float) - (result.radius_high < 1.0)
        yield exact(f"{law}: {foretold}", {"vanishes": -1.0, "indeterminate": 0.0}[foretold], sign)


def _columns(result: Result) -> dict[str, Array]:
    """Expected, measured and tolerance of each column of a study, (3, values)."""
    study = result.study
    drawn = study.ensemble.sample(study.size, study.samples, seed=study.seed, gain=study.gain)
    columns: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for row, matrix in enumerate(real_form(drawn) if study.ensemble.complex_valued else drawn.real):
        values, error = _eigenvalues(matrix)
        modulus, frobenius = np.abs(values), float(np.linalg.norm(matrix))
        lead = int(np.argmax(modulus))
        rounding = _UNITS * len(matrix) * EPSILON
        radius, slack = float(modulus[lead]), float(error[modulus >= modulus[lead] - error[lead]].max())
        columns["ρ"].append((radius, result.spectral_radius[row], slack))
        columns["|leading λ|"].append((radius, abs(result.leading_eigenvalue[row]), slack))
        columns["‖A‖_F"].append((frobenius, result.frobenius_norm[row], rounding * frobenius))
        largest = float(np.linalg.norm(matrix, 2))
        columns["σ_max"].append((largest, result.spectral_norm[row], rounding * largest))
        # Of the squares: the root of their difference magnifies rounding where A is normal.
        square = frobenius**2 - float(modulus @ modulus)
        slack = 2.0 * float(modulus @ error) + rounding * frobenius**2
        columns["departure²"].append((square, result.departure[row] ** 2, slack))
        below, above = result.radius_low[row] - radius, radius - result.radius_high[row]
        columns["excess of ρ over its bounds"].append((0.0, max(0.0, below, above), rounding * radius))
        if "eigenvalues" in result.columns:
            distance = np.abs(values[:, None] - result.eigenvalues[row][None, :])
            own, theirs = linear_sum_assignment(distance)
            columns["error of every λ"] += zip(
                np.zeros(len(own)), distance[own, theirs], error[own], strict=True
            )
    return {name: np.array(rows).T for name, rows in columns.items()}


def _eigenvalues(matrix: Array) -> tuple[NDArray[np.complex128], Array]:
    """LAPACK's eigenvalues, and how far two backward stable methods may differ in each."""
    values, left, right = scipy.linalg.eig(matrix, left=True, right=True)
    overlap = np.abs(np.sum(left.conj() * right, axis=0))  # of unit vectors: 1/κ
    with np.errstate(divide="ignore"):
        return values, _UNITS * len(matrix) * EPSILON * float(np.linalg.norm(matrix)) / overlap
