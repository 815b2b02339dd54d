"""Floats of vectors to integers and back, by bits or by value; kernels find these functions in `lane_cpu`."""

from typing import Any

from llvmlite import ir
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.vector import ACCUMULATORS, call_floats

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def _cast(source: Any, target: Any, operation: str) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, operation)(args[0], target.llvm)

    return signature(target, source), codegen


@intrinsic
def bits(typingctx: Any, x: Any) -> Any:
    """The IEEE 754 bit pattern of x as an integer."""
    return _cast(x, x.family.integers, "bitcast")


@intrinsic
def from_bits(typingctx: Any, i: Any) -> Any:
    """The float whose IEEE 754 bit pattern is i."""
    return _cast(i, i.family.floats, "bitcast")


# Added to a whole number below 2^51 in magnitude it puts that number in the last bits of a float, and back:
# AVX2 has no instruction between vectors of int64 and of float64, and LLVM would go lane by lane.
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = 0x4338000000000000


def _shifted(builder: Any, i: Any, family: Any) -> Any:
    """An integer below 2^51 in magnitude as a float."""
    whole = builder.add(i, ir.Constant(i.type, [_SHIFT_BITS] * family.width))
    return builder.fsub(builder.bitcast(whole, family.floats.llvm), family.constant(_SHIFT))


@intrinsic
def to_float(typingctx: Any, i: Any) -> Any:
    """The integer i, below 2^51 in magnitude, as a float; for 32 bits rounded."""
    family = i.family
    if family.bits == 32:
        return _cast(i, family.floats, "sitofp")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shifted(builder, args[0], family)

    return signature(family.floats, i), codegen


@intrinsic
def to_float_53(typingctx: Any, i: Any) -> Any:
    """The integer i, from 0 to 2^53 - 1, as a float."""
    family = i.family
    if ACCUMULATORS >= 16:  # AVX-512 has an instruction
        return _cast(i, family.floats, "sitofp")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        low = builder.and_(args[0], ir.Constant(i.llvm, [2**32 - 1] * family.width))
        high = builder.lshr(args[0], ir.Constant(i.llvm, [32] * family.width))
        high, low = (_shifted(builder, part, family) for part in (high, low))
        return call_floats(builder, "fma", [high, family.constant(2.0**32), low], family.floats)

    return signature(family.floats, i), codegen


@intrinsic
def to_int(typingctx: Any, x: Any) -> Any:
    """The whole number x, below 2^51 in magnitude, or 2^31 for 32 bits, as an integer."""
    family = x.family
    if family.bits == 32:
        return _cast(x, family.integers, "fptosi")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.fadd(args[0], family.constant(_SHIFT))
        shift = ir.Constant(family.integers.llvm, [_SHIFT_BITS] * family.width)
        return builder.sub(builder.bitcast(whole, family.integers.llvm), shift)

    return signature(family.integers, x), codegen
