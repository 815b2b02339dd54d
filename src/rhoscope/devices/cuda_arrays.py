"""Arrays that live on a GPU, whatever library made them: read where they lie, checked there, and handed back."""

import math
from typing import Any

import numpy as np

from rhoscope.arrays import check_dtype, not_finite
from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_launch import configured
from rhoscope.devices.cuda_memory import BLOCKS, THREADS, empty
from rhoscope.devices.cuda_state import simulated
from rhoscope.errors import ArgumentError, ArgumentTypeError

_NONE = np.iinfo(np.int64).max
_DLPACK_CUDA = 2  # kDLCUDA; what is managed (13) is every GPU's


def borrow(value: Any, name: str) -> Any:
    """The array as one of Numba's, over the same memory: C-contiguous, float64 or complex128, and finite.

    Raises
    ------
    ArgumentTypeError
        Not of float64 or complex128, or not to be read as it is.
    ArgumentError
        On another GPU, not C-contiguous, or with a NaN or Inf, whose first index is named.
    """
    array = _read(value, name)
    check_dtype(array.dtype, name, value)
    if array.dtype not in (np.float64, np.complex128):
        raise ArgumentTypeError(
            f"{name}: dtype {array.dtype} on a GPU, where float64 and complex128 would do; "
            'convert it there, such as by .astype("float64")'
        )
    if not array.is_c_contiguous():
        raise ArgumentError(
            f"{name}: strides {tuple(array.strides)} for shape {tuple(array.shape)} on a GPU, where C order would do; "
            "make it contiguous there, such as by ascontiguousarray or .contiguous()"
        )
    if array.size:
        _check_finite(array, name)
    return array


def _read(value: Any, name: str) -> Any:
    """The array as one of Numba's, when all that fills it, on whatever stream, has ended."""
    from numba import cuda

    with device_errors(f"reading {name}"):
        if hasattr(value, "__dlpack_device__"):
            kind, there = map(int, value.__dlpack_device__())
            if kind == _DLPACK_CUDA and there != (here := cuda.get_current_device().id):
                raise ArgumentError(
                    f"{name}: this {type(value).__name__} lives on GPU {there}, and this process computes on GPU "
                    f"{here}; copy it there, or have CUDA_VISIBLE_DEVICES show one GPU alone"
                )
        try:
            array: Any = _as_numba(value)
        except (
            AttributeError,
            BufferError,
            NotImplementedError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            raise ArgumentTypeError(
                f"{name}: this {type(value).__name__} cannot be read on the GPU: {error}; "
                "a plain array of numbers would do"
            ) from error
        cuda.synchronize()
    return array


def to_device(array: Any) -> Any:
    """A copy of a NumPy array on the device; what is there already stays where it is."""
    from numba import cuda

    if hasattr(array, "copy_to_host"):
        return array
    with device_errors("copying to the GPU"):
        return cuda.to_device(array)


def to_host(array: Any) -> Any:
    """A copy in NumPy; what is there already stays where it is."""
    if not hasattr(array, "copy_to_host"):
        return array
    with device_errors("copying from the GPU"):
        return array.copy_to_host()


def real_matrices(array: Any) -> Any:
    """[[X, -Y], [Y, X]] of each X + iY, (..., n, n) -> (..., 2n, 2n)."""
    from rhoscope.kernels import grids_arrays

    *batch, n, _ = array.shape
    return _real(grids_arrays.real_matrices, array, n, n * n, (*batch, 2 * n, 2 * n))


def real_vectors(array: Any) -> Any:
    """(x, y) of each x + iy, (..., n) -> (..., 2n)."""
    from rhoscope.kernels import grids_arrays

    *batch, n = array.shape
    return _real(grids_arrays.real_vectors, array, n, n, (*batch, 2 * n))


def _real(kernel: Any, array: Any, n: int, elements: int, shape: tuple[int, ...]) -> Any:
    """Arrays of this shape by a kernel, from arrays of so many elements each, which may be real all the same."""
    from numba import cuda

    parts = array.reshape(array.size).view(np.float64)
    out = empty(math.prod(shape))
    with device_errors("starting a kernel"):
        configured(kernel, _blocks(array.size), THREADS)(
            parts, out, n, array.size // elements, parts.size // array.size
        )
        cuda.synchronize()  # other streams read it, and may be told not to wait for this one
    return out.reshape(*shape)


def _check_finite(array: Any, name: str) -> None:
    from rhoscope.kernels import grids_arrays

    parts = array.reshape(array.size).view(np.float64)
    with device_errors(f"reading {name}"):
        found = to_device(np.array([_NONE]))
        configured(grids_arrays.first_not_finite, _blocks(array.size), THREADS)(parts, found)
        first = int(found.copy_to_host()[0])
    if first != _NONE:
        index = np.unravel_index(first * array.size // parts.size, tuple(array.shape))
        raise not_finite(name, array[index], index)


def _blocks(count: int) -> int:
    """Enough blocks for every multiprocessor, and no more threads than numbers."""
    if simulated():
        return 1
    from numba import cuda

    most: int = BLOCKS * cuda.get_current_device().MULTIPROCESSOR_COUNT
    return max(1, min(-(-count // THREADS), most))


def _as_numba(value: Any) -> Any:
    from numba import cuda

    if getattr(value, "__cuda_ndarray__", False):
        return value
    if hasattr(value, "__cuda_array_interface__"):
        return cuda.as_cuda_array(value)
    return cuda.as_cuda_array(Exported(value))


class Exported:
    """An array that is known by DLPack alone, as the CUDA array interface has it.

    The memory belongs to the array until this object is gone.
    """

    def __init__(self, array: Any) -> None:
        from cuda.core.utils import StridedMemoryView  # pyright: ignore[reportMissingImports] - with numba-cuda

        self._view: Any = StridedMemoryView.from_dlpack(array, stream_ptr=-1)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        view = self._view
        strides = view.strides and tuple(step * view.dtype.itemsize for step in view.strides)
        return {
            "version": 3,
            "shape": tuple(view.shape),
            "strides": strides or None,
            "typestr": np.dtype(view.dtype).str,
            "data": (view.ptr, True),
        }
