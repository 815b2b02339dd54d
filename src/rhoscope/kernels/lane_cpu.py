"""What a lane is on the CPU: one of eight matrices interleaved in memory, eight at a time in one vector.

Functions of vectors take those of either precision; `lane_single` differs in its constants and little else.

Kernels reach these functions through this module (`lane.load`), never one by one: a closure over a module is
pickled by name, so Numba's disk cache finds the compiled kernel again in the next process.
What reads and writes memory stands in `lane_memory`, what converts in `lane_casts`.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels import double as precision
from rhoscope.kernels.lane_casts import bits, from_bits, to_float, to_float_53, to_int
from rhoscope.kernels.lane_memory import get, load, load_at, part, put, scatter, store, store_at, take
from rhoscope.kernels.vector import ACCUMULATORS, DOUBLE, I32, I64, LaneType, broadcast, call_floats

__all__ = [
    "bits",
    "from_bits",
    "get",
    "load",
    "load_at",
    "part",
    "precision",
    "put",
    "scatter",
    "store",
    "store_at",
    "take",
    "to_float",
    "to_float_53",
    "to_int",
]

# Whether eight running sums stay in registers; four always do.
EIGHT_SUMS = ACCUMULATORS >= 8
# Whether the last four rows of the QR iteration stay in local variables.
FINISH_IN_REGISTERS = True
WIDTH = precision.WIDTH
VECTOR_BYTES = 64

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def align_frame(typingctx: Any) -> Any:
    """Align the stack frame of the calling function to vectors, so that none put there crosses a cache line."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # llvmlite has a field for it, which it does not print.
        set.add(builder.function.attributes, f"alignstack({VECTOR_BYTES})")
        return context.get_dummy_value()

    return signature(types.void), codegen


def fill(kind: LaneType, scalar: Any) -> Any:
    """One scalar in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return broadcast(builder, args[0], kind)

    return signature(kind, scalar), codegen


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""
    return fill(DOUBLE.floats, types.float64)


@intrinsic
def iconst(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane."""
    return fill(DOUBLE.integers, types.int64)


@intrinsic
def numbers(typingctx: Any) -> Any:
    """0, 1, ... in 64-bit integer lanes."""
    return counted(DOUBLE)


def counted(family: Any) -> Any:
    """What `numbers` is for vectors of a family."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return ir.Constant(
            family.integers.llvm, [ir.Constant(family.integer, i) for i in range(family.width)]
        )

    return signature(family.integers), codegen


def _call(name: str, count: int, x: Any) -> Any:
    """An LLVM intrinsic of `count` float vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return call_floats(builder, name, args, x)

    return signature(x, *([x] * count)), codegen


@intrinsic
def fma(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    return _call("fma", 3, x)


@intrinsic
def sqrt(typingctx: Any, x: Any) -> Any:
    """Correctly rounded square root."""
    return _call("sqrt", 1, x)


@intrinsic
def abs(typingctx: Any, x: Any) -> Any:
    """Absolute value."""
    return _call("fabs", 1, x)


@intrinsic
def floor(typingctx: Any, x: Any) -> Any:
    """Largest whole number not above x."""
    return _call("floor", 1, x)


@intrinsic
def where(typingctx: Any, mask: Any, x: Any, y: Any) -> Any:
    """x where the mask holds, y elsewhere; the value not taken has no influence, NaN or not."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return signature(x, mask, x, x), codegen


def _choose(sign: str, x: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(sign, args[0], args[1]), args[0], args[1])

    return signature(x, x, x), codegen


@intrinsic
def maximum(typingctx: Any, x: Any, y: Any) -> Any:
    """The larger of x and y; y where either is NaN."""
    return _choose(">", x)


@intrinsic
def minimum(typingctx: Any, x: Any, y: Any) -> Any:
    """The smaller of x and y; y where either is NaN."""
    return _choose("<", x)


def _reduce_mask(name: str, mask: Any) -> Any:
    width = mask.family.width

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(width))
        if name == "any":
            return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))
        return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 2**width - 1))

    return signature(types.boolean, mask), codegen


@intrinsic
def any(typingctx: Any, mask: Any) -> Any:
    """Whether the mask holds in some lane."""
    return _reduce_mask("any", mask)


@intrinsic
def all(typingctx: Any, mask: Any) -> Any:
    """Whether the mask holds in every lane."""
    return _reduce_mask("all", mask)


def _scalar(builder: Any, x: Any) -> Any:
    """An element as a float64, which loses nothing."""
    return x if x.type == ir.DoubleType() else builder.fpext(x, ir.DoubleType())


def _reduce_float(name: str, x: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(x.family.element, [x.llvm]),
            f"llvm.vector.reduce.{name}.{x.family.suffix}",
        )
        return _scalar(builder, builder.call(function, args))

    return signature(types.float64, x), codegen


@intrinsic
def highest(typingctx: Any, x: Any) -> Any:
    """The largest value over the lanes (the lane's own where a lane is a thread)."""
    return _reduce_float("fmax", x)


@intrinsic
def lowest(typingctx: Any, x: Any) -> Any:
    """The smallest value over the lanes (the lane's own where a lane is a thread)."""
    return _reduce_float("fmin", x)


@intrinsic
def total(typingctx: Any, x: Any) -> Any:
    """Sum over the lanes in a fixed tree, of eight ((0+4)+(2+6)) + ((1+5)+(3+7)). For lanes that are columns."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = [builder.extract_element(args[0], ir.Constant(I32, i)) for i in range(x.family.width)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [builder.fadd(parts[i], parts[i + half]) for i in range(half)]
        return _scalar(builder, parts[0])

    return signature(types.float64, x), codegen


@intrinsic
def extract(typingctx: Any, x: Any, lane: Any) -> Any:
    """The value of one lane as a scalar."""
    floats = x == x.family.floats

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.extract_element(args[0], builder.trunc(args[1], I32))
        return _scalar(builder, value) if floats else builder.sext(value, I64) if value.type != I64 else value

    return signature(types.float64 if floats else types.int64, x, types.int64), codegen


# What the generator of random numbers counts with: 64-bit integers, one a lane.
index = iconst
load_index = load
# Results are float64 in either precision.
result = const
load_result = load
