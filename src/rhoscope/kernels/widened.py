"""What float32 lanes compute in float64: the random numbers of the inputs, the logarithm of a norm."""

from typing import Any

from rhoscope.kernels.scaled import LOG2, ZERO


def build(lane: Any, kit: Any, wide: Any, jit: Any) -> Any:
    """The kernels `normals` and `log_of`; `wide` has those of float64 for as many lanes."""
    precision = lane.precision

    @jit
    def normals(k0, k1, stream, block, sample):
        """Those of float64, rounded."""
        x, y = wide.normals(k0, k1, stream, block, sample)
        return lane.narrow(x), lane.narrow(y)

    @jit
    def log_of(square, e):
        """As `log_of` of `scaled`, in float64; NaN where whole numbers as large as e may not have been exact."""
        last = precision.LAST_EXPONENT
        exact = lane.where((e <= last) & (e >= -last), e, lane.const(float("nan")))
        value = wide.lane.fma(lane.widen(exact), wide.lane.const(LOG2), wide.log(lane.widen(square)) * 0.5)
        return lane.where(e == ZERO, wide.lane.const(-float("inf")), value)

    return normals, log_of
