"""Real arrays with an integer exponent beside every element: float64 arithmetic whose range has no end.

An element is mantissa * 2^exponent with 1/2 <= |mantissa| < 1, or zero. Sums and products are rounded as
float64 rounds them: as long as float64 would meet no overflow and no subnormal number, the bits are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Below every exponent that can occur, so that a zero decides no alignment; four of them still add in int64.
_ZERO_EXPONENT = -(2**60)
# Shifts past these change nothing more: the term vanishes beside the largest, or leaves float64's range.
_MOST_SHIFT = 1100
# Terms this far below the largest may be cut short when they are aligned to it, ...
_SAFE_SHIFT = -900
# ... which can matter only where the others cancel to less than this.
_CANCELLED = 2.0**-700


@dataclass(slots=True, eq=False)
class Scaled:
    """An array of numbers mantissa * 2^exponent, normalised element by element.

    Attributes
    ----------
    mantissa
        float64, in magnitude from 1/2 to 1, or 0.
    exponent
        int64, of the same shape.
    """

    mantissa: NDArray[np.float64]
    exponent: NDArray[np.int64]

    def __getitem__(self, index: Any) -> "Scaled":
        return Scaled(self.mantissa[index], self.exponent[index])

    def __setitem__(self, index: Any, value: "Scaled") -> None:
        self.mantissa[index] = value.mantissa
        self.exponent[index] = value.exponent

    def __add__(self, other: "Scaled") -> "Scaled":
        mantissas = np.broadcast_arrays(self.mantissa, other.mantissa)
        exponents = np.broadcast_arrays(self.exponent, other.exponent)
        return _total(np.stack(mantissas), np.stack(exponents), axis=0)

    def __sub__(self, other: "Scaled") -> "Scaled":
        return self + Scaled(-other.mantissa, other.exponent)

    def transposed(self) -> "Scaled":
        """The same matrices with the last two axes exchanged."""
        return Scaled(self.mantissa.swapaxes(-1, -2), self.exponent.swapaxes(-1, -2))

    def broadcast_to(self, shape: tuple[int, ...]) -> "Scaled":
        """The same numbers, repeated to fill the shape."""
        return Scaled(np.broadcast_to(self.mantissa, shape), np.broadcast_to(self.exponent, shape))

    def log_norm(self, axes: int) -> NDArray[np.float64]:
        """Natural logarithm of the Euclidean norm over the last `axes` axes; -inf for an exact zero."""
        kept = self.mantissa.shape[: self.mantissa.ndim - axes]
        flat = Scaled(self.mantissa.reshape(*kept, -1), self.exponent.reshape(*kept, -1))
        square = sum_of_products(flat, flat, axis=-1)
        with np.errstate(divide="ignore"):
            return 0.5 * (np.log(square.mantissa) + square.exponent * np.log(2.0))

    def value(self) -> NDArray[np.float64]:
        """The numbers as float64: infinite above its range, subnormal or zero below."""
        shift = np.clip(self.exponent, -_MOST_SHIFT, _MOST_SHIFT).astype(np.int32)
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(self.mantissa, shift)


def scaled(values: NDArray[np.float64]) -> Scaled:
    """Finite numbers in scaled form."""
    return _normalised(values, np.zeros(values.shape, dtype=np.int64))


def empty(shape: tuple[int, ...]) -> Scaled:
    """An array to be filled."""
    return Scaled(np.empty(shape), np.empty(shape, dtype=np.int64))


def concatenate(parts: Sequence[Scaled], axis: int) -> Scaled:
    """The parts joined along an axis that they have."""
    return Scaled(
        np.concatenate([part.mantissa for part in parts], axis),
        np.concatenate([part.exponent for part in parts], axis),
    )


def sum_of_products(left: Scaled, right: Scaled, axis: int) -> Scaled:
    """Sum over one axis of left * right, each product and each partial sum rounded once; shapes broadcast."""
    # A product of mantissas is 0 or at least 1/4, so it is exact in range without being normalised.
    return _total(left.mantissa * right.mantissa, left.exponent + right.exponent, axis)


def _total(mantissa: NDArray[np.float64], exponent: NDArray[np.int64], axis: int) -> Scaled:
    """Sum over one axis of mantissa * 2^exponent, in NumPy's order; zero where the axis is empty."""
    top = exponent.max(axis, initial=2 * _ZERO_EXPONENT, keepdims=True)
    shift = exponent - top
    aligned = np.ldexp(mantissa, np.maximum(shift, -_MOST_SHIFT).astype(np.int32))
    sums = aligned.sum(axis)
    total = _normalised(sums, top.squeeze(axis))
    small = np.abs(sums) < _CANCELLED
    if not small.any():
        return total
    far = (shift < _SAFE_SHIFT) & (mantissa != 0.0)
    needed = far & np.expand_dims(small, axis)
    if not needed.any():
        return total
    # The far terms are summed on their own, aligned to the largest of them.
    near = _normalised(np.where(far, 0.0, aligned).sum(axis), top.squeeze(axis))
    rest = _total(np.where(needed, mantissa, 0.0), np.where(needed, exponent, _ZERO_EXPONENT), axis)
    return near + rest


def _normalised(values: NDArray[np.float64], exponent: NDArray[np.int64]) -> Scaled:
    """The numbers values * 2^exponent."""
    mantissa, carry = np.frexp(values)
    return Scaled(mantissa, np.where(mantissa == 0.0, _ZERO_EXPONENT, exponent + carry))
