"""Eigenvalues and spectral radii of very many matrices."""

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_matrices, check_finite, check_matrices, on_gpu, past_single
from rhoscope.devices.choose import choose, choose_gpu, choose_single
from rhoscope.devices.precision import SINGLE, precision_of
from rhoscope.errors import RhoscopeError


class NoConvergenceError(RhoscopeError, np.linalg.LinAlgError):
    """No eigenvalue algorithm converged on a matrix."""


@overload
def eigvals(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: Literal[False] = False,
) -> NDArray[np.complexfloating]: ...


@overload
def eigvals(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool,
) -> Any: ...


def eigvals(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool = False,
) -> Any:
    """All eigenvalues of every matrix.

    The roots of

        det(A - λ I) = 0,

    by balancing, Householder reduction to Hessenberg form and the implicit double-shift QR iteration, eight or
    sixteen matrices at a time in the lanes of a vector.

    Parameters
    ----------
    matrices
        (..., n, n), real or complex, anything NumPy or DLPack can read; or an array that lives on a GPU, which is
        read there.
    device
        "auto", "cpu" or "cuda"; where "auto" takes a GPU, the logger "rhoscope" says so at INFO.
    threads
        How many threads drive the kernels; None for every core this process may use.
    dtype
        Precision of the arithmetic, "float64" or "float32". In float32 entries are rounded first, sixteen matrices
        share a vector, and the errors have 2^29 times the size (see "Single precision" in the documentation); it
        runs on the CPU.
    on_device
        Leave the results on the GPU, as an object with the CUDA array interface.

    Returns
    -------
    ndarray
        (..., n) complex, of the given precision, in no promised order. The bits do not depend on the other matrices
        or on `threads`.

    Raises
    ------
    ArgumentError
        Not square, empty, or with a NaN or Inf, whose index is named; or past the range of float32, if that was asked
        for.
    ArgumentTypeError
        Not numbers.
    NoConvergenceError
        Neither our iteration nor LAPACK converged on a matrix, whose index is named.

    References
    ----------
    J. G. F. Francis, "The QR transformation", Computer J. 4 (1961) 265; G. H. Golub, C. F. Van Loan, Matrix
    Computations, 4th edition (2013), section 7.5.

    Examples
    --------
    >>> import rhoscope as rs
    >>> sorted(rs.eigvals([[0.0, 1.0], [1.0, 0.0]]).real.tolist())
    [-1.0, 1.0]
    """
    if precision_of(dtype) is SINGLE:
        array, values, failed = _eigvals_single(matrices, device, threads, on_device)
    elif on_device or on_gpu(matrices):
        array, values, failed = _eigvals_on_gpu(matrices, device, threads, on_device)
    else:
        array = as_matrices(matrices, finite=False)
        n = array.shape[-1]
        if array.dtype.kind == "c":
            check_finite(array, "matrices")
            # LAPACK's complex iteration costs a quarter of the real one on the real form of twice the size.
            values, failed = choose(device, threads).complex_eigenvalues(array.reshape(-1, n, n))
        else:
            chosen = choose(device, threads, size=n, operations=15.0 * n * array.size)
            if chosen.name != "cpu":
                check_finite(array, "matrices")
            values, failed = chosen.eigenvalues(array.reshape(-1, n, n))
            if failed.any():
                # The kernels of the CPU look at every entry anyway; a pass before them took up to a twentieth of all.
                check_finite(array, "matrices")
    if failed.any():
        index = _first(failed, array)
        raise NoConvergenceError(
            f"matrices: no eigenvalues of the matrix at index {index}: neither our iteration nor LAPACK converged; "
            "leave it out, or look at its entries"
        )
    return values.reshape(tuple(array.shape[:-1]))


def _first(some: NDArray[np.bool_], array: Any) -> tuple[int, ...]:
    """Index of the first matrix of which it holds."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(some), tuple(array.shape[:-2])))


def _eigvals_single(
    matrices: Any, device: str, threads: int | None, on_device: bool
) -> tuple[NDArray[Any], NDArray[np.complex64], NDArray[np.bool_]]:
    """The matrices as they were read, their eigenvalues in float32, and which had no convergence."""
    chosen = choose_single("cuda" if on_device or on_gpu(matrices) else device, threads)
    array = as_matrices(matrices, finite=False)
    n = array.shape[-1]
    values, failed, beyond = chosen.single_eigenvalues(array.reshape(-1, n, n))
    if beyond.any():
        check_finite(array, "matrices")
        raise past_single("matrices", _first(beyond, array))
    return array, values, failed


def _eigvals_on_gpu(
    matrices: Any, device: str, threads: int | None, on_device: bool
) -> tuple[Any, Any, NDArray[np.bool_]]:
    """The matrices as they were read, their eigenvalues, and which had no convergence."""
    chosen = choose_gpu(device, threads)
    from rhoscope.devices.cuda_arrays import borrow  # here, where there is a GPU

    array = (
        check_matrices(borrow(matrices, "matrices"), "matrices")
        if on_gpu(matrices)
        else as_matrices(matrices)
    )
    n = tuple(array.shape)[-1]
    find = chosen.complex_eigenvalues if array.dtype.kind == "c" else chosen.eigenvalues
    return array, *find(array.reshape(array.size // (n * n), n, n), on_device)


@overload
def spectral_radius(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: Literal[False] = False,
) -> NDArray[np.floating]: ...


@overload
def spectral_radius(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool,
) -> Any: ...


def spectral_radius(
    matrices: Any,
    *,
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool = False,
) -> Any:
    """The spectral radius of every matrix, from its eigenvalues and never from the growth of its powers.

    ρ(A) = max_i |λ_i(A)|.

    Parameters
    ----------
    matrices
        (..., n, n), real or complex, anything NumPy or DLPack can read; or an array that lives on a GPU, which is
        read there.
    device
        "auto", "cpu" or "cuda"; where "auto" takes a GPU, the logger "rhoscope" says so at INFO.
    threads
        How many threads drive the kernels; None for every core this process may use.
    dtype
        Precision of the arithmetic, "float64" or "float32". In float32 entries are rounded first, sixteen matrices
        share a vector, and the errors have 2^29 times the size (see "Single precision" in the documentation); it
        runs on the CPU.
    on_device
        Leave the results on the GPU, as an object with the CUDA array interface.

    Returns
    -------
    ndarray
        (...,), not negative, of the given precision. For matrices far from normal the computed radius can be wrong
        although the algorithm is backward stable; a study's `radius_low` and `radius_high` bound it.

    Raises
    ------
    ArgumentError, ArgumentTypeError, NoConvergenceError
        As `eigvals`.

    References
    ----------
    R. A. Horn and C. R. Johnson, "Matrix Analysis", 2nd edition (2013), section 1.2.

    Examples
    --------
    >>> import rhoscope as rs
    >>> float(rs.spectral_radius([[0.0, -2.0], [2.0, 0.0]]))
    2.0
    """
    if not on_device or precision_of(dtype) is SINGLE:
        values = eigvals(matrices, device=device, threads=threads, dtype=dtype, on_device=on_device)
        return np.abs(values).max(axis=-1)
    chosen = choose_gpu(device, threads)
    radius = np.abs(eigvals(matrices, device=chosen.name, threads=threads)).max(axis=-1)
    from rhoscope.devices.cuda_arrays import to_device  # here, where there is a GPU

    return to_device(radius)
