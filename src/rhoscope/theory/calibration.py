"""The gain at which a stated share of Ginibre matrices has its spectral radius below 1."""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rhoscope.errors import ArgumentError
from rhoscope.theory.ginibre import kostlan_cdf, kostlan_end
from rhoscope.theory.numbers import probability as as_probability
from rhoscope.theory.numbers import whole

_NODES = 4
"""Sizes between which another one is interpolated."""


@dataclass(frozen=True)
class CalibratedGain:
    """A gain and the standard error that it has from a table of simulated quantiles, 0 where it is exact."""

    gain: float
    standard_error: float


@dataclass(frozen=True)
class _Table:
    """Quantiles of the spectral radius at gain 1: log_radius and its standard errors are (sizes, probabilities)."""

    sizes: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    log_radius: NDArray[np.float64]
    standard_error: NDArray[np.float64]


def calibrated_gain(
    probability: float, size: int, field: Literal["complex", "real"] = "complex"
) -> CalibratedGain:
    """The gain g at which a Ginibre matrix has ρ < 1 with a given probability p.

    As ρ is proportional to g, P(ρ < 1) = P(ρ_1 < 1/g), with ρ_1 the radius at gain 1: g = 1/r_p, where r_p is
    the p-quantile of ρ_1. Complex matrices have it exactly, by inverting `kostlan_cdf`, and so has the real
    1×1, whose ρ_1 is |N(0, 1)|. Other real ones have it from a table of simulated quantiles, of 200,000 matrices
    at each of 14 sizes up to 64, 100,000 at 96 and 60,000 at 128, made by `python -m bench gain_table`. Between
    sizes log r_p is the cubic through four of them in 1/√n, between probabilities monotone in the normal
    score Φ⁻¹(p). Tried on Kostlan's exact quantiles, either is off by less than 1e-5, the second in the tails beyond
    p = 0.05 and 0.95 by up to 5e-4 at the smallest n: always less than the standard error there.

    Parameters
    ----------
    probability
        p = P(ρ < 1), between 0 and 1; for real matrices with n > 1 from 0.001 to 0.999.
    size
        n, at least 1; for real matrices at most 128.
    field
        "complex" or "real".

    Returns
    -------
    CalibratedGain
        `.gain`, and its `.standard_error` from the finite number of matrices behind the table: half the distance
        between the order statistics one binomial standard deviation above and below N p.

    Raises
    ------
    ArgumentError
        A probability, size or field that is none of these.

    References
    ----------
    E. Kostlan, "On the spectra of Gaussian matrices", Linear Algebra Appl. 162-164 (1992). H. A. David and
    H. N. Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1, for the standard errors of quantiles.

    Examples
    --------
    >>> from rhoscope.theory import calibrated_gain
    >>> round(calibrated_gain(0.5, size=64).gain, 4)
    0.9393
    >>> round(calibrated_gain(0.5, size=32, field="real").gain, 2)
    0.95
    """
    p, n = as_probability("probability", probability), whole("size", size, least=1)
    if field == "complex":
        from scipy import optimize  # slow to load

        end = kostlan_end(n)
        radius = optimize.brentq(lambda r: float(kostlan_cdf(r, n)) - p, 0.0, end, xtol=1e-15, rtol=1e-14)
        return CalibratedGain(1.0 / radius, 0.0)
    if field != "real":
        raise ArgumentError(f'field: {field!r}; "complex" or "real" would do')
    if n == 1:
        return CalibratedGain(1.0 / float(special.ndtri(0.5 + 0.5 * p)), 0.0)
    log_radius, error = _interpolated(p, n)
    return CalibratedGain(math.exp(-log_radius), error * math.exp(-log_radius))


def tabulated_gains(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities that the table holds, ascending, and the gains of real matrices at them."""
    probabilities = _table().probabilities
    if size == 1:
        return probabilities, 1.0 / special.ndtri(0.5 + 0.5 * probabilities)
    return probabilities, np.exp(-_at_size(size)[0])


def _at_size(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log r_p of real matrices of size n at the table's probabilities, and standard errors."""
    table = _table()
    if not table.sizes[0] <= n <= table.sizes[-1]:
        raise ArgumentError(
            f"size: {n}; for real matrices the table ends at {table.sizes[-1]}: a smaller size, or a quantile of "
            "rs.spectral_radius(rs.ensembles.RealGinibre().sample(size, samples, seed=seed)), would do"
        )
    weights = _size_weights(table.sizes, n)
    return weights @ table.log_radius, np.sqrt(weights**2 @ table.standard_error**2)


def _interpolated(p: float, n: int) -> tuple[float, float]:
    """log r_p of real matrices of size n, and its standard error."""
    from scipy import interpolate  # slow to load

    probabilities = _table().probabilities
    log_radius, error = _at_size(n)
    lowest, highest = probabilities[[0, -1]]
    if not lowest <= p <= highest:
        raise ArgumentError(
            f"probability: {p}; for real matrices the table goes from {lowest} to {highest}, which would do, or "
            'field="complex", which is exact at every probability'
        )
    score, scores = special.ndtri(p), special.ndtri(probabilities)
    curve = interpolate.PchipInterpolator(scores, log_radius)  # monotone: the gain never rises with p
    return float(curve(score)), float(np.interp(score, scores, error))


def _size_weights(sizes: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Lagrange's weights, in 1/√n, of the sizes nearest round n; 1 for n itself where it is one of them."""
    first = int(np.clip(np.searchsorted(sizes, n) - _NODES // 2, 0, len(sizes) - _NODES))
    nodes = 1.0 / np.sqrt(sizes[first : first + _NODES])
    weights = np.zeros(len(sizes))
    for place, node in enumerate(nodes):
        others = np.delete(nodes, place)
        weights[first + place] = np.prod((n**-0.5 - others) / (node - others))
    return weights


@cache
def _table() -> _Table:
    read = json.loads((files(__package__ or "") / "gain_table.json").read_text(encoding="utf-8"))
    rows = read["sizes"]
    radius = np.array([row["radius"] for row in rows])
    return _Table(
        sizes=np.array([row["size"] for row in rows]),
        probabilities=np.array(read["probabilities"]),
        log_radius=np.log(radius),
        standard_error=np.array([row["standard_error"] for row in rows]) / radius,
    )
