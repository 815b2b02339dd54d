"""Half of the lanes of a group: as much as one register takes where there is no AVX-512.

A kernel that holds many values at once is built with this module and runs over either half of the group, where
whole lanes, two registers a value, would put values on the stack in its innermost loop. An array, or `part` of it,
keeps the layout of the group: element i of lane l lies at [i * width + l].
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels import lane_memory
from rhoscope.kernels.vector import DOUBLE, I64, SINGLE, Family, define_arithmetic, family_of, neighbours

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

_HALVES = {family: Family(family.bits, family.width // 2) for family in (DOUBLE, SINGLE)}
_WHOLE = {half.floats: whole for whole, half in _HALVES.items()}
for _half in _HALVES.values():
    define_arithmetic(_half)


def _pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    family = family_of(sig.args[0])
    data = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).data
    offset = builder.mul(args[1], ir.Constant(I64, family.width))
    return builder.bitcast(builder.gep(data, [offset]), _HALVES[family].floats.llvm.as_pointer())


@intrinsic
def load(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of half of the lanes of the interleaved array a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig, args), align=a.dtype.bitwidth // 8)

    return signature(_HALVES[family_of(a)].floats, a, types.int64), codegen


@intrinsic
def store(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Write element i of half of the lanes of the interleaved array a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args), align=a.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return signature(types.void, a, types.int64, v), codegen


@intrinsic
def fma(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(x.llvm, [x.llvm] * 3), f"llvm.fma.{x.family.suffix}"
        )
        return builder.call(function, args)

    return signature(x, x, x, x), codegen


def _part_of(x: Any, upper: bool) -> Any:
    kind = _HALVES[x.family].floats

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        width = kind.family.width
        indices = neighbours(width if upper else 0, width)
        return builder.shuffle_vector(args[0], ir.Constant(x.llvm, ir.Undefined), indices)

    return signature(kind, x), codegen


@intrinsic
def lower(typingctx: Any, x: Any) -> Any:
    """The first half of the lanes of a value."""
    return _part_of(x, upper=False)


@intrinsic
def upper(typingctx: Any, x: Any) -> Any:
    """The second half of the lanes of a value."""
    return _part_of(x, upper=True)


@intrinsic
def join(typingctx: Any, low: Any, high: Any) -> Any:
    """A value of all lanes from two halves."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], args[1], neighbours(0, 2 * low.family.width))

    return signature(_WHOLE[low].floats, low, low), codegen


@intrinsic
def part(typingctx: Any, a: Any, start: Any) -> Any:
    """The interleaved array a from half an element, number `start`, on: from 1 as the second half of lanes sees it."""
    return lane_memory.beyond(a, _HALVES[family_of(a)].width)
