"""Subnormal results taken for zeros, where they would cost much and mean nothing.

An input scaled to a state that has grown far beyond it is subnormal before it is zero. Processors of Intel's take some
150 cycles for each instruction that meets one, and in float32 every tenth exponent is one of subnormal numbers.
Operands are left as they are: a matrix given may have subnormal entries, which are scaled before they are used.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.caching import jit
from rhoscope.kernels.vector import I32

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

# The bit of a thread's control register that makes subnormal results zero.
RESULTS = 1 << 15
# Other processors have other registers, and handle subnormal numbers at full speed.
KNOWN = platform.machine() in ("x86_64", "AMD64")


@intrinsic
def _exchange(typingctx: Any, control: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = cgutils.alloca_once(builder, I32)
        pointer = builder.bitcast(place, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr"), [pointer])
        old = builder.load(place)
        builder.store(args[0], place)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr"), [pointer])
        return old

    return signature(types.uint32, types.uint32), codegen


@jit
def exchange(control):
    """Set the control register of this thread; returns what it was."""
    return _exchange(types.uint32(control))


@contextmanager
def flushed() -> Iterator[None]:
    """Within, kernels that this thread calls have zeros where results would be subnormal numbers."""
    if not KNOWN:
        yield
        return
    old = exchange(0x1F80 | RESULTS)  # all exceptions masked, as they are by default
    try:
        yield
    finally:
        exchange(old)
