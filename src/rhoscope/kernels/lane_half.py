"""Four of the eight lanes of a group: as much as one register takes where there is no AVX-512.

A kernel that holds many values at once is built with this module and runs over either half of the group, where
eight lanes, two registers a value, would put values on the stack in its innermost loop. An array `low(a)` or
`high(a)` keeps the layout of the group: element i of lane l lies at [i * WIDTH + l].
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.caching import inlined
from rhoscope.kernels.vector import (
    F64,
    FLOATS,
    I32,
    I64,
    VECTOR_F,
    WIDTH,
    LaneType,
    define_binary,
    define_unary,
    splat,
)

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

HALF = WIDTH // 2
VECTOR_H = ir.VectorType(F64, HALF)
HALVES = LaneType("half", VECTOR_H)
EIGHT_SUMS = False

for _op, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    define_binary(_op, HALVES, HALVES, lambda b, x, y, name=_name: getattr(b, name)(x, y))
define_unary(operator.neg, HALVES, lambda b, x: b.fneg(x))


def _pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    data = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).data
    offset = builder.mul(args[1], ir.Constant(I64, WIDTH))
    return builder.bitcast(builder.gep(data, [offset]), VECTOR_H.as_pointer())


@intrinsic
def load(typingctx: Any, a: Any, i: Any) -> Any:
    """Element i of four lanes of the interleaved array a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig, args), align=8)

    return signature(HALVES, a, types.int64), codegen


@intrinsic
def store(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Write element i of four lanes of the interleaved array a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args), align=8)
        return context.get_dummy_value()

    return signature(types.void, a, types.int64, HALVES), codegen


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splat(builder, args[0], VECTOR_H)

    return signature(HALVES, types.float64), codegen


@intrinsic
def fma(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(VECTOR_H, [VECTOR_H] * 3), f"llvm.fma.v{HALF}f64"
        )
        return builder.call(function, args)

    return signature(HALVES, HALVES, HALVES, HALVES), codegen


def _indices(first: int, count: int) -> Any:
    return ir.Constant(ir.VectorType(I32, count), [first + i for i in range(count)])


def _part_of(first: int) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], ir.Constant(VECTOR_F, ir.Undefined), _indices(first, HALF))

    return signature(HALVES, FLOATS), codegen


@intrinsic
def lower(typingctx: Any, x: Any) -> Any:
    """The first four lanes of a value of eight."""
    return _part_of(0)


@intrinsic
def upper(typingctx: Any, x: Any) -> Any:
    """The last four lanes of a value of eight."""
    return _part_of(HALF)


@intrinsic
def join(typingctx: Any, low: Any, high: Any) -> Any:
    """Eight lanes from two halves."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], args[1], _indices(0, WIDTH))

    return signature(FLOATS, HALVES, HALVES), codegen


@inlined
def beyond(a):
    """The interleaved array a as its last four lanes see it."""
    return a[HALF:]
