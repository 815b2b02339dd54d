"""Checks of the arguments that ensembles take."""

import math
import numbers
from typing import Any

from rhoscope.errors import ArgumentError, ArgumentTypeError

SEEDS = 2**64
LAST_SAMPLE = 2**63 - 1


def real(name: str, value: Any, low: float, high: float, would_do: str, *, above: bool = False) -> float:
    """A finite number from low (not low itself, where `above`) to high, as a float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ArgumentTypeError(f"{name} = {value!r} is not a number; {would_do} would do")
    number = float(value)
    if not math.isfinite(number) or not low <= number <= high or (above and number == low):
        raise ArgumentError(f"{name} = {value!r} is out of range; {would_do} would do")
    return number


def whole(name: str, value: Any, low: int, high: int, would_do: str) -> int:
    """A whole number from low to high."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ArgumentTypeError(f"{name} = {value!r} is not a whole number; {would_do} would do")
    number = int(value)
    if not low <= number <= high:
        raise ArgumentError(f"{name} = {value!r} is out of range; {would_do} would do")
    return number


def gain_or_range(value: Any) -> float | tuple[float, float]:
    """One gain, or the ends (low, high) between which each sample's gain is uniform."""
    would_do = "a finite gain of at least 0, or a pair (low, high) of them with low <= high,"
    if not isinstance(value, tuple | list):
        return real("gain", value, 0.0, math.inf, would_do)
    if len(value) != 2:
        raise ArgumentError(f"gain = {value!r} has {len(value)} numbers; {would_do} would do")
    low, high = (real("gain", end, 0.0, math.inf, would_do) for end in value)
    if low > high:
        raise ArgumentError(f"gain = {value!r} has its ends the wrong way round; ({high}, {low}) would do")
    return low, high
