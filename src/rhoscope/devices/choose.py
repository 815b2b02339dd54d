"""The one place where a device's name becomes a device."""

from rhoscope.devices.cpu import CpuDevice
from rhoscope.errors import ArgumentError, DeviceError


def choose(device: str = "auto", threads: int | None = None) -> CpuDevice:
    """The device of that name.

    Args:
        device: "auto" or "cpu".
        threads: Python threads that drive the kernels; None for every core this process may use.

    Raises:
        ArgumentError: no device of that name, or threads < 1.
        DeviceError: the device is known and cannot be had.
    """
    if device == "cuda":
        raise DeviceError(
            'device = "cuda": this version computes on the CPU alone; use device = "cpu" or "auto"'
        )
    if device not in ("auto", "cpu"):
        raise ArgumentError(f'device = {device!r}: not a device; use "auto" or "cpu"')
    return CpuDevice(threads)
