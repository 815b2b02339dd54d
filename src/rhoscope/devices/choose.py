"""The one place where a device's name becomes a device."""

import logging
from typing import TYPE_CHECKING, Any

from rhoscope.devices.cpu import CpuDevice, check_threads
from rhoscope.errors import ArgumentError

if TYPE_CHECKING:
    from rhoscope.devices.cuda import CudaDevice
    from rhoscope.devices.fallback import FallbackDevice

# A GPU is worth its start from about this many floating-point operations on, and fast while a matrix is small
# enough for thousands of them to lie in its caches. Operation counts say so; it was not measured.
WORTH_OPERATIONS = 1e11
WORTH_SIZE = 64

_logger = logging.getLogger("rhoscope")


def choose(
    device: str = "auto",
    threads: int | None = None,
    *,
    size: int = 0,
    operations: float = 0.0,
) -> "CpuDevice | CudaDevice | FallbackDevice":
    """The device of that name; "auto" is the CPU as well where a GPU fails in the middle of its work.

    Where "auto" takes the GPU, the logger "rhoscope" says so at INFO.

    Args:
        device: "cpu", "cuda", or "auto": the GPU where one works and the work is worth it, else the CPU.
        threads: Python threads that drive the kernels; None for every core this process may use.
        size: n of the matrices, for "auto".
        operations: floating-point operations there are to do, about, for "auto".

    Raises:
        ArgumentError: no device of that name, or threads < 1.
        DeviceError: the device is known and cannot be had.
    """
    check_names(device, threads)
    if not takes_gpu(device, size=size, operations=operations):
        return CpuDevice(threads)
    from rhoscope.devices.cuda import CudaDevice
    from rhoscope.devices.fallback import FallbackDevice

    gpu = CudaDevice(threads)
    if device == "cuda":
        return gpu
    _logger.info(
        'device = "auto" takes the GPU for about %.1e operations on %d x %d matrices: %s',
        operations,
        size,
        size,
        gpu.described,
    )
    return FallbackDevice(gpu, threads)


def check_names(device: str, threads: int | None) -> None:
    """Whether there is such a device, and can be so many threads; not whether the device can be had.

    Raises:
        ArgumentError, ArgumentTypeError: there is not, or cannot.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ArgumentError(f'device = {device!r}: not a device; use "auto", "cpu" or "cuda"')
    check_threads(threads)


def choose_single(device: str, threads: int | None) -> CpuDevice:
    """The device for arithmetic in float32, which a GPU here has not.

    Raises:
        ArgumentError: device = "cuda", no device of that name, or threads < 1.
    """
    if device == "cuda":
        raise ArgumentError(
            'device = "cuda" beside dtype = "float32": a GPU computes in float64 here; use device = "cpu" or "auto", '
            'or dtype = "float64"'
        )
    chosen: Any = choose("cpu" if device == "auto" else device, threads)
    return chosen


def takes_gpu(device: str, *, size: int, operations: float) -> bool:
    """Whether `choose` would take a GPU; its arguments are those of `choose`."""
    return device == "cuda" or (device == "auto" and _worth(size, operations))


def choose_gpu(device: str = "auto", threads: int | None = None) -> "CudaDevice":
    """The GPU, for arrays that live there already or are to stay there, which "auto" says as in `choose`.

    Raises:
        ArgumentError: device = "cpu", no device of that name, or threads < 1.
        DeviceError: no GPU can be used; the message says why.
    """
    if device == "cpu":
        raise ArgumentError(
            'device = "cpu": an array lives on a GPU, or is to stay there (on_device = True); use device = "cuda" or '
            '"auto", or pass copies in host memory and leave on_device out'
        )
    chosen: Any = choose("cuda" if device == "auto" else device, threads)
    if device == "auto":
        _logger.info('device = "auto" takes the GPU, where arrays live or are to stay: %s', chosen.described)
    return chosen


def _worth(size: int, operations: float) -> bool:
    if size > WORTH_SIZE or operations < WORTH_OPERATIONS:
        return False
    from rhoscope.devices.cuda_state import state

    return state().usable
