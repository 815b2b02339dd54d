"""JSON that every reader takes: no NaN, no infinities as bare words, arrays and complex numbers as lists."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def dumps(value: Any, *, indent: int | None = None) -> str:
    """`plain(value)` as JSON."""
    return json.dumps(plain(value), allow_nan=False, indent=indent, ensure_ascii=False)


def plain(value: Any) -> Any:
    """The value in JSON's types: NaN is None, infinities are "inf" and "-inf", complex numbers [re, im]."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
