"""Numba extension types for vectors, so that kernels compile to vector instructions.

A plain loop over eight lanes is unrolled to scalar code before the vectoriser sees it; LLVM vector values are not.
Floats, integers and masks of float64 are values of LLVM type <8 x double>, <8 x i64> and <8 x i1>.
Operators are lowered directly, without an overload each, because that compiles several times faster.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.core.extending import lower_builtin
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import models, register_model

from rhoscope.kernels import single
from rhoscope.kernels.layout import WIDTH

I64 = ir.IntType(64)
I32 = ir.IntType(32)

# Vectors that running sums may fill, half of the registers: with AVX-512 a vector takes one of 32, else two of 16.
# Tiles are cut to it; the order of no sum depends on it.
ACCUMULATORS = 16 if binding.get_host_cpu_features().get("avx512f", False) else 4


class LaneType(types.Type):
    """A vector type of fixed width; one instance for each kind of element of a family."""

    def __init__(self, name: str, element: Any, family: "Family") -> None:
        super().__init__(name=f"rhoscope_{name}x{family.width}")
        self.llvm = ir.VectorType(element, family.width)
        self.family = family


@register_model(LaneType)
class _LaneModel(models.PrimitiveModel):  # pyright: ignore[reportUntypedBaseClass]
    def __init__(self, dmm: Any, fe_type: LaneType) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


class Family:
    """Floats of one precision, integers as wide as they are, and masks, so many at a time.

    Args:
        bits: of a number.
        width: numbers of a vector.
    """

    def __init__(self, bits: int, width: int) -> None:
        self.bits = bits
        self.width = width
        self.element = ir.DoubleType() if bits == 64 else ir.FloatType()
        self.integer = ir.IntType(bits)
        self.scalar = types.float64 if bits == 64 else types.float32
        self.floats = LaneType(f"float{bits}", self.element, self)
        self.integers = LaneType(f"int{bits}", self.integer, self)
        self.mask = LaneType("mask", ir.IntType(1), self)
        # What LLVM's names of functions on such vectors end in.
        self.suffix = f"v{width}f{bits}"

    def constant(self, x: float) -> Any:
        """The float x in every lane."""
        return ir.Constant(self.floats.llvm, [x] * self.width)

    def float_of(self, builder: Any, x: Any) -> Any:
        """A float64 scalar as an element."""
        return x if self.bits == 64 else builder.fptrunc(x, self.element)

    def integer_of(self, builder: Any, i: Any) -> Any:
        """An int64 scalar as an element."""
        return i if self.bits == 64 else builder.trunc(i, self.integer)


DOUBLE = Family(64, WIDTH)
SINGLE = Family(32, single.WIDTH)
WIDE = Family(64, single.WIDTH)  # what float32 lanes have in float64: random numbers, logarithms


def family_of(array: Any) -> Family:
    """The lanes that an array of this type holds."""
    return SINGLE if array.dtype == types.float32 else DOUBLE


def splat(builder: Any, value: Any, llvm: ir.VectorType) -> Any:
    """One scalar in every lane."""
    single = builder.insert_element(ir.Constant(llvm, ir.Undefined), value, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, llvm.count), None)
    return builder.shuffle_vector(single, ir.Constant(llvm, ir.Undefined), zeros)


def neighbours(first: int, count: int) -> Any:
    """For a shuffle: the lanes from `first` on."""
    return ir.Constant(ir.VectorType(I32, count), [first + i for i in range(count)])


def broadcast(builder: Any, value: Any, kind: LaneType) -> Any:
    """A float64 or int64 scalar in every lane."""
    family = kind.family
    convert = family.float_of if kind is family.floats else family.integer_of
    return splat(builder, convert(builder, value), kind.llvm)


def call_floats(builder: Any, name: str, args: Any, x: LaneType) -> Any:
    """A call of an LLVM intrinsic of float vectors."""
    kind = ir.FunctionType(x.llvm, [x.llvm] * len(args))
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{x.family.suffix}"), args
    )


def define_binary(op: Any, kind: LaneType, result: LaneType, emit: Callable[[Any, Any, Any], Any]) -> None:
    """Type and lower `op` for vector with vector, vector with scalar, scalar with vector."""
    pairs: list[tuple[Any, Any]] = [(kind, kind)]
    if kind is not kind.family.mask:
        scalar = types.float64 if kind is kind.family.floats else types.int64
        pairs += [(kind, scalar), (scalar, kind)]

    @infer_global(op)
    class _Template(ConcreteTemplate):
        cases = [signature(result, a, b) for a, b in pairs]

    for a, b in pairs:

        @lower_builtin(op, a, b)
        def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            x, y = (
                value if isinstance(typ, LaneType) else broadcast(builder, value, kind)
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


def define_arithmetic(family: Family) -> None:
    """Addition, subtraction, multiplication, negation of floats."""
    floats = family.floats
    for op, name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
        define_binary(op, floats, floats, lambda b, x, y, name=name: getattr(b, name)(x, y))
    define_unary(operator.neg, floats, lambda b, x: b.fneg(x))


def _define_operators(family: Family) -> None:
    floats, integers, mask = family.floats, family.integers, family.mask
    define_arithmetic(family)
    define_binary(operator.truediv, floats, floats, lambda b, x, y: b.fdiv(x, y))
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
        define_binary(op, integers, integers, lambda b, x, y, name=name: getattr(b, name)(x, y))
    for op, sign in (
        (operator.lt, "<"),
        (operator.le, "<="),
        (operator.gt, ">"),
        (operator.ge, ">="),
        (operator.eq, "=="),
    ):
        define_binary(op, floats, mask, lambda b, x, y, sign=sign: b.fcmp_ordered(sign, x, y))
        define_binary(op, integers, mask, lambda b, x, y, sign=sign: b.icmp_signed(sign, x, y))


def _define_masks(mask: LaneType) -> None:
    define_binary(operator.and_, mask, mask, lambda b, x, y: b.and_(x, y))
    define_binary(operator.or_, mask, mask, lambda b, x, y: b.or_(x, y))
    define_unary(operator.invert, mask, lambda b, x: b.not_(x))


for _family in (DOUBLE, SINGLE, WIDE):
    _define_operators(_family)
for _mask in (DOUBLE.mask, SINGLE.mask):  # equal to that of WIDE
    _define_masks(_mask)
