"""Norms of backpropagated gradients at any lags, for very many systems."""

from collections.abc import Callable
from typing import Any, Literal, NoReturn, overload

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import (
    SINGLE_LARGEST,
    as_lags,
    as_matrices,
    as_vectors,
    check_finite,
    check_matrices,
    check_vectors,
    on_gpu,
    past_single,
)
from rhoscope.devices.choose import choose, choose_gpu, choose_single
from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.growth_cpu import OutOfRange
from rhoscope.devices.precision import SINGLE, precision_of
from rhoscope.errors import ArgumentError
from rhoscope.nearest import nearest

_System = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp], NDArray[np.int64]]

_METHODS = ("auto", "step", "ladder")


@overload
def gradient_norms(
    A: Any,
    delta: Any,
    lags: Any,
    *,
    method: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: Literal[False] = False,
) -> NDArray[np.float64]: ...


@overload
def gradient_norms(
    A: Any,
    delta: Any,
    lags: Any,
    *,
    method: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool,
) -> Any: ...


def gradient_norms(
    A: Any,
    delta: Any,
    lags: Any,
    *,
    method: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    dtype: str = "float64",
    on_device: bool = False,
) -> Any:
    """Log norms of gradients after each lag k, in scaled arithmetic that has no range to leave.

    For h_t = A h_{t-1} + ... the gradient with respect to h_{T-k} is (A^T)^k δ, where δ is that with respect
    to h_T; for complex A it is (A^H)^k δ. Its logarithm

        log |(A^T)^k δ|

    is the natural one, of the Euclidean norm.

    Parameters
    ----------
    A
        Recurrent matrices, (..., n, n), real or complex, anything NumPy or DLPack can read; or an array that lives
        on a GPU, which is read there.
    delta
        Gradients δ at lag 0, (..., n), real or complex. Leading dimensions of A and delta broadcast.
    lags
        Lags k, (K,): whole numbers of steps, ascending, 0 or more.
    method
        "step" multiplies by A^T again and again, in O(n^2 k). "ladder" takes the binary powers of A, in
        O(n^3 log k); where the error that it estimates passes 1e-8, powers in twice the digits take over, and
        steps where these will not do either. "auto" takes what costs less for this n and these lags.
    device
        "auto", "cpu" or "cuda"; where "auto" takes a GPU, the logger "rhoscope" says so at INFO.
    threads
        How many threads drive the kernels; None for every core this process may use.
    dtype
        Precision of the arithmetic, "float64" or "float32". In float32 A and delta are rounded first, the method is
        "step", and it runs on the CPU; the logarithms are float64 all the same. A system whose norms pass 2^±4194304,
        where exponents in float32 end, goes on in float64.
    on_device
        Leave the results on the GPU, as an object with the CUDA array interface.

    Returns
    -------
    ndarray
        (..., K); -inf for an exact zero, as which entries of A or delta count that are 2^1022 times smaller than the
        largest of their matrix or vector. The bits do not depend on the other systems or on `threads`.

    Raises
    ------
    ArgumentTypeError
        Not numbers.
    ArgumentError
        Shapes that do not fit one another, an empty array, a NaN or Inf, lags that are negative, not
        ascending or not whole, or no such method; in float32 the ladder, or numbers past its range.

    References
    ----------
    Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with gradient descent is difficult",
    IEEE Trans. Neural Networks 5 (1994) 157.

    Examples
    --------
    >>> import numpy as np
    >>> import rhoscope as rs
    >>> growth = rs.gradient_norms([[0.0, 2.0], [2.0, 0.0]], [1.0, 0.0], lags=[0, 1, 1000])
    >>> print(growth / np.log(2.0))
    [   0.    1. 1000.]
    """
    if method not in _METHODS:
        raise ArgumentError(f"method = {method!r}: not a method; {nearest(str(method), _METHODS)} would do")
    if precision_of(dtype) is SINGLE:
        where = "cuda" if on_device or on_gpu(A) or on_gpu(delta) else device
        return _single(A, delta, lags, method, choose_single(where, threads))
    if on_device or on_gpu(A) or on_gpu(delta):
        return _on_gpu(A, delta, lags, method, choose_gpu(device, threads), on_device)
    given, system, batch = _read(A, delta, lags)
    _, vectors, pairs, ks = system
    n = vectors.shape[-1]
    # A ladder is the host's, and leaves a GPU nothing to do.
    operations = 0.0 if method == "ladder" else 2.0 * n * n * len(pairs) * int(ks.max(initial=0))
    chosen = choose(device, threads, size=n, operations=operations)
    if chosen.name != "cpu":
        _check_finite(*given)
    return _in_range(lambda: chosen.log_norms(*system, method), given).reshape(*batch, ks.size)


def _read(
    A: Any, delta: Any, lags: Any
) -> tuple[tuple[NDArray[Any], NDArray[Any]], _System, tuple[int, ...]]:
    """A and delta as they were given; real matrices (M, n, n) and vectors (D, n), pairs of them, lags; the batch shape.

    Nobody has looked for NaN or Inf.
    """
    given = as_matrices(A, "A", finite=False), as_vectors(delta, "delta", finite=False)
    ks, batch = as_lags(lags), _batch(*given)
    matrices, vectors = given
    if matrices.dtype.kind == "c" or vectors.dtype.kind == "c":
        matrices, vectors = _real_form(matrices, vectors)
    n = vectors.shape[-1]
    pairs = _pairs(matrices, vectors, batch)
    return given, (matrices.reshape(-1, n, n), vectors.reshape(-1, n), pairs, ks), batch


def _in_range(find: Callable[[], Any], given: tuple[NDArray[Any], NDArray[Any]]) -> Any:
    """What `find` finds; an ArgumentError says which of the given numbers it could not take."""
    try:
        return find()
    except OutOfRange:
        pass  # said outside of this block, where nothing else is being handled
    _refuse(*given)


def _check_finite(matrices: NDArray[Any], vectors: NDArray[Any]) -> None:
    """Refuse a NaN or Inf."""
    check_finite(matrices, "A")
    check_finite(vectors, "delta")


def _refuse(matrices: NDArray[Any], vectors: NDArray[Any]) -> NoReturn:
    """Say which number is NaN or Inf or, all being finite, past the range of float32."""
    _check_finite(matrices, vectors)
    beyond = (np.abs(matrices.view(np.float64)) > SINGLE_LARGEST).any(axis=(-2, -1))
    if beyond.any():
        raise past_single("A", np.unravel_index(np.argmax(beyond), beyond.shape))
    beyond = (np.abs(vectors.view(np.float64)) > SINGLE_LARGEST).any(axis=-1)
    raise past_single("delta", np.unravel_index(np.argmax(beyond), beyond.shape))


def _single(A: Any, delta: Any, lags: Any, method: str, chosen: CpuDevice) -> NDArray[np.float64]:
    """The same in float32."""
    if method == "ladder":
        raise ArgumentError(
            'method = "ladder" beside dtype = "float32": binary powers need float64; method = "step", or '
            'dtype = "float64", would do'
        )
    given, system, batch = _read(A, delta, lags)
    return _in_range(lambda: chosen.single_log_norms(*system), given).reshape(*batch, system[-1].size)


def _on_gpu(A: Any, delta: Any, lags: Any, method: str, chosen: Any, on_device: bool) -> Any:
    """The same for arrays that live on a GPU, or results that are to stay there."""
    from rhoscope.devices.cuda_arrays import (
        borrow,
        real_matrices,
        real_vectors,
        to_device,
    )  # where there is a GPU

    matrices = check_matrices(borrow(A, "A"), "A") if on_gpu(A) else as_matrices(A, "A")
    vectors = check_vectors(borrow(delta, "delta"), "delta") if on_gpu(delta) else as_vectors(delta, "delta")
    ks, batch = as_lags(lags), _batch(matrices, vectors)
    if matrices.dtype.kind == "c" or vectors.dtype.kind == "c":
        if isinstance(matrices, np.ndarray) and isinstance(vectors, np.ndarray):
            matrices, vectors = _real_form(matrices, vectors)
        else:
            matrices, vectors = real_matrices(to_device(matrices)), real_vectors(to_device(vectors))
    n, pairs = tuple(vectors.shape)[-1], _pairs(matrices, vectors, batch)
    norms = chosen.log_norms(
        matrices.reshape(matrices.size // (n * n), n, n), vectors.reshape(vectors.size // n, n), pairs, ks, method,
        on_device,
    )  # fmt: skip
    return norms.reshape(*batch, ks.size)


def _batch(matrices: Any, vectors: Any) -> tuple[int, ...]:
    """The common batch shape."""
    try:
        if tuple(matrices.shape)[-1] == tuple(vectors.shape)[-1]:
            return np.broadcast_shapes(tuple(matrices.shape[:-2]), tuple(vectors.shape[:-1]))
    except ValueError:
        pass
    raise ArgumentError(
        f"A: shape {tuple(matrices.shape)} beside delta of shape {tuple(vectors.shape)}; A (..., n, n) and "
        "delta (..., n) with the same n and leading dimensions that broadcast would do"
    )


def _pairs(matrices: Any, vectors: Any, batch: tuple[int, ...]) -> NDArray[np.intp]:
    """Which matrix and which vector make each sample (N, 2)."""
    return np.stack([_members(matrices.shape[:-2], batch), _members(vectors.shape[:-1], batch)], axis=1)


def _members(shape: tuple[int, ...], batch: tuple[int, ...]) -> NDArray[np.intp]:
    """Which member of an array with these leading dimensions belongs to each member of the batch."""
    return np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), batch).ravel()


def _real_form(
    matrices: NDArray[Any], vectors: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X + iY as [[X, -Y], [Y, X]], whose transpose stands for the adjoint; x + iy as (x, y)."""
    x, y = np.real(matrices), np.imag(matrices)
    return np.block([[x, -y], [y, x]]), np.concatenate([np.real(vectors), np.imag(vectors)], axis=-1)
