"""What a lane is on the CPU in float32: one of sixteen matrices interleaved in memory, sixteen at a time in one vector.

The names and meanings are those of `lane_cpu`. What needs more digits goes by `widen` to `lane_wide`, and back.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels import lane_cpu, lane_memory
from rhoscope.kernels import single as precision
from rhoscope.kernels.vector import DOUBLE, I32, SINGLE, WIDE

__all__ = ["precision"]

WIDTH = precision.WIDTH
load_index = lane_memory.load_wide
load_result = lane_memory.load_wide
EIGHT_SUMS = lane_cpu.EIGHT_SUMS
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
load = lane_cpu.load
load_at = lane_cpu.load_at
lowest = lane_cpu.lowest
maximum = lane_cpu.maximum
minimum = lane_cpu.minimum
part = lane_cpu.part
put = lane_cpu.put
scatter = lane_cpu.scatter
sqrt = lane_cpu.sqrt
store = lane_cpu.store
store_at = lane_cpu.store_at
take = lane_cpu.take
to_float = lane_cpu.to_float
to_int = lane_cpu.to_int
total = lane_cpu.total
where = lane_cpu.where

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""
    return lane_cpu.fill(SINGLE.floats, types.float64)


@intrinsic
def iconst(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane."""
    return lane_cpu.fill(SINGLE.integers, types.int64)


@intrinsic
def index(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane, with 64 bits."""
    return lane_cpu.fill(WIDE.integers, types.int64)


@intrinsic
def result(typingctx: Any, x: Any) -> Any:
    """The float x in every lane, as float64."""
    return lane_cpu.fill(WIDE.floats, types.float64)


@intrinsic
def numbers(typingctx: Any) -> Any:
    """0, 1, ... in 64-bit integer lanes."""
    return lane_cpu.counted(WIDE)


@intrinsic
def widen(typingctx: Any, x: Any) -> Any:
    """x as float64."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fpext(args[0], WIDE.floats.llvm)

    return signature(WIDE.floats, SINGLE.floats), codegen


@intrinsic
def narrow(typingctx: Any, x: Any) -> Any:
    """x, of float64, rounded to float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fptrunc(args[0], SINGLE.floats.llvm)

    return signature(SINGLE.floats, WIDE.floats), codegen


@intrinsic
def narrow_pair(typingctx: Any, low: Any, high: Any) -> Any:
    """Eight lanes of float64 and eight more, rounded to float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        order = ir.Constant(ir.VectorType(I32, SINGLE.width), list(range(SINGLE.width)))
        return builder.fptrunc(builder.shuffle_vector(args[0], args[1], order), SINGLE.floats.llvm)

    return signature(SINGLE.floats, DOUBLE.floats, DOUBLE.floats), codegen
