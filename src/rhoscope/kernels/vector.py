"""Numba extension types for eight-wide vectors, so that kernels compile to vector instructions.

A plain loop over eight lanes is unrolled to scalar code before the vectoriser sees it; LLVM vector values are not.
`Floats`, `Integers` and `Mask` are values of LLVM type <8 x double>, <8 x i64> and <8 x i1>.
Operators are lowered directly, without an overload each, because that compiles several times faster.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba.core import types
from numba.core.extending import lower_builtin
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import models, register_model

from rhoscope.kernels.layout import WIDTH

F64 = ir.DoubleType()
I64 = ir.IntType(64)
I32 = ir.IntType(32)
BIT = ir.IntType(1)
VECTOR_F = ir.VectorType(F64, WIDTH)
VECTOR_I = ir.VectorType(I64, WIDTH)
VECTOR_M = ir.VectorType(BIT, WIDTH)

# Vectors that running sums may fill, half of the registers: with AVX-512 a vector takes one of 32, else two of 16.
# Tiles are cut to it; the order of no sum depends on it.
ACCUMULATORS = 16 if binding.get_host_cpu_features().get("avx512f", False) else 4


class LaneType(types.Type):
    """A vector type of fixed width; one instance for each element type."""

    def __init__(self, name: str, llvm: ir.VectorType) -> None:
        super().__init__(name=f"rhoscope_{name}x{WIDTH}")
        self.llvm = llvm


FLOATS = LaneType("float64", VECTOR_F)
INTEGERS = LaneType("int64", VECTOR_I)
MASK = LaneType("mask", VECTOR_M)


@register_model(LaneType)
class _LaneModel(models.PrimitiveModel):  # pyright: ignore[reportUntypedBaseClass]
    def __init__(self, dmm: Any, fe_type: LaneType) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


def splat(builder: Any, value: Any, llvm: ir.VectorType) -> Any:
    """One scalar in every lane."""
    single = builder.insert_element(ir.Constant(llvm, ir.Undefined), value, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, llvm.count), None)
    return builder.shuffle_vector(single, ir.Constant(llvm, ir.Undefined), zeros)


_SCALAR = {FLOATS: types.float64, INTEGERS: types.int64}


def define_binary(op: Any, kind: LaneType, result: LaneType, emit: Callable[[Any, Any, Any], Any]) -> None:
    """Type and lower `op` for vector with vector, vector with scalar, scalar with vector."""
    pairs = [(kind, kind)]
    if kind in _SCALAR:
        pairs += [(kind, _SCALAR[kind]), (_SCALAR[kind], kind)]

    @infer_global(op)
    class _Template(ConcreteTemplate):
        cases = [signature(result, a, b) for a, b in pairs]

    for a, b in pairs:

        @lower_builtin(op, a, b)
        def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            x, y = (
                value if isinstance(typ, LaneType) else splat(builder, value, kind.llvm)
                for value, typ in zip(args, sig.args, strict=True)
            )
            return emit(builder, x, y)


def define_unary(op: Any, kind: LaneType, emit: Callable[[Any, Any], Any]) -> None:
    """Type and lower `op` for one vector."""

    @infer_global(op)
    class _Template(ConcreteTemplate):
        cases = [signature(kind, kind)]

    @lower_builtin(op, kind)
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, args[0])


def _define_operators() -> None:
    for op, name in (
        (operator.add, "fadd"),
        (operator.sub, "fsub"),
        (operator.mul, "fmul"),
        (operator.truediv, "fdiv"),
    ):
        define_binary(op, FLOATS, FLOATS, lambda b, x, y, name=name: getattr(b, name)(x, y))
    for op, name in (
        (operator.add, "add"),
        (operator.sub, "sub"),
        (operator.mul, "mul"),
        (operator.and_, "and_"),
        (operator.or_, "or_"),
        (operator.xor, "xor"),
        (operator.lshift, "shl"),
        (operator.rshift, "lshr"),
    ):
        define_binary(op, INTEGERS, INTEGERS, lambda b, x, y, name=name: getattr(b, name)(x, y))
    for op, sign in (
        (operator.lt, "<"),
        (operator.le, "<="),
        (operator.gt, ">"),
        (operator.ge, ">="),
        (operator.eq, "=="),
    ):
        define_binary(op, FLOATS, MASK, lambda b, x, y, sign=sign: b.fcmp_ordered(sign, x, y))
        define_binary(op, INTEGERS, MASK, lambda b, x, y, sign=sign: b.icmp_signed(sign, x, y))
    define_binary(operator.and_, MASK, MASK, lambda b, x, y: b.and_(x, y))
    define_binary(operator.or_, MASK, MASK, lambda b, x, y: b.or_(x, y))
    define_unary(operator.invert, MASK, lambda b, x: b.not_(x))
    define_unary(operator.neg, FLOATS, lambda b, x: b.fneg(x))


_define_operators()
