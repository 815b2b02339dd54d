"""Checks of single numbers, and the way from exact ones back to float64."""

import math
import operator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rhoscope.errors import ArgumentError, ArgumentTypeError


def whole(name: str, value: Any, least: int) -> int:
    """A whole number, from `least` up."""
    try:
        whole = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{name}: {value!r}; a whole number from {least} up would do") from None
    if whole < least:
        raise ArgumentError(f"{name}: {whole}; a whole number from {least} up would do")
    return whole


def positive(name: str, value: float) -> float:
    """A finite number above zero."""
    if not 0.0 < value < math.inf:
        raise ArgumentError(f"{name}: {value}; a finite number above 0 would do")
    return float(value)


def probability(name: str, value: float) -> float:
    """A number between zero and one, neither included."""
    if not 0.0 < value < 1.0:
        raise ArgumentError(f"{name}: {value}; a number above 0 and below 1 would do")
    return float(value)


def finite(name: str, value: float) -> Fraction:
    """A finite number, exactly."""
    if not math.isfinite(value):
        raise ArgumentError(f"{name}: {value}; a finite number would do")
    return Fraction(value)


def radii(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Numbers from zero up, of any shape."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{name}: {value!r}; numbers >= 0 would do") from None
    if not np.all(array >= 0.0):
        raise ArgumentError(f"{name}: {value}; numbers >= 0 would do")
    return array


def relative_radii(name: str, value: ArrayLike, gain: float) -> NDArray[np.float64]:
    """Numbers from zero up as multiples of the gain; those past 1e100, where no law changes any more, as 1e100."""
    with np.errstate(over="ignore"):
        return np.minimum(radii(name, value) / positive("gain", gain), 1e100)


def single(name: str, matrices: NDArray[Any]) -> NDArray[Any]:
    """The one matrix of an array (n, n)."""
    if matrices.ndim != 2:
        raise ArgumentError(f"{name}: shape {matrices.shape}; one square matrix (n, n) would do")
    return matrices


def scaled(P: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """P less a power of two, and its exponent."""
    exponent = int(np.frexp(np.maximum(np.abs(np.real(P)), np.abs(np.imag(P))).max())[1])
    # Twice half the exponent: 2^exponent itself may be out of range where P 2^-exponent is not.
    half = exponent // 2
    return P * 2.0**-half * 2.0 ** (half - exponent), exponent


def rounded(value: Fraction) -> float:
    """The nearest float64; infinite past its range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
