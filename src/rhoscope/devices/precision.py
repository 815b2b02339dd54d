"""The precisions of the CPU: each as NumPy and as the kernels know it."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from rhoscope.errors import ArgumentError
from rhoscope.kernels import double, single


@dataclass(frozen=True)
class Precision:
    """Arithmetic of the kernels.

    Args:
        name: what `dtype` is called.
        numbers: its constants, `kernels.double` or `kernels.single`.
        real, complex: its dtypes.
    """

    name: str
    numbers: ModuleType
    real: type[np.floating[Any]]
    complex: type[np.complexfloating[Any, Any]]

    @property
    def width(self) -> int:
        """Lanes of a group."""
        return self.numbers.WIDTH

    @property
    def kit(self) -> Any:
        """Kernels for which a lane is a matrix; loaded on first use."""
        return import_module("rhoscope.kernels." + ("cpu_single" if self is SINGLE else "cpu"))

    @property
    def columns_kit(self) -> Any:
        """The recurrences for which a lane is a column; loaded on first use."""
        return import_module(
            "rhoscope.kernels." + ("cpu_columns_single" if self is SINGLE else "cpu_columns")
        )


DOUBLE = Precision("float64", double, np.float64, np.complex128)
SINGLE = Precision("float32", single, np.float32, np.complex64)


def precision_of(dtype: Any) -> Precision:
    """The precision of that name, NumPy's type or dtype of it.

    Raises:
        ArgumentError: there is none.
    """
    try:
        name = None if dtype is None else np.dtype(dtype).name  # NumPy takes None for float64
    except TypeError:
        name = None
    for precision in (DOUBLE, SINGLE):
        if name == precision.name:
            return precision
    raise ArgumentError(f'dtype = {dtype!r}: not a precision of the arithmetic; use "float64" or "float32"')
