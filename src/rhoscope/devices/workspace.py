"""Memory for kernels."""

import numpy as np
from numpy.typing import NDArray

from rhoscope.kernels.vector import WIDTH


def lanes(elements: int) -> NDArray[np.float64]:
    """Zeroed space for `elements` elements of every lane, aligned to a cache line."""
    count = max(elements, 1) * WIDTH
    raw = np.zeros(count + WIDTH)
    offset = (-raw.ctypes.data // raw.itemsize) % WIDTH
    return raw[offset : offset + count]
