"""Products of independent real Ginibre matrices, a fresh one at every step."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rhoscope.theory.numbers import positive, whole


def lyapunov_exponents_fresh(size: int, gain: float = 1.0) -> NDArray[np.float64]:
    """Lyapunov exponents of a product of independent real Ginibre matrices, a fresh one at every step.

    μ_i = log g + ½ [log(2/n) + ψ((n-i+1)/2)] for i = 1..n; μ_1 is the mean growth of log‖δ‖ a step.

    Parameters
    ----------
    size
        n, at least 1.
    gain
        g, above 0.

    Returns
    -------
    ndarray
        (n,), the largest first, in natural logarithms a step.

    Raises
    ------
    ArgumentError
        A size below 1 or a gain that is not positive.

    References
    ----------
    C. M. Newman, "The distribution of Lyapunov exponents: exact results for random matrices", Commun. Math.
    Phys. 103 (1986).

    Examples
    --------
    >>> from rhoscope.theory import lyapunov_exponents_fresh
    >>> print(lyapunov_exponents_fresh(size=4)[0].round(5))
    -0.13518
    """
    n = whole("size", size, least=1)
    freedom = np.arange(n, 0, -1)
    return math.log(positive("gain", gain)) + 0.5 * (math.log(2.0 / n) + special.psi(freedom / 2))


def fresh_growth_variance(size: int) -> float:
    """Variance of the growth of log‖δ‖ in one step by a fresh real Ginibre matrix: ¼ ψ′(n/2).

    The steps are independent, so over k of them mean and variance are k times those of one.

    Parameters
    ----------
    size
        n, at least 1.

    Returns
    -------
    float
        The variance, the same at every gain.

    Raises
    ------
    ArgumentError
        A size below 1.

    References
    ----------
    J. E. Cohen and C. M. Newman, "The stability of large random matrices and their products", Ann. Probab. 12
    (1984).

    Examples
    --------
    >>> from rhoscope.theory import fresh_growth_variance
    >>> print(round(fresh_growth_variance(size=4), 5))
    0.16123
    """
    return 0.25 * float(special.polygamma(1, whole("size", size, least=1) / 2))
