"""The GPU for as long as it works: what it fails at, the CPU does again, and all that follows."""

import warnings
from typing import Any

from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda import CudaDevice
from rhoscope.errors import DeviceError


class FallbackDevice:
    """What device = "auto" is where a GPU works.

    Args:
        gpu: the device to begin with.
        threads: Python threads that drive the kernels on the CPU; None for every core this process may use.
    """

    def __init__(self, gpu: CudaDevice, threads: int | None) -> None:
        self._now: CudaDevice | CpuDevice = gpu
        self._threads = threads

    @property
    def name(self) -> str:
        """Of the device that computed last, or is to compute next."""
        return self._now.name

    def columns(self, *arguments: Any, **options: Any) -> Any:
        """As the devices have it."""
        return self._call("columns", *arguments, **options)

    def eigenvalues(self, *arguments: Any) -> Any:
        """As the devices have it."""
        return self._call("eigenvalues", *arguments)

    def complex_eigenvalues(self, *arguments: Any) -> Any:
        """As the devices have it."""
        return self._call("complex_eigenvalues", *arguments)

    def log_norms(self, *arguments: Any) -> Any:
        """As the devices have it."""
        return self._call("log_norms", *arguments)

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._now, method)(*arguments, **options)
        except DeviceError as error:
            if isinstance(self._now, CpuDevice):
                raise
            warnings.warn(f"{error}; the CPU does this again, and the rest", RuntimeWarning, stacklevel=3)
        self._now = CpuDevice(self._threads)
        return getattr(self._now, method)(*arguments, **options)
