"""Argument checks shared by the public functions on arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.errors import ArgumentError, ArgumentTypeError

SINGLE_LARGEST = float(np.finfo(np.float32).max)
_DLPACK_CUDA = (2, 13)  # kDLCUDA, and kDLCUDAManaged


def as_numbers(value: Any, name: str, finite: bool = True) -> NDArray[Any]:
    """Read `value` as a C-contiguous array of finite float64 or complex128 numbers of any shape.

    Parameters
    ----------
    value
        A number, a (nested) sequence, or any array that NumPy or DLPack can read.
    name
        What the caller's argument is called, for the messages.
    finite
        Whether to look for NaN and Inf; a caller who does not must do so later.

    Returns
    -------
    ndarray
        The numbers; the caller's own memory where it already has this form, so not to be written to.

    Raises
    ------
    ArgumentTypeError
        Not an array of numbers that float64 or complex128 can hold.
    ArgumentError
        Ragged, or with a NaN or Inf, whose first index is named.
    """
    array = _read(value, name)
    check_dtype(array.dtype, name, value)
    array = np.asarray(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64, order="C")
    if finite:
        check_finite(array, name)
    return array


def check_finite(array: NDArray[Any], name: str) -> None:
    """Refuse, with an ArgumentError, an array with a NaN or Inf, whose first index is named."""
    finite = np.isfinite(array)
    if not finite.all():
        index = np.unravel_index(np.argmin(finite), array.shape)
        raise not_finite(name, array[index], index)


def check_dtype(dtype: np.dtype[Any], name: str, value: Any) -> None:
    """Refuse, with an ArgumentTypeError, a dtype whose numbers neither float64 nor complex128 holds."""
    if dtype.kind not in "biufc":
        raise ArgumentTypeError(
            f"{name}: dtype {dtype} (from {type(value).__name__}) is not a number; "
            "pass real or complex floating-point numbers, such as numpy.asarray(values, dtype=float)"
        )
    complex_valued = dtype.kind == "c"
    if dtype.itemsize > (16 if complex_valued else 8):
        raise ArgumentTypeError(
            f"{name}: dtype {dtype} is wider than the arithmetic here; "
            f"round it yourself with .astype({'complex' if complex_valued else 'float'})"
        )


def not_finite(name: str, number: Any, index: Sequence[Any]) -> ArgumentError:
    """What is raised for a NaN or Inf at this index."""
    place = tuple(int(i) for i in index)
    return ArgumentError(
        f"{name}: {number} at index {place}; every entry must be finite, remove or replace it"
    )


def past_single(name: str, index: Sequence[Any]) -> ArgumentError:
    """What is raised for numbers past the range of float32 in the matrix or vector at this index."""
    place = tuple(int(i) for i in index)
    where = f" at index {place}" if place else ""  # of one alone there is none
    return ArgumentError(
        f"{name}: an entry{where} is past the range of float32, {SINGLE_LARGEST:.7g}; "
        'dtype = "float64", or smaller numbers, would do'
    )


def as_matrices(value: Any, name: str = "matrices", finite: bool = True) -> NDArray[Any]:
    """Read `value` as one or many square matrices of finite float64 or complex128 numbers.

    Parameters
    ----------
    value
        (..., n, n), anything `as_numbers` reads, n >= 1.
    name
        What the caller's argument is called, for the messages.
    finite
        As for `as_numbers`.

    Returns
    -------
    ndarray
        (..., n, n), C-contiguous, not to be written to.

    Raises
    ------
    ArgumentTypeError
        Not an array of numbers that float64 or complex128 can hold.
    ArgumentError
        Not square, empty, or not finite.
    """
    return check_matrices(as_numbers(value, name, finite), name)


def check_matrices(array: Any, name: str) -> Any:
    """The array; an ArgumentError if its shape is not that of one or many square matrices."""
    shape = tuple(array.shape)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ArgumentError(f"{name}: shape {shape}; square matrices (..., n, n) would do")
    if array.size == 0:
        raise ArgumentError(f"{name}: shape {shape} is empty; pass at least one matrix with n >= 1")
    return array


def as_vectors(value: Any, name: str = "vectors", finite: bool = True) -> NDArray[Any]:
    """Read `value` as one or many vectors of finite float64 or complex128 numbers.

    Parameters
    ----------
    value
        (..., n), anything `as_numbers` reads, n >= 1.
    name
        What the caller's argument is called, for the messages.
    finite
        As for `as_numbers`.

    Returns
    -------
    ndarray
        (..., n), C-contiguous, not to be written to.

    Raises
    ------
    ArgumentTypeError
        Not an array of numbers that float64 or complex128 can hold.
    ArgumentError
        A single number, empty, or not finite.
    """
    return check_vectors(as_numbers(value, name, finite), name)


def check_vectors(array: Any, name: str) -> Any:
    """The array; an ArgumentError if its shape is not that of one or many vectors."""
    if array.ndim < 1:
        raise ArgumentError(
            f"{name}: {array} is a single number; vectors (..., n) would do, such as [{array}]"
        )
    if array.size == 0:
        raise ArgumentError(
            f"{name}: shape {tuple(array.shape)} is empty; pass at least one vector with n >= 1"
        )
    return array


def as_lags(value: Any, name: str = "lags") -> NDArray[np.int64]:
    """Read `value` as lags: whole numbers of steps, not negative, each above the one before.

    Parameters
    ----------
    value
        (K,), K >= 1; floats are taken where they are whole.
    name
        What the caller's argument is called, for the messages.

    Returns
    -------
    ndarray
        (K,) int64.

    Raises
    ------
    ArgumentTypeError
        Not real numbers.
    ArgumentError
        Not one-dimensional, empty, negative, not whole, not ascending, or above 2^53.
    """
    array = _read(value, name)
    if array.dtype.kind not in "iuf" and array.size:
        raise ArgumentTypeError(f"{name}: dtype {array.dtype}; whole numbers such as [1, 2, 4] would do")
    if array.ndim != 1 or array.size == 0:
        raise ArgumentError(
            f"{name}: shape {array.shape}; a list of at least one lag, such as [1, 2, 4], would do"
        )
    # Above 2^53 a float is whole by lack of digits; no horizon comes near.
    for index, lag in enumerate(array.tolist()):
        if not 0 <= lag <= 2**53 or lag != int(lag):
            raise ArgumentError(f"{name}: {lag} at index {index}; lags are whole numbers from 0 to 2^53")
    lags = array.astype(np.int64)
    falls = np.flatnonzero(np.diff(lags) <= 0)
    if falls.size:
        here = int(falls[0])
        raise ArgumentError(
            f"{name}: {lags[here + 1]} at index {here + 1} follows {lags[here]}; "
            f"lags ascend, numpy.unique({name}) would do"
        )
    return lags


def on_gpu(value: Any) -> bool:
    """Whether an array says, by DLPack or the CUDA array interface, that its memory is a GPU's."""
    if getattr(value, "__cuda_ndarray__", False):  # Numba's own, in its simulator too
        return True
    if hasattr(value, "__dlpack_device__"):
        return int(value.__dlpack_device__()[0]) in _DLPACK_CUDA
    return hasattr(value, "__cuda_array_interface__")


def _read(value: Any, name: str) -> NDArray[Any]:
    """NumPy first, which knows every array in host memory; DLPack for what offers nothing else."""
    if on_gpu(value):
        raise ArgumentTypeError(
            f"{name}: this {type(value).__name__} lives on a GPU, and nothing is copied from there unasked; "
            'use device = "cuda" where there is such an argument, or pass a copy in host memory'
        )
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except Exception as error:  # an array library raises what it likes; its words say what it needs
        if isinstance(value, list | tuple):
            raise ArgumentError(f"{name}: {error}; rows of equal length would do") from error
        raise ArgumentTypeError(
            f"{name}: NumPy cannot read this {type(value).__name__}: {error}; pass an array in host memory"
        ) from error
