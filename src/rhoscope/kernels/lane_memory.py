"""Reading and writing lanes in memory on the CPU; kernels find these functions in `lane_cpu` and `lane_single`.

Interleaved arrays are one-dimensional; element i of lane l lies at [i * width + l]. What `load` finds in an array is
the vector of its elements, eight float64 or int64 or sixteen float32; what is stored, or taken by an index, has the
width of the value or the index.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.vector import I32, I64, SINGLE, WIDE, LaneType, family_of

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, llvm: Any) -> Any:
    """Address of element `offset` of a contiguous array, as a pointer to `llvm`; no wraparound, no bounds."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), llvm.as_pointer())


def _kind_of(array_type: Any) -> LaneType:
    family = family_of(array_type)
    return family.floats if isinstance(array_type.dtype, types.Float) else family.integers


def _scaled(builder: Any, index: Any, kind: LaneType) -> Any:
    return builder.mul(index, ir.Constant(I64, kind.family.width))


def _load(a: Any, kind: LaneType, scale: bool) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        offset = _scaled(builder, args[1], kind) if scale else args[1]
        pointer = _pointer(context, builder, sig.args[0], args[0], offset, kind.llvm)
        return builder.load(pointer, align=a.dtype.bitwidth // 8)

    return signature(kind, a, types.int64), codegen


def _store(a: Any, kind: LaneType, scale: bool) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        offset = _scaled(builder, args[1], kind) if scale else args[1]
        pointer = _pointer(context, builder, sig.args[0], args[0], offset, kind.llvm)
        builder.store(args[2], pointer, align=a.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return signature(types.void, a, types.int64, kind), codegen


@intrinsic
def load(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of every lane of the interleaved array a."""
    return _load(a, _kind_of(a), scale=True)


@intrinsic
def store(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Write element i of every lane of the interleaved array a."""
    return _store(a, v, scale=True)


@intrinsic
def load_at(typingctx: Any, a: Any, offset: Any) -> Any:
    """As many neighbours as a vector holds, from a[offset] on, of an array that is not interleaved."""
    return _load(a, _kind_of(a), scale=False)


@intrinsic
def load_rounded(typingctx: Any, w: Any, a: Any, offset: Any) -> Any:
    """As many neighbours from a[offset] on as a vector of w holds; float64 is rounded where w is float32."""
    family = family_of(w)
    source = WIDE if family is SINGLE and a.dtype == types.float64 else family

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[1], args[1], args[2], source.floats.llvm)
        vector = builder.load(pointer, align=source.bits // 8)
        return vector if source is family else builder.fptrunc(vector, family.floats.llvm)

    return signature(family.floats, w, a, types.int64), codegen


@intrinsic
def store_at(typingctx: Any, a: Any, offset: Any, v: Any) -> Any:
    """Write neighbours from a[offset] on."""
    return _store(a, v, scale=False)


@intrinsic
def load_wide(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of sixteen lanes of 64 bits, where `store` put them; an array of float32 may hold float64."""
    return _load(a, WIDE.floats if isinstance(a.dtype, types.Float) else WIDE.integers, scale=True)


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


def _lane_pointers(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: LaneType
) -> list[Any]:
    """Address of element index[l] of each lane l; kind is that of the integers."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    pointers = []
    for k in range(kind.family.width):
        at = builder.extract_element(index, ir.Constant(I32, k))
        if kind.family.bits != 64:
            at = builder.sext(at, I64)
        offset = builder.add(_scaled(builder, at, kind), ir.Constant(I64, k))
        pointers.append(builder.gep(data, [offset]))
    return pointers


@intrinsic
def take(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of each lane, where i (integer lanes) may differ from lane to lane."""
    kind = i.family.floats

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result = ir.Constant(kind.llvm, ir.Undefined)
        for k, pointer in enumerate(_lane_pointers(context, builder, sig.args[0], args[0], args[1], i)):
            result = builder.insert_element(result, builder.load(pointer), ir.Constant(I32, k))
        return result

    return signature(kind, a, i), codegen


@intrinsic
def scatter(typingctx: Any, a: Any, i: Any, v: Any, mask: Any) -> Any:
    """Write v to element i of each lane where the mask holds; i may differ from lane to lane and must be valid.

    Lanes that are masked out write their old value back: a branch for each lane would cost more.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for k, pointer in enumerate(_lane_pointers(context, builder, sig.args[0], args[0], args[1], i)):
            lane = ir.Constant(I32, k)
            value = builder.extract_element(args[2], lane)
            old = builder.load(pointer)
            builder.store(builder.select(builder.extract_element(args[3], lane), value, old), pointer)
        return context.get_dummy_value()

    return signature(types.void, a, i, v, mask), codegen


def beyond(a: Any, width: int) -> Any:
    """What an intrinsic of (a, start) returns for the array a from a[start * width] on; its size is that of a.

    Kernels count no references, so none may return a slice.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0])
        array.data = builder.gep(array.data, [builder.mul(args[1], ir.Constant(I64, width))])
        return array._getvalue()

    return signature(a, a, types.int64), codegen


@intrinsic
def part(typingctx: Any, a: Any, start: Any) -> Any:
    """The interleaved array a from element `start` on."""
    return beyond(a, family_of(a).width)
