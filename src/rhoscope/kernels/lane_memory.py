"""Reading and writing lanes in memory on the CPU; kernels find these functions in `lane_cpu`.

Interleaved arrays are one-dimensional; element i of lane l lies at [i * WIDTH + l].
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.caching import jit
from rhoscope.kernels.vector import FLOATS, I32, I64, INTEGERS, MASK, VECTOR_F, VECTOR_I, WIDTH

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
