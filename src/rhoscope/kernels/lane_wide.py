"""Sixteen lanes in float64, for what float32 lanes compute with more digits; the names are those of `lane_cpu`."""

from typing import Any

from numba.core import types
from numba.extending import intrinsic

from rhoscope.kernels import lane_cpu
from rhoscope.kernels.vector import WIDE

abs = lane_cpu.abs
any = lane_cpu.any
bits = lane_cpu.bits
floor = lane_cpu.floor
fma = lane_cpu.fma
from_bits = lane_cpu.from_bits
sqrt = lane_cpu.sqrt
to_float = lane_cpu.to_float
to_int = lane_cpu.to_int
where = lane_cpu.where

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def const(typingctx: Any, x: Any) -> Any:
    """The float x in every lane."""
    return lane_cpu.fill(WIDE.floats, types.float64)


@intrinsic
def iconst(typingctx: Any, x: Any) -> Any:
    """The integer x in every lane."""
    return lane_cpu.fill(WIDE.integers, types.int64)
