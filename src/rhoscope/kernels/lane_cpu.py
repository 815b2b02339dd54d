"""What a lane is on the CPU: one of eight matrices interleaved in memory, eight at a time in one vector.

Kernels reach these functions through this module (`lane.load`), never one by one: a closure over a module is
pickled by name, so Numba's disk cache finds the compiled kernel again in the next process.
Interleaved arrays are one-dimensional; element i of lane l lies at [i * WIDTH + l].
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.caching import jit
from rhoscope.kernels.vector import (
    ACCUMULATORS,
    F64,
    FLOATS,
    I32,
    I64,
    INTEGERS,
    MASK,
    VECTOR_F,
    VECTOR_I,
    WIDTH,
    splat,
)

# Whether eight running sums stay in registers; four always do.
EIGHT_SUMS = ACCUMULATORS >= 8

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, llvm: Any) -> Any:
    """Address of element `offset` of a contiguous array, as a pointer to `llvm`; no wraparound, no bounds."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), llvm.as_pointer())


def _vector_of(array_type: Any) -> tuple[Any, Any]:
    return (FLOATS, VECTOR_F) if array_type.dtype == types.float64 else (INTEGERS, VECTOR_I)


def _scaled(builder: Any, index: Any) -> Any:
    return builder.mul(index, ir.Constant(I64, WIDTH))


def _load(scale: bool) -> Any:
    def typed(typingctx: Any, a: Any, i: Any) -> Any:
        kind, llvm = _vector_of(a)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            offset = _scaled(builder, args[1]) if scale else args[1]
            return builder.load(_pointer(context, builder, sig.args[0], args[0], offset, llvm), align=8)

        return signature(kind, a, types.int64), codegen

    return typed


def _store(scale: bool) -> Any:
    def typed(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
        kind, llvm = _vector_of(a)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            offset = _scaled(builder, args[1]) if scale else args[1]
            builder.store(args[2], _pointer(context, builder, sig.args[0], args[0], offset, llvm), align=8)
            return context.get_dummy_value()

        return signature(types.void, a, types.int64, kind), codegen

    return typed


@intrinsic
def align_frame(typingctx: Any) -> Any:
    """Align the stack frame of the calling function to vectors, so that none put there crosses a cache line."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # llvmlite has a field for it, which it does not print.
        set.add(builder.function.attributes, f"alignstack({8 * WIDTH})")
        return context.get_dummy_value()

    return signature(types.void), codegen


@intrinsic
def load(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of every lane of the interleaved array a."""
    return _load(scale=True)(typingctx, a, i)


@intrinsic
def store(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Write element i of every lane of the interleaved array a."""
    return _store(scale=True)(typingctx, a, i, v)


@intrinsic
def load_at(typingctx: Any, a: Any, offset: Any) -> Any:
    """Eight neighbours a[offset : offset + 8] of an array that is not interleaved (lanes are columns)."""
    return _load(scale=False)(typingctx, a, offset)


@intrinsic
def store_at(typingctx: Any, a: Any, offset: Any, v: Any) -> Any:
    """Write eight neighbours a[offset : offset + 8]."""
    return _store(scale=False)(typingctx, a, offset, v)


@intrinsic
def get(typingctx: Any, a: Any, i: Any) -> Any:
    """Scalar a[i] of a contiguous array, without wraparound of negative indices."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).data
        return builder.load(builder.gep(data, [args[1]]))

    return signature(a.dtype, a, types.int64), codegen


@intrinsic
def put(typingctx: Any, a: Any, i: Any, x: Any) -> Any:
    """Write scalar a[i] of a contiguous array, without wraparound of negative indices."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).data
        builder.store(args[2], builder.gep(data, [args[1]]))
        return context.get_dummy_value()

    return signature(types.void, a, types.int64, a.dtype), codegen


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


def _lane_pointers(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> list[Any]:
    """Address of element index[l] of each lane l."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    pointers = []
    for k in range(WIDTH):
        at = builder.extract_element(index, ir.Constant(I32, k))
        offset = builder.add(_scaled(builder, at), ir.Constant(I64, k))
        pointers.append(builder.gep(data, [offset]))
    return pointers


@intrinsic
def take(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of each lane, where i (integer lanes) may differ from lane to lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result = ir.Constant(VECTOR_F, ir.Undefined)
        for k, pointer in enumerate(_lane_pointers(context, builder, sig.args[0], args[0], args[1])):
            result = builder.insert_element(result, builder.load(pointer), ir.Constant(I32, k))
        return result

    return signature(FLOATS, a, INTEGERS), codegen


@intrinsic
def scatter(typingctx: Any, a: Any, i: Any, v: Any, mask: Any) -> Any:
    """Write v to element i of each lane where the mask holds; i may differ from lane to lane and must be valid.

    Lanes that are masked out write their old value back: a branch for each lane would cost more.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for k, pointer in enumerate(_lane_pointers(context, builder, sig.args[0], args[0], args[1])):
            lane = ir.Constant(I32, k)
            value = builder.extract_element(args[2], lane)
            old = builder.load(pointer)
            builder.store(builder.select(builder.extract_element(args[3], lane), value, old), pointer)
        return context.get_dummy_value()

    return signature(types.void, a, INTEGERS, FLOATS, MASK), codegen


@jit
def part(a, start):
    """The interleaved array a from element `start` on."""
    return a[start * WIDTH :]
