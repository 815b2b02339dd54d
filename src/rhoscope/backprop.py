"""Backpropagation through time of a linear recurrent system, as the mathematics has it: readable first.

The system is h_t = A h_{t-1} + B x_t for t = 1..T, with the loss L = |h_T - y|^2 / 2.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_numbers
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.scaled import Scaled, concatenate, empty, scaled, sum_of_products

# Elements of ∂L/∂A held at once while its terms are summed over time.
_TERMS_AT_ONCE = 2**20

_AXES = {"A": "nn", "B": "nm", "x": "Tm", "h0": "n", "y": "n"}
_FORMS = (
    "A (..., n, n), B (..., n, m), x (..., T, m), h0 (..., n), y (..., n) with batches that broadcast, "
    "or numbers A, B, h0, y and x (..., T),"
)


@dataclass(frozen=True, eq=False)
class Gradients:
    """What `bptt` returns. Values are float64, infinite or 0 past its range; logarithms have no such limit.

    A log norm is the natural logarithm of the Euclidean norm (of a matrix: Frobenius), -inf for an exact 0.

    Attributes
    ----------
    loss
        L = |h_T - y|^2 / 2, shape (...).
    h
        States h_0..h_T, (..., T+1, n).
    dh
        ∂L/∂h_t for t = 0..T, (..., T+1, n).
    dA
        ∂L/∂A = sum over t = 1..T of ∂L/∂h_t h_{t-1}^T, (..., n, n).
    dB
        ∂L/∂B = sum over t = 1..T of ∂L/∂h_t x_t^T, (..., n, m).
    dh0
        ∂L/∂h_0, (..., n).
    dx
        ∂L/∂x_t = B^T ∂L/∂h_t for t = 1..T, (..., T, m).
    log_norm_dh
        log |∂L/∂h_t|, index t, (..., T+1).
    log_norm_dA
        log |∂L/∂A|, (...).
    log_norm_dB
        log |∂L/∂B|, (...).
    log_loss
        log L, (...).
    """

    loss: NDArray[np.float64]
    h: NDArray[np.float64]
    dh: NDArray[np.float64]
    dA: NDArray[np.float64]
    dB: NDArray[np.float64]
    dh0: NDArray[np.float64]
    dx: NDArray[np.float64]
    log_norm_dh: NDArray[np.float64]
    log_norm_dA: NDArray[np.float64]
    log_norm_dB: NDArray[np.float64]
    log_loss: NDArray[np.float64]


def bptt(A: Any, B: Any, x: Any, h0: Any, y: Any) -> Gradients:
    """Gradients of the loss of a linear recurrent system, by backpropagation through time.

    With h_t = A h_{t-1} + B x_t and L = |h_T - y|^2 / 2:

        ∂L/∂h_T = h_T - y,   ∂L/∂h_{t-1} = A^T ∂L/∂h_t,
        ∂L/∂A = Σ_t ∂L/∂h_t h_{t-1}^T,   ∂L/∂B = Σ_t ∂L/∂h_t x_t^T,   ∂L/∂x_t = B^T ∂L/∂h_t.

    Every number carries an exponent of its own, so the horizon T has no limit; memory is O(T n m). Leading
    batch dimensions broadcast, and each member of the batch has gradients of its own.

    Parameters
    ----------
    A
        Recurrent matrix, (..., n, n); or a number a.
    B
        Input matrix, (..., n, m); a number b where A is one.
    x
        Inputs x_1..x_T, (..., T, m) with T >= 1; (..., T) where A is a number.
    h0
        Initial state h_0, (..., n); (...) where A is a number.
    y
        Target of the last state, (..., n); (...) where A is a number.

    Returns
    -------
    Gradients
        Where A is a number, without the axes of length n and m.

    Raises
    ------
    ArgumentTypeError
        An argument is not made of real numbers.
    ArgumentError
        Shapes do not fit one another, an array is empty, or an entry is NaN or Inf.

    References
    ----------
    P. J. Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78 (1990).

    Examples
    --------
    >>> import rhoscope as rs
    >>> g = rs.bptt(A=-2.0, B=1.0, x=[0.0, 0.0, 0.0], h0=1.0, y=0.0)
    >>> print(g.dh, g.dA)
    [ 64. -32.  16.  -8.] -96.0
    """
    given = {"A": A, "B": B, "x": x, "h0": h0, "y": y}
    arrays = {name: _real(value, name) for name, value in given.items()}
    scalar = arrays["A"].ndim == 0 and arrays["B"].ndim == 0
    batch = _batch(arrays, scalar)
    if scalar:
        arrays = {name: np.expand_dims(array, _lost_axes(name)) for name, array in arrays.items()}
    A, B, x, h0, y = (scaled(array) for array in arrays.values())
    h = _states(A, B, x, h0, batch)
    dh = _adjoints(A, h[..., -1, :] - y, T=x.mantissa.shape[-2])
    dA = _sum_of_outer_products(dh[..., 1:, :], h[..., :-1, :])
    dB = _sum_of_outer_products(dh[..., 1:, :], x)
    dx = sum_of_products(B.transposed()[..., None, :, :], dh[..., 1:, None, :], axis=-1)
    error = dh[..., -1, :]
    square = sum_of_products(error, error, axis=-1)
    loss = Scaled(square.mantissa, square.exponent - 1)
    inner = 0 if scalar else slice(None)
    return Gradients(
        loss=loss.value()[()],
        h=h.value()[..., inner],
        dh=dh.value()[..., inner],
        dA=dA.value()[..., inner, inner][()],
        dB=dB.value()[..., inner, inner][()],
        dh0=dh[..., 0, :].value()[..., inner][()],
        dx=dx.value()[..., inner],
        log_norm_dh=dh.log_norm(axes=1),
        log_norm_dA=dA.log_norm(axes=2),
        log_norm_dB=dB.log_norm(axes=2),
        log_loss=2.0 * error.log_norm(axes=1) - np.log(2.0),
    )


def _real(value: Any, name: str) -> NDArray[np.float64]:
    """Finite float64 numbers; complex systems have a real form."""
    array = as_numbers(value, name)
    if array.dtype.kind == "c":
        raise ArgumentTypeError(
            f"{name}: dtype {array.dtype}; real numbers would do; X + iY is the real [[X, -Y], [Y, X]]"
        )
    return array


def _lost_axes(name: str) -> tuple[int, ...]:
    """Axes of length n and m, which a scalar system does without."""
    return tuple(range(-len(_AXES[name].strip("T")), 0))


def _batch(arrays: dict[str, NDArray[np.float64]], scalar: bool) -> tuple[int, ...]:
    """The common batch shape; an error that names both arrays where two shapes do not fit."""
    seen: dict[str, tuple[str, int]] = {}
    batches: dict[str, tuple[int, ...]] = {}
    for name, array in arrays.items():
        letters = _AXES[name].strip("nm") if scalar else _AXES[name]
        split = array.ndim - len(letters)
        if split < 0:
            raise _misfit(name, "B" if name == "A" else "A", arrays)
        for letter, length in zip(letters, array.shape[split:], strict=True):
            first, expected = seen.setdefault(letter, (name, length))
            if length != expected:
                raise _misfit(name, first, arrays)
        batches[name] = array.shape[:split]
        # m = 0 is a system without inputs; nothing else may be empty.
        if 0 in batches[name] or any(seen.get(letter, ("", 1))[1] == 0 for letter in "nT"):
            raise ArgumentError(f"{name}: shape {array.shape} is empty; n >= 1 and T >= 1 would do")
        for other, batch in batches.items():
            try:
                np.broadcast_shapes(batch, batches[name])
            except ValueError:
                raise _misfit(name, other, arrays) from None
    return np.broadcast_shapes(*batches.values())


def _misfit(name: str, other: str, arrays: dict[str, NDArray[np.float64]]) -> ArgumentError:
    beside = f" beside {other} of shape {arrays[other].shape}" if other != name else ""
    return ArgumentError(f"{name}: shape {arrays[name].shape}{beside}; {_FORMS} would do")


def _states(A: Scaled, B: Scaled, x: Scaled, h0: Scaled, batch: tuple[int, ...]) -> Scaled:
    """h_0..h_T along the axis before the last; h_t = A h_{t-1} + B x_t is [A, B] times (h_{t-1}; x_t)."""
    T, n, m = x.mantissa.shape[-2], *B.mantissa.shape[-2:]
    maps = concatenate([A.broadcast_to((*batch, n, n)), B.broadcast_to((*batch, n, m))], axis=-1)
    stacked = empty((*batch, T + 1, n + m))
    stacked[..., :T, n:] = x
    stacked[..., 0, :n] = h0
    for t in range(T):
        stacked[..., t + 1, :n] = sum_of_products(maps, stacked[..., t, None, :], axis=-1)
    return stacked[..., :n]


def _adjoints(A: Scaled, error: Scaled, T: int) -> Scaled:
    """∂L/∂h_0..∂L/∂h_T by ∂L/∂h_{t-1} = A^T ∂L/∂h_t from ∂L/∂h_T = `error`."""
    transposed = A.transposed()
    *batch, n = error.mantissa.shape
    dh = empty((*batch, T + 1, n))
    dh[..., T, :] = error
    for t in range(T, 0, -1):
        dh[..., t - 1, :] = sum_of_products(transposed, dh[..., t, None, :], axis=-1)
    return dh


def _sum_of_outer_products(left: Scaled, right: Scaled) -> Scaled:
    """Σ_t left_t right_t^T over the axis before the last, a block of times at once to bound the memory."""
    # right_t is an immediate derivative of h_t, such as h_{t-1} for A: a sensitivity would count paths twice.
    left, right = left[..., :, :, None], right[..., :, None, :]
    T = left.mantissa.shape[-3]
    terms = np.broadcast(left.mantissa, right.mantissa).size
    block = max(1, _TERMS_AT_ONCE * T // max(1, terms))
    blocks = [(..., slice(t, t + block), slice(None), slice(None)) for t in range(0, T, block)]
    return reduce(add, (sum_of_products(left[index], right[index], axis=-3) for index in blocks))
