"""Spectra by LAPACK: for matrices too large for the lanes, and for the rare one that did not converge there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

EPS = float(np.finfo(np.float64).eps)
_SAFE = 400  # a largest entry of 2^±400 leaves its square, and a sum of many, in range


def eigenvalues(matrix: NDArray[Any]) -> NDArray[np.complex128] | None:
    """All eigenvalues of one (n, n) matrix, or None where LAPACK does not converge either."""
    try:
        return np.linalg.eigvals(matrix).astype(np.complex128)
    except np.linalg.LinAlgError:
        return None


def radius_bounds(
    matrix: NDArray[np.float64], values: NDArray[np.complex128], cutoff: float
) -> tuple[float, float]:
    """(rho_low, rho_high) of one matrix from the condition numbers of its leading eigenvalues.

    e_i = 8 n eps |A|_F kappa_i over all i with |lambda_i| >= cutoff rho; rho_high = max(|lambda_i| + e_i),
    rho_low = max(0, max(|lambda_i| - e_i)). They are 0 and infinite where LAPACK, asked for vectors too, finds no
    eigenvalues, or others.
    """
    import scipy.linalg  # here, because few studies need it

    try:
        again, left, right = scipy.linalg.eig(matrix, left=True, right=True)
    except np.linalg.LinAlgError:
        return 0.0, np.inf
    radius = float(np.abs(values).max())
    with np.errstate(divide="ignore"):
        kappa = 1.0 / np.abs(np.sum(left.conj() * right, axis=0))  # both come with unit columns
    norm = float(np.linalg.norm(matrix))
    error = np.zeros(len(again)) if norm == 0.0 else 8.0 * len(matrix) * EPS * norm * kappa
    modulus = np.abs(again)
    leads = modulus >= cutoff * modulus.max()
    low, high = float((modulus - error)[leads].max()), float((modulus + error)[leads].max())
    return (max(0.0, low), high) if low <= radius <= high else (0.0, np.inf)


def spectrum(
    matrix: NDArray[np.float64], cutoff: float
) -> tuple[dict[str, complex], NDArray[np.complex128]] | None:
    """The columns of a spectrum and all its eigenvalues, of one (n, n) matrix; None without convergence."""
    exponent = int(np.frexp(np.abs(matrix).max())[1])
    if abs(exponent) > _SAFE:  # squares would leave the range
        found = spectrum(np.ldexp(matrix, -exponent), cutoff)
        return found and _times_power(*found, exponent)
    values = eigenvalues(matrix)
    if values is None:
        return None
    modulus = np.abs(values)
    lead = values[np.argmax(modulus)]
    low, high = radius_bounds(matrix, values, cutoff)
    frobenius = float(np.linalg.norm(matrix))
    return {
        "spectral_radius": float(modulus.max()),
        "radius_low": low,
        "radius_high": high,
        "leading_eigenvalue": complex(lead.real, abs(lead.imag)),
        "real_eigenvalue_count": int(np.sum(values.imag == 0.0)),
        "frobenius_norm": frobenius,
        "spectral_norm": float(np.linalg.norm(matrix, 2)),
        "departure": float(np.sqrt(max(0.0, frobenius**2 - float(np.sum(modulus**2))))),
    }, values


def _times_power(
    numbers: dict[str, complex], values: NDArray[np.complex128], exponent: int
) -> tuple[dict[str, complex], NDArray[np.complex128]]:
    """The columns and eigenvalues of 2^exponent times the matrix."""

    def times(x: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.ldexp(np.real(x), exponent) + 1j * np.ldexp(np.imag(x), exponent)

    grown = {
        name: number
        if name == "real_eigenvalue_count"
        else (complex(times(number)) if isinstance(number, complex) else float(times(number).real))
        for name, number in numbers.items()
    }
    return grown, times(values)
