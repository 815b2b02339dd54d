"""How many lanes a GPU works on at once, the memory they take, and how kernels are launched on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.cuda_state import simulated
from rhoscope.errors import DeviceError
from rhoscope.kernels.layout import WARP

# Threads of a block, and blocks of a multiprocessor: the long kernels take nearly every register (255 of 65536).
THREADS = 64
BLOCKS = 4
# Share of the free memory that is planned with; the rest is the driver's, for code and fragments.
SHARE = 0.8
_BYTES = 8


@contextmanager
def device_errors(doing: str) -> Iterator[None]:
    """Tell of a failure of the device in one sentence, as a `DeviceError`."""
    if simulated():
        yield
        return
    from numba.cuda.cudadrv.driver import CudaAPIError
    from numba.cuda.cudadrv.error import CudaSupportError

    try:
        yield
    except (CudaAPIError, CudaSupportError) as error:
        raise DeviceError(
            f'device = "cuda": {doing} failed: {error}; use fewer samples at once, or device = "cpu"'
        ) from error


class Launcher:
    """Lanes on the current GPU, as many as it can run and hold at once.

    Args:
        count: how many matrices or samples there are.
        each: float64 numbers kept on the device for one of them.
        work: float64 numbers that a running lane needs as work space.

    Raises:
        DeviceError: not even one warp of lanes fits the memory that is free.
    """

    def __init__(self, count: int, each: int, work: int) -> None:
        from numba import cuda

        self._cuda: Any = cuda
        with device_errors("looking at the GPU"):
            running, free = _running_lanes(cuda), _free_bytes(cuda)
        room = int(SHARE * free) // (_BYTES * (each + work)) // WARP * WARP
        if room < WARP:
            need = WARP * _BYTES * (each + work)
            raise DeviceError(
                f'device = "cuda": {WARP} matrices of this size need {need / 1e9:.2f} GB of device memory, '
                f'{free / 1e9:.2f} GB are free; use a smaller size or horizon, or device = "cpu"'
            )
        self.lanes = min(-(-count // WARP) * WARP, running, room)
        """How many are on the device at once; a multiple of the lanes of a group."""

    def lanes_of(self, elements: int, dtype: Any = np.float64) -> Any:
        """Space for `elements` elements of every lane."""
        return self.empty(self.lanes * max(elements, 1), dtype)

    def empty(self, count: int, dtype: Any = np.float64) -> Any:
        """Space for `count` numbers."""
        with device_errors(f"reserving {count * _BYTES / 1e9:.2f} GB"):
            return self._cuda.device_array(max(count, 1), dtype=dtype)

    def to_device(self, array: NDArray[Any]) -> Any:
        """A copy on the device."""
        with device_errors("copying to the GPU"):
            return self._cuda.to_device(np.ascontiguousarray(array))

    def to_host(self, array: Any) -> NDArray[Any]:
        """A copy in NumPy; waits for the kernels before it."""
        with device_errors("computing on the GPU"):
            return array.copy_to_host()

    def by_lane(self, array: Any, elements: int, count: int) -> NDArray[np.float64]:
        """The elements of each of the first `count` lanes (count, elements), in NumPy."""
        groups = -(-count // WARP)
        found = self.to_host(array[: groups * elements * WARP])
        return found.reshape(groups, elements, WARP).swapaxes(1, 2).reshape(-1, elements)[:count]

    def run(self, kernel: Any, count: int, *arguments: Any) -> None:
        """Launch a kernel with a thread for each of `count` lanes, at most `lanes`."""
        with device_errors("starting a kernel"):
            kernel[-(-min(count, self.lanes) // THREADS), THREADS](*arguments)


def _running_lanes(cuda: Any) -> int:
    multiprocessors = getattr(cuda.current_context().device, "MULTIPROCESSOR_COUNT", 1)
    return multiprocessors * BLOCKS * THREADS


def _free_bytes(cuda: Any) -> int:
    free = cuda.current_context().get_memory_info()[0]
    return int(min(free, 2**62))  # the simulator has memory without end
