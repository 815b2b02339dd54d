"""JSON from results is readable by parsers that know no NaN."""

import json
import math

import numpy as np
import pytest

from rhoscope.strict_json import dumps


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (math.nan, None),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (np.float64(-np.inf), "-inf"),
        (1 - 2j, [1.0, -2.0]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1j, complex(0, math.nan)]), [[0.0, 1.0], [0.0, None]]),
        (np.uint8(3), 3),
        ({"a": (1, None, True, "x")}, {"a": [1, None, True, "x"]}),
        (0.1, 0.1),
    ],
)
def test_strict(value: object, read: object) -> None:
    assert json.loads(dumps(value), parse_constant=pytest.fail) == read
