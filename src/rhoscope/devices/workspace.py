"""Memory for kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

CELL_BYTES = 64  # of one element of every lane, whatever the precision; a line of the cache


def lanes(elements: int, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
    """Zeroed space for `elements` elements of every lane, aligned to a cache line."""
    width = CELL_BYTES // np.dtype(dtype).itemsize
    count = max(elements, 1) * width
    raw = np.zeros(count + width, dtype)
    offset = (-raw.ctypes.data // raw.itemsize) % width
    return raw[offset : offset + count]
