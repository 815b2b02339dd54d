"""The one place where a device's name becomes a device."""

from typing import TYPE_CHECKING

from rhoscope.devices.cpu import CpuDevice
from rhoscope.errors import ArgumentError

if TYPE_CHECKING:
    from rhoscope.devices.cuda import CudaDevice

# A GPU is worth its start from about this many floating-point operations on, and fast while a matrix is small
# enough for thousands of them to lie in its caches. Operation counts say so; it was not measured.
WORTH_OPERATIONS = 1e11
WORTH_SIZE = 64


def choose(
    device: str = "auto",
    threads: int | None = None,
    *,
    size: int = 0,
    operations: float = 0.0,
    fresh: bool = False,
) -> "CpuDevice | CudaDevice":
    """The device of that name.

    Args:
        device: "cpu", "cuda", or "auto": the GPU where one works and the work is worth it, else the CPU.
        threads: Python threads that drive the kernels; None for every core this process may use.
        size: n of the matrices, for "auto".
        operations: floating-point operations there are to do, about, for "auto".
        fresh: whether it is a study with a fresh matrix at every step, which only the CPU does, for "auto".

    Raises:
        ArgumentError: no device of that name, or threads < 1.
        DeviceError: the device is known and cannot be had.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ArgumentError(f'device = {device!r}: not a device; use "auto", "cpu" or "cuda"')
    if device == "cuda" or (device == "auto" and not fresh and _worth(size, operations)):
        from rhoscope.devices.cuda import CudaDevice

        return CudaDevice(threads)
    return CpuDevice(threads)


def _worth(size: int, operations: float) -> bool:
    if size > WORTH_SIZE or operations < WORTH_OPERATIONS:
        return False
    from rhoscope.devices.cuda_state import state

    return state().usable
