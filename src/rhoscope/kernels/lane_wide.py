"""Sixteen lanes in float64, two registers a value with AVX-512 and more elsewhere; the names are those of `lane_cpu`.

Two chains of operations that wait for one another, of eight lanes each, take the time of little more than one. And
float32 lanes, which are sixteen, compute here what needs more digits.
"""

from typing import Any

from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels import double as precision
from rhoscope.kernels import lane_cpu, lane_memory
from rhoscope.kernels.vector import DOUBLE, WIDE, neighbours

__all__ = ["precision"]

WIDTH = WIDE.width
EIGHT_SUMS = False
FINISH_IN_REGISTERS = True
abs = lane_cpu.abs
align_frame = lane_cpu.align_frame
all = lane_cpu.all
any = lane_cpu.any
bits = lane_cpu.bits
extract = lane_cpu.extract
floor = lane_cpu.floor
fma = lane_cpu.fma
from_bits = lane_cpu.from_bits
get = lane_cpu.get
highest = lane_cpu.highest
load = lane_memory.load_wide
lowest = lane_cpu.lowest
maximum = lane_cpu.maximum
minimum = lane_cpu.minimum
put = lane_cpu.put
sqrt = lane_cpu.sqrt
store = lane_cpu.store
take = lane_cpu.take
to_float = lane_cpu.to_float
to_float_53 = lane_cpu.to_float_53
to_int = lane_cpu.to_int
where = lane_cpu.where

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""
    return lane_cpu.fill(WIDE.floats, types.float64)


@intrinsic
def iconst(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane."""
    return lane_cpu.fill(WIDE.integers, types.int64)


@intrinsic
def beside(typingctx: Any, x: Any, y: Any) -> Any:
    """Sixteen integers from eight and eight more."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], args[1], neighbours(0, WIDTH))

    return signature(WIDE.integers, x, y), codegen


@intrinsic
def apart(typingctx: Any, x: Any) -> Any:
    """The first eight of sixteen floats, and the others."""
    half = WIDTH // 2

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = [builder.shuffle_vector(args[0], args[0], neighbours(first, half)) for first in (0, half)]
        return context.make_tuple(builder, sig.return_type, parts)

    return signature(types.UniTuple(DOUBLE.floats, 2), x), codegen


@intrinsic
def part(typingctx: Any, a: Any, start: Any) -> Any:
    """The interleaved array a from element `start` on."""
    return lane_memory.beyond(a, WIDTH)
