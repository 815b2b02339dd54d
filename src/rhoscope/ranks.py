"""Middle ranks and their variance."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from rhoscope.kernels.moment_sums import power_sums

_MAGNITUDE = np.int64(2**63 - 1)


class Ranks:
    """Middle ranks of `values` (N,), none of them NaN: ties share one, ±inf are values like others.

    `order` lists the samples by ascending value, and `place[s]` is where sample s stands in it. All else is in
    that order. A rank r = 2·(samples below) + (samples equal) is a whole number: r/2N is the position of a sample
    in (0, 1).
    """

    def __init__(self, values: np.ndarray):
        total = values.size
        self.order, ordered = _ascending(values)
        index = np.int32 if total < 2**31 else np.int64  # half the memory to fetch from
        self.place = np.empty(total, dtype=index)
        self.place[self.order] = np.arange(total, dtype=index)
        apart = ordered[1:] != ordered[:-1]
        self.tied = not apart.all()
        if self.tied:
            self._starts = np.concatenate(([0], 1 + np.flatnonzero(apart)))
            self._counts = np.diff(self._starts, append=total)
            self.mass = self._counts / total  # of each group of ties
            cubes = float((self.mass * self.mass) @ self.mass)
        else:
            cubes = 1.0 / total**2
        self.variance = (1.0 - cubes) / 12

    @cached_property
    def rank(self) -> np.ndarray:
        """Twice the number of samples below each and once that of those equal, in ascending order."""
        if self.tied:
            return np.repeat(2 * self._starts + self._counts, self._counts)
        return np.arange(1, 2 * self.order.size, 2)

    def variance_along(self, direction: np.ndarray) -> Callable[[float], float]:
        """The function s -> variance of the ranks under weights 1/N + s·direction, in ascending order.

        The direction has the sum 0. Without ties every order gives the same.
        """
        if self.tied:
            change = np.add.reduceat(direction, self._starts)
            one = 3 * float((self.mass * self.mass) @ change)
            two = 3 * float((self.mass * change) @ change)
            three = float((change * change) @ change)
        else:
            square, three, _ = power_sums(direction)
            one, two = 0.0, 3 / direction.size * square
        return lambda s: self.variance - s * (one + s * (two + s * three)) / 12

    def variance_influence(self) -> np.ndarray:
        """Influence of each sample on the variance of the ranks, (1 − Σ mass³)/12, where there are ties."""
        square = self.mass * self.mass
        return np.repeat(0.25 * (float(square @ self.mass) - square), self._counts)


def _ascending(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices that sort `values`, ties by index, and the sorted values.

    Whole numbers are sorted, which have the first bits of a value and then its index: NumPy sorts numbers by vectors,
    several times as fast as `argsort` finds indices. Values whose first bits are the same are put in order afterwards.
    """
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    keys = bits >> 63  # all ones for a negative float, which is the smaller the larger its other bits
    keys &= _MAGNITUDE
    keys ^= bits
    spare = values.size.bit_length()
    keys >>= spare
    keys <<= spare
    keys |= np.arange(values.size)
    keys.sort()
    first = keys >> spare
    alike = first[1:] == first[:-1]
    order = np.bitwise_and(keys, (1 << spare) - 1, out=keys)
    if alike.any():
        some = np.zeros(values.size, dtype=bool)
        some[1:] |= alike
        some[:-1] |= alike
        among = order[some]
        order[some] = among[np.argsort(values[among], kind="stable")]
    return order, values.take(order)
