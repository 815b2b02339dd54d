"""The stationary state of a stable linear system driven by white noise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_matrices, as_numbers
from rhoscope.errors import ArgumentError
from rhoscope.theory.numbers import single


def stationary_covariance(A: Any, B: Any) -> NDArray[np.float64]:
    """E h_t h_tᵀ of h_t = A h_{t-1} + B x_t with x_t ~ N(0, I), once it no longer depends on t.

    It is the solution Σ = Σ_{k>=0} A^k B Bᵀ (Aᵀ)^k of Σ = A Σ Aᵀ + B Bᵀ; b²/(1 - a²) for numbers a and b.

    Parameters
    ----------
    A
        (n, n), real, with ρ(A) < 1.
    B
        (n, m), real.

    Returns
    -------
    ndarray
        (n, n), symmetric.

    Raises
    ------
    ArgumentError
        Shapes that do not fit, complex numbers, or ρ(A) >= 1.

    References
    ----------
    B. D. O. Anderson and J. B. Moore, "Optimal Filtering" (1979), section 4.2.

    Examples
    --------
    >>> from rhoscope.theory import stationary_covariance
    >>> print(stationary_covariance([[0.6]], [[2.0]]).round(12))
    [[6.25]]
    """
    a, b = single("A", as_matrices(A, "A")), as_numbers(B, "B")
    if b.ndim != 2 or len(b) != len(a):
        raise ArgumentError(f"B: shape {b.shape} beside A {a.shape}; ({len(a)}, m) would do")
    for name, array in (("A", a), ("B", b)):
        if array.dtype.kind == "c":
            raise ArgumentError(f"{name}: complex numbers; real ones would do")
    radius = float(np.abs(np.linalg.eigvals(a)).max())
    if radius >= 1.0:
        raise ArgumentError(
            f"A: spectral radius {radius:.6g}; one below 1 would do, or there is no stationary state"
        )
    import scipy.linalg  # slow to load

    return scipy.linalg.solve_discrete_lyapunov(a, b @ b.T)
