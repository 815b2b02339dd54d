"""Uniform and normal numbers on lanes, and the logarithm, sine and cosine they need.

Every multiply-add is an explicit `lane.fma` and no product is left for a compiler to contract, so
that devices agree bit for bit. Coefficients are minimax (Remez) fits to the functions named beside them.
"""

from typing import Any

LOG2_HIGH = 0.6931471805599453
LOG2_LOW = 2.3190468138462996e-17
PI_HIGH = 3.141592653589793
PI_LOW = 1.2246467991473532e-16

MANTISSA = (1 << 52) - 1
# Added before the exponent is read, this sends mantissas above sqrt(2) to the next exponent, and so the
# reduced argument to [sqrt(1/2), sqrt(2)).
ROOT_OFFSET = 0x3FF0000000000000 - 0x3FE6A09E667F3BCD
INFINITY = float("inf")

BITS = 53
UNIT = 2.0**-BITS


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement."""

    @jit
    def log_normal_range(x):
        """Natural logarithm of lanes that are positive, finite and not subnormal."""
        # x = 2^e (1 + f), s = f / (2 + f), z = s²: log(1 + f) = f - f²/2 + s (f²/2 + z series(z)).
        shifted = lane.bits(x) + ROOT_OFFSET
        e = lane.to_float((shifted >> 52) - 1023)
        f = lane.from_bits((shifted & MANTISSA) + (0x3FF0000000000000 - ROOT_OFFSET)) - 1.0
        s = f / (f + 2.0)
        z = s * s
        half = f * 0.5
        w = z * z
        # (2 artanh(sqrt(z)) / sqrt(z) - 2) / z on 0 <= z <= (3 - 2 sqrt(2))², odd and even powers apart
        even = lane.fma(w, lane.const(0.14795949490841825), lane.const(0.1818356432500028))
        even = lane.fma(w, even, lane.const(0.2857142874238731))
        even = lane.fma(w, even, lane.const(0.6666666666666734))
        odd = lane.fma(w, lane.const(0.15314050576524083), lane.const(0.22222198573210233))
        odd = lane.fma(w, odd, lane.const(0.3999999999941468))
        series = lane.fma(z, odd, even)
        inner = lane.fma(z, series, half * f)
        inner = lane.fma(s, inner, e * LOG2_LOW)
        correction = lane.fma(half, f, -inner)
        return lane.fma(e, lane.const(LOG2_HIGH), f - correction)

    @jit
    def log(x):
        """Natural logarithm of positive lanes that are not subnormal, within 1 ulp; log(inf) = inf, NaN of a NaN."""
        return lane.where(x < INFINITY, kit.log_normal_range(x), x)

    @jit
    def sincospi_near(r):
        """sin(pi r) and cos(pi r) of lanes from -1/4 to 1/4."""
        z = r * r
        # (sin(pi r) / r - pi) / r² and (cos(pi r) - 1) / r² on 0 <= r² <= 1/16
        p = lane.fma(z, lane.const(0.0004615925818063981), lane.const(-0.007370033849563999))
        p = lane.fma(z, p, lane.const(0.08214587013042832))
        p = lane.fma(z, p, lane.const(-0.5992645289748822))
        p = lane.fma(z, p, lane.const(2.5501640398740073))
        p = lane.fma(z, p, lane.const(-5.16771278004996))
        sine = lane.fma(r, lane.const(PI_HIGH), r * lane.fma(z, p, lane.const(PI_LOW)))
        q = lane.fma(z, lane.const(-0.00010357788520034782), lane.const(0.0019294681732288403))
        q = lane.fma(z, q, lane.const(-0.02580688587931697))
        q = lane.fma(z, q, lane.const(0.23533063020160774))
        q = lane.fma(z, q, lane.const(-1.3352627688521883))
        q = lane.fma(z, q, lane.const(4.058712126416751))
        q = lane.fma(z, q, lane.const(-4.934802200544679))
        return sine, lane.fma(z, q, lane.const(1.0))

    @jit
    def sincospi(x):
        """sin(pi x) and cos(pi x) of lanes below 2^51 in magnitude."""
        quarter = lane.floor(lane.fma(x, lane.const(2.0), lane.const(0.5)))
        sine, cosine = kit.sincospi_near(lane.fma(quarter, lane.const(-0.5), x))
        turn = lane.to_int(quarter)
        swap = (turn & 1) == 1
        sign_sine = (turn & 2) << 62
        sign_cosine = ((turn + 1) & 2) << 62
        return (
            lane.from_bits(lane.bits(lane.where(swap, cosine, sine)) ^ sign_sine),
            lane.from_bits(lane.bits(lane.where(swap, sine, cosine)) ^ sign_cosine),
        )

    @jit
    def uniform_of(word, least, unit):
        """`least` plus `unit`, a power of two, times a number uniform on {1, ..., 2^53} that an integer begins with."""
        # Both roundings are exact.
        first = lane.to_float_53((word >> (64 - BITS)) & ((1 << BITS) - 1))
        return lane.fma(first, lane.const(unit), lane.const(least + unit))

    @jit
    def uniforms(k0, k1, stream, block, sample):
        """Two numbers uniform on {1, ..., 2^53} / 2^53, elements 2 block and 2 block + 1 of the stream."""
        first, second = kit.words(k0, k1, stream, block, sample)
        return kit.uniform_of(first, 0.0, UNIT), kit.uniform_of(second, 0.0, UNIT)

    @jit
    def normals_of(words):
        """Two standard normal numbers, of the words of a block, by Box and Muller.

        The angle lies within an eighth of a turn of one of four half axes, which the last two bits choose.
        """
        first, second = words
        swap = (second & 1) == 1
        sign = (second & 2) << 62
        sine, cosine = kit.sincospi_near(kit.uniform_of(second, -0.25, 0.5 * UNIT))
        radius = lane.sqrt(kit.log_normal_range(kit.uniform_of(first, 0.0, UNIT)) * -2.0)
        along = radius * lane.from_bits(lane.bits(cosine) ^ sign)
        across = radius * sine
        return lane.where(swap, across, along), lane.where(swap, along, across)

    @jit
    def normals(k0, k1, stream, block, sample):
        """Two standard normal numbers, elements 2 block and 2 block + 1 of the stream."""
        return kit.normals_of(kit.words(k0, k1, stream, block, sample))

    return log_normal_range, log, sincospi_near, sincospi, uniform_of, uniforms, normals_of, normals
