"""What a lane is on the CPU: one of eight matrices interleaved in memory, eight at a time in one vector.

Kernels reach these functions through this module (`lane.load`), never one by one: a closure over a module is
pickled by name, so Numba's disk cache finds the compiled kernel again in the next process.
What reads and writes memory stands in `lane_memory`.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.lane_memory import get, load, load_at, part, put, scatter, store, store_at, take
from rhoscope.kernels.vector import (
    ACCUMULATORS,
    F64,
    FLOATS,
    I32,
    INTEGERS,
    MASK,
    VECTOR_F,
    VECTOR_I,
    WIDTH,
    splat,
)

__all__ = ["get", "load", "load_at", "part", "put", "scatter", "store", "store_at", "take"]

# Whether eight running sums stay in registers; four always do.
EIGHT_SUMS = ACCUMULATORS >= 8

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def align_frame(typingctx: Any) -> Any:
    """Align the stack frame of the calling function to vectors, so that none put there crosses a cache line."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # llvmlite has a field for it, which it does not print.
        set.add(builder.function.attributes, f"alignstack({8 * WIDTH})")
        return context.get_dummy_value()

    return signature(types.void), codegen


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splat(builder, args[0], VECTOR_F)

    return signature(FLOATS, types.float64), codegen


@intrinsic
def iconst(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splat(builder, args[0], VECTOR_I)

    return signature(INTEGERS, types.int64), codegen


def _call(name: str, count: int) -> Any:
    """An LLVM intrinsic of `count` float vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(VECTOR_F, [VECTOR_F] * count), f"llvm.{name}.v{WIDTH}f64"
        )
        return builder.call(function, args)

    return signature(FLOATS, *([FLOATS] * count)), codegen


@intrinsic
def fma(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    return _call("fma", 3)


@intrinsic
def sqrt(typingctx: Any, x: Any) -> Any:
    """Correctly rounded square root."""
    return _call("sqrt", 1)


@intrinsic
def abs(typingctx: Any, x: Any) -> Any:
    """Absolute value."""
    return _call("fabs", 1)


@intrinsic
def floor(typingctx: Any, x: Any) -> Any:
    """Largest whole number not above x."""
    return _call("floor", 1)


@intrinsic
def where(typingctx: Any, mask: Any, x: Any, y: Any) -> Any:
    """x where the mask holds, y elsewhere; the value not taken has no influence, NaN or not."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return signature(x, MASK, x, x), codegen


def _choose(sign: str) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(sign, args[0], args[1]), args[0], args[1])

    return signature(FLOATS, FLOATS, FLOATS), codegen


@intrinsic
def maximum(typingctx: Any, x: Any, y: Any) -> Any:
    """The larger of x and y; y where either is NaN."""
    return _choose(">")


@intrinsic
def minimum(typingctx: Any, x: Any, y: Any) -> Any:
    """The smaller of x and y; y where either is NaN."""
    return _choose("<")


def _reduce_mask(name: str) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        if name == "any":
            return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))
        return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 2**WIDTH - 1))

    return signature(types.boolean, MASK), codegen


@intrinsic
def any(typingctx: Any, mask: Any) -> Any:
    """Whether the mask holds in some lane."""
    return _reduce_mask("any")


@intrinsic
def all(typingctx: Any, mask: Any) -> Any:
    """Whether the mask holds in every lane."""
    return _reduce_mask("all")


def _reduce_float(name: str) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(F64, [VECTOR_F]), f"llvm.vector.reduce.{name}.v{WIDTH}f64"
        )
        return builder.call(function, args)

    return signature(types.float64, FLOATS), codegen


@intrinsic
def highest(typingctx: Any, x: Any) -> Any:
    """The largest value over the lanes (the lane's own where a lane is a thread)."""
    return _reduce_float("fmax")


@intrinsic
def lowest(typingctx: Any, x: Any) -> Any:
    """The smallest value over the lanes (the lane's own where a lane is a thread)."""
    return _reduce_float("fmin")


@intrinsic
def total(typingctx: Any, x: Any) -> Any:
    """Sum over the eight lanes in a fixed tree: ((0+4)+(2+6)) + ((1+5)+(3+7)). For lanes that are columns."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = [builder.extract_element(args[0], ir.Constant(I32, i)) for i in range(WIDTH)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(parts[i], parts[i + half]) for i in range(half)]
        return parts[0]

    return signature(types.float64, FLOATS), codegen


def _cast(source: Any, target: Any, operation: str) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, operation)(args[0], target.llvm)

    return signature(target, source), codegen


@intrinsic
def bits(typingctx: Any, x: Any) -> Any:
    """The IEEE 754 bit pattern of x as an integer."""
    return _cast(FLOATS, INTEGERS, "bitcast")


@intrinsic
def from_bits(typingctx: Any, i: Any) -> Any:
    """The float whose IEEE 754 bit pattern is i."""
    return _cast(INTEGERS, FLOATS, "bitcast")


# Added to a whole number below 2^51 in magnitude it puts that number in the last bits of a float, and back:
# AVX2 has no instruction between vectors of int64 and of float64, and LLVM would go lane by lane.
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = 0x4338000000000000


@intrinsic
def to_float(typingctx: Any, i: Any) -> Any:
    """The integer i, below 2^51 in magnitude, as a float."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.add(args[0], ir.Constant(VECTOR_I, [_SHIFT_BITS] * WIDTH))
        return builder.fsub(builder.bitcast(whole, VECTOR_F), ir.Constant(VECTOR_F, [_SHIFT] * WIDTH))

    return signature(FLOATS, INTEGERS), codegen


@intrinsic
def to_int(typingctx: Any, x: Any) -> Any:
    """The whole number x, below 2^51 in magnitude, as an integer."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.fadd(args[0], ir.Constant(VECTOR_F, [_SHIFT] * WIDTH))
        return builder.sub(builder.bitcast(whole, VECTOR_I), ir.Constant(VECTOR_I, [_SHIFT_BITS] * WIDTH))

    return signature(INTEGERS, FLOATS), codegen


@intrinsic
def extract(typingctx: Any, x: Any, lane: Any) -> Any:
    """The value of one lane as a scalar."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], builder.trunc(args[1], I32))

    return signature(types.float64 if x == FLOATS else types.int64, x, types.int64), codegen
