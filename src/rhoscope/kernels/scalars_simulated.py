"""Slices and arithmetic of one lane in Numba's CUDA simulator, where kernels run as plain Python.

Floats are NumPy's, which divide by zero as IEEE 754 says; integers are Python's, cut to 64 bits where they become
the pattern of a float.
"""

import ctypes
import ctypes.util
import math
import struct
import threading
from typing import Any

import numpy as np

from rhoscope.kernels.layout import WARP

_exact_fma = ctypes.CDLL(ctypes.util.find_library("m")).fma
_exact_fma.restype = ctypes.c_double
_exact_fma.argtypes = [ctypes.c_double] * 3

_WORD = (1 << 64) - 1
_NO_INTEGER = -(1 << 63)  # what a GPU converts NaN to


def beyond(a, start):
    """The array a from a[start] on."""
    return a[start:]


def part(a, start):
    """The lane a from element `start` on."""
    return a[start * WARP :]


def fma(x, y, z):
    """x * y + z, rounded once."""
    return np.float64(_exact_fma(x, y, z))


def sqrt(x):
    """Correctly rounded square root."""
    return np.sqrt(np.float64(x))


def absolute(x):
    """Absolute value."""
    return np.abs(np.float64(x))


def floor(x):
    """Largest whole number not above x, as a float."""
    return np.floor(np.float64(x))


def bits(x):
    """The IEEE 754 bit pattern of x as an integer."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


def from_bits(i):
    """The float whose IEEE 754 bit pattern is i."""
    return np.float64(struct.unpack("<d", struct.pack("<Q", int(i) & _WORD))[0])


def to_float(i):
    """The number i as a float."""
    return np.float64(i)


def to_int(x):
    """The whole number x as an integer."""
    return int(x) if math.isfinite(x) else _NO_INTEGER


def thread():
    """Number of the calling thread in its block."""
    return _simulated_thread().threadIdx.x


def sync():
    """Wait for all threads of the block."""
    _simulated_thread().syncthreads()


def sync_any(mask):
    """`sync`, and whether the mask of any thread of the block holds."""
    return _simulated_thread().syncthreads_or(mask) != 0


def _simulated_thread() -> Any:
    return threading.current_thread()
