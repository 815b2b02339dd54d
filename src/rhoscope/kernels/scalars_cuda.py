"""Slices and arithmetic of one lane on a GPU: each function one instruction or two, rounded as IEEE 754 says."""

from typing import Any

from numba import cuda, float64, int32, int64
from numba.cuda import cgutils, libdevice, types
from numba.cuda.extending import intrinsic
from numba.cuda.typing import signature

from rhoscope.kernels.jit_cuda import inlined
from rhoscope.kernels.layout import WARP

# pyright: reportMissingImports=false


def _beyond(scale: int) -> Any:
    def typed(typingctx: Any, a: Any, start: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            array = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0])
            array.data = builder.gep(array.data, [builder.mul(args[1], args[1].type(scale))])
            return array._getvalue()

        return signature(a, a, types.int64), codegen

    return typed


# Slices as intrinsics: Numba lets no device function return one.


@intrinsic
def beyond(typingctx: Any, a: Any, start: Any) -> Any:
    """The array a from a[start] on."""
    return _beyond(1)(typingctx, a, start)


@intrinsic
def part(typingctx: Any, a: Any, start: Any) -> Any:
    """The lane a from element `start` on."""
    return _beyond(WARP)(typingctx, a, start)


@inlined
def fma(x, y, z):
    """x * y + z, rounded once."""
    return libdevice.fma(x, y, z)


@inlined
def sqrt(x):
    """Correctly rounded square root."""
    return libdevice.dsqrt_rn(x)


@inlined
def absolute(x):
    """Absolute value."""
    return libdevice.fabs(x)


@inlined
def floor(x):
    """Largest whole number not above x, as a float."""
    return libdevice.floor(x)


@inlined
def bits(x):
    """The IEEE 754 bit pattern of x as an integer."""
    return libdevice.double_as_longlong(x)


@inlined
def from_bits(i):
    """The float whose IEEE 754 bit pattern is i."""
    return libdevice.longlong_as_double(i)


@inlined
def to_float(i):
    """The number i as a float."""
    return float64(i)


@inlined
def to_int(x):
    """The whole number x as an integer."""
    return int64(x)


@inlined
def thread():
    """Number of the calling thread in its block."""
    return cuda.threadIdx.x


@inlined
def sync():
    """Wait for all threads of the block, whose writes are then seen by all."""
    cuda.syncthreads()


@inlined
def sync_any(mask):
    """`sync`, and whether the mask of any thread of the block holds."""
    return cuda.syncthreads_or(int32(mask)) != 0
