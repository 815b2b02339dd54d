"""Vectors carried as mantissas with one integer exponent, so that no horizon is too long for float64.

A scaled vector is `count` cells of mantissas and, in the next cell, its exponent E as a float: its value is
mantissas * 2^E. A cell is what `lane.load` reads at one index. Rescaling multiplies by a power of two and so
changes no bit of the value while nothing is subnormal. `vector_size` and `vector_square` depend on the layout.
"""

from typing import Any

LOG2 = 0.6931471805599453
# The exponent of an exact zero: below every other for lags up to 2^53, and safe to add and subtract.
ZERO = -(2.0**80)


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""

    bias = lane.precision.BIAS
    fraction = lane.precision.FRACTION

    @jit
    def factors(e):
        """Two powers of two whose product is 2^e, whole e clipped to what two can make."""
        half = lane.floor(e * 0.5)
        low = lane.const(1.0 - bias)
        high = lane.const(1.0 * bias)
        first = lane.minimum(lane.maximum(half, low), high)
        second = lane.minimum(lane.maximum(e - half, low), high)
        return kit.pow2(lane.to_int(first)), kit.pow2(lane.to_int(second))

    @jit
    def inverse_factors(k):
        """Two powers of two whose product is 2^-k, for a k from `exponent`."""
        # Their exponents as they are stored; neither is near an end, wherever k is.
        both = lane.iconst(2 * bias) - k
        half = both >> 1
        return lane.from_bits(half << fraction), lane.from_bits((both - half) << fraction)

    @jit
    def scale_vector(w, vector, count, e):
        """Multiply `count` cells by 2^e."""
        first, second = kit.factors(e)
        for i in range(vector, vector + count):
            lane.store(w, i, lane.load(w, i) * first * second)

    @jit
    def exponent_of(size, old):
        """Exponent at which the sum of absolute mantissas is in [1, 2) where at `old` it is `size`; ZERO for zero."""
        return lane.where(size == 0.0, lane.const(ZERO), old + lane.to_float(kit.exponent(size)))

    @jit
    def matrix_exponent(largest):
        """Exponent at which a matrix of that largest entry has it in [1, 2), or less if subnormal; 0 for zeros."""
        return lane.where(largest == 0.0, lane.const(0.0), lane.to_float(kit.exponent(largest)))

    @jit
    def state_floor(inputs, shift):
        """Exponent that a state keeps at least, so that inputs of exponent `inputs` are in range a step later.

        The step adds `shift`, the exponent of a matrix. Beside a tiny one a state that makes up for all of it would be
        scaled down to subnormal numbers, and dL/dA needs its digits. It makes up for half of the range at most; the
        inputs go up by the rest, which is less, since no exponent is below -bias. Both are then as far from the ends
        of the range as they can be, and the image of the state, beside the inputs, as small as it is.
        """
        return inputs - lane.maximum(shift, lane.const(-0.5 * (bias + 1)))

    @jit
    def vector_exponent(w, vector, count):
        """`exponent_of` a vector."""
        return kit.exponent_of(kit.vector_size(w, vector, count), lane.load(w, vector + count))

    @jit
    def rescale_vector(w, vector, count, floor, mask):
        """Where the mask holds: sum of absolute mantissas in [1, 2), or less with an exponent of floor."""
        old = lane.load(w, vector + count)
        new = lane.maximum(kit.vector_exponent(w, vector, count), floor)
        new = lane.where(mask, new, old)
        kit.scale_vector(w, vector, count, old - new)
        lane.store(w, vector + count, new)

    @jit
    def log_of(square, e):
        """Natural logarithm of sqrt(square) 2^e; -inf exactly where the exponent is that of zero."""
        value = lane.fma(e, lane.const(LOG2), kit.log(square) * 0.5)
        return lane.where(e == ZERO, lane.const(-float("inf")), value)

    @jit
    def norm_of(w, vector, count):
        """(square, e): the Euclidean norm is sqrt(square) 2^e; e is ZERO for zero."""
        size = kit.vector_size(w, vector, count)
        first, second = kit.inverse_factors(kit.exponent(size))
        square = kit.vector_square(w, vector, count, first, second)
        return square, kit.exponent_of(size, lane.load(w, vector + count))

    @jit
    def log_norm(w, vector, count):
        """Natural logarithm of the Euclidean norm; -inf exactly for zero."""
        square, e = kit.norm_of(w, vector, count)
        return kit.log_of(square, e)

    return (
        factors,
        inverse_factors,
        exponent_of,
        log_of,
        matrix_exponent,
        state_floor,
        scale_vector,
        vector_exponent,
        rescale_vector,
        norm_of,
        log_norm,
    )
