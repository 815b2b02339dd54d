"""Ranks against SciPy's and against their definition."""

import numpy as np
import pytest
from scipy import stats

from rhoscope.ranks import Ranks


def last_digits() -> np.ndarray:
    """Values that differ in their last 16 bits alone, of either sign, out of order."""
    steps = np.random.default_rng(1).permutation(3000)
    return np.concatenate([1.0 + steps * 2.0**-52, -1.0 - steps * 2.0**-52])


CASES = {
    "normal": np.random.default_rng(2).standard_normal(5000),
    "last digits": last_digits(),
    "far apart": np.random.default_rng(3).permutation(np.ldexp(1.0, np.arange(-1074, 1024))),
    "ties": np.random.default_rng(4).integers(-30, 30, 5000).astype(float),
    "infinite": np.array([1.0, -np.inf, 0.0, np.inf, -np.inf, -1.0, np.inf, -np.inf, 5e-324]),
    "zeros of both signs": np.array([0.0, 1.0, -0.0, 0.0, -1.0, -0.0]),
    "one": np.array([3.0]),
    "strided": np.random.default_rng(5).standard_normal((400, 3))[:, 1],
}


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_ranks_are_the_middle_ranks_of_scipy(values):
    ranks = Ranks(values)
    np.testing.assert_array_equal(values[ranks.order], np.sort(values))
    np.testing.assert_array_equal(ranks.order[ranks.place], np.arange(values.size))
    # SciPy counts from 1: the mean of the places of a group of ties.
    np.testing.assert_array_equal(ranks.rank[ranks.place], 2 * stats.rankdata(values) - 1)
    assert ranks.tied == (np.unique(values).size < values.size)


def test_equal_values_stand_in_the_order_of_their_samples():
    values = np.random.default_rng(7).integers(0, 9, 1000).astype(float)
    np.testing.assert_array_equal(Ranks(values).order, np.argsort(values, kind="stable"))
