"""Norms of backpropagated gradients at any lags, for very many systems."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_lags, as_matrices, as_vectors
from rhoscope.devices.choose import choose
from rhoscope.errors import ArgumentError
from rhoscope.nearest import nearest

_METHODS = ("auto", "step", "ladder")


def gradient_norms(
    A: Any, delta: Any, lags: Any, *, method: str = "auto", device: str = "auto", threads: int | None = None
) -> NDArray[np.float64]:
    """Log norms of gradients after each lag k, in scaled arithmetic that has no range to leave.

    For h_t = A h_{t-1} + ... the gradient with respect to h_{T-k} is (A^T)^k δ, where δ is that with respect
    to h_T; for complex A it is (A^H)^k δ. Its logarithm

        log |(A^T)^k δ|

    is the natural one, of the Euclidean norm.

    Parameters
    ----------
    A
        Recurrent matrices, (..., n, n), real or complex, anything NumPy or DLPack can read.
    delta
        Gradients δ at lag 0, (..., n), real or complex. Leading dimensions of A and delta broadcast.
    lags
        Lags k, (K,): whole numbers of steps, ascending, 0 or more.
    method
        "step" multiplies by A^T again and again, in O(n^2 k). "ladder" takes the binary powers of A, in
        O(n^3 log k); where the error that it estimates passes 1e-8, powers in twice the digits take over, and
        steps where these will not do either. "auto" takes what costs less for this n and these lags.
    device
        "auto", "cpu" or "cuda".
    threads
        How many threads drive the kernels; None for every core this process may use.

    Returns
    -------
    ndarray
        (..., K); -inf for an exact zero. The bits do not depend on the other systems or on `threads`.

    Raises
    ------
    ArgumentTypeError
        Not numbers.
    ArgumentError
        Shapes that do not fit one another, an empty array, a NaN or Inf, lags that are negative, not
        ascending or not whole, or no such method.

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
    matrices, vectors, ks = as_matrices(A, "A"), as_vectors(delta, "delta"), as_lags(lags)
    batch = _batch(matrices, vectors)
    if matrices.dtype.kind == "c" or vectors.dtype.kind == "c":
        matrices, vectors = _real_form(matrices, vectors)
    n = vectors.shape[-1]
    pairs = np.stack([_members(matrices.shape[:-2], batch), _members(vectors.shape[:-1], batch)], axis=1)
    operations = 2.0 * n * n * len(pairs) * int(ks.max(initial=0))
    norms = choose(device, threads, size=n, operations=operations).log_norms(
        matrices.reshape(-1, n, n), vectors.reshape(-1, n), pairs, ks, method
    )
    return norms.reshape(*batch, ks.size)


def _batch(matrices: NDArray[Any], vectors: NDArray[Any]) -> tuple[int, ...]:
    """The common batch shape."""
    try:
        if matrices.shape[-1] == vectors.shape[-1]:
            return np.broadcast_shapes(matrices.shape[:-2], vectors.shape[:-1])
    except ValueError:
        pass
    raise ArgumentError(
        f"A: shape {matrices.shape} beside delta of shape {vectors.shape}; A (..., n, n) and delta (..., n) "
        "with the same n and leading dimensions that broadcast would do"
    )


def _members(shape: tuple[int, ...], batch: tuple[int, ...]) -> NDArray[np.intp]:
    """Which member of an array with these leading dimensions belongs to each member of the batch."""
    return np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), batch).ravel()


def _real_form(
    matrices: NDArray[Any], vectors: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X + iY as [[X, -Y], [Y, X]], whose transpose stands for the adjoint; x + iy as (x, y)."""
    x, y = np.real(matrices), np.imag(matrices)
    return np.block([[x, -y], [y, x]]), np.concatenate([np.real(vectors), np.imag(vectors)], axis=-1)
