"""How many lanes a GPU works on at once, the memory they take, and how kernels are launched on them."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_launch import configured
from rhoscope.devices.cuda_staging import Staging
from rhoscope.errors import DeviceError
from rhoscope.kernels.layout import WARP
from rhoscope.pool import Cancelled

# Threads of a block, and blocks of a multiprocessor: the long kernels take nearly every register (255 of 65536).
THREADS = 64
BLOCKS = 4
# Share of the free memory that is planned with; the rest is the driver's, for code and fragments.
SHARE = 0.8
# Of arrays that may still be on their way: what waiting for them costs is little beside it.
SENT_BYTES = 1 << 29
_BYTES = 8


class Launcher:
    """Lanes on the current GPU, as many as it can run and hold at once, and a stream of their own.

    Where two chunks of lanes fit, two launchers take turns (`in_turn`), and one computes while the other's numbers
    travel; so each plans with half of the memory.

    Args:
        count: how many matrices or samples there are.
        each: float64 numbers kept on the device for one of them.
        work: float64 numbers that a running lane needs as work space.
        common: float64 numbers of work space that all lanes share.

    Raises:
        DeviceError: not even one warp of lanes fits the memory that is free.
    """

    def __init__(self, count: int, each: int, work: int, common: int = 0) -> None:
        from numba import cuda

        self._cuda: Any = cuda
        with device_errors("looking at the GPU"):
            running, free = _running_lanes(cuda), _free_bytes(cuda)
            self.stream: Any = cuda.stream()
        self.staging: Staging | None = None
        """What large arrays travel through; `in_turn` gives it."""
        self._sent: list[NDArray[Any]] = []
        self._sent_bytes = 0
        room = int(SHARE * free) // _BYTES
        whole, half = (max(0, part - common) // (each + work) // WARP * WARP for part in (room, room // 2))
        if whole < WARP:
            need = _BYTES * (WARP * (each + work) + common)
            raise DeviceError(
                f'device = "cuda": {WARP} matrices of this size need {need / 1e9:.2f} GB of device memory, '
                f'{free / 1e9:.2f} GB are free; use a smaller size or horizon, or device = "cpu"'
            )
        wanted = min(-(-count // WARP) * WARP, running)
        self.lanes = min(wanted, half or whole)
        """How many are on the device at once; a multiple of the lanes of a group."""
        self.alone = half < WARP or count <= self.lanes
        """Whether there is no room, or no work, for a second one beside it."""

    def lanes_of(self, elements: int, dtype: Any = np.float64) -> Any:
        """Space for `elements` elements of every lane."""
        return self.empty(self.lanes * max(elements, 1), dtype)

    def empty(self, count: int, dtype: Any = np.float64) -> Any:
        """Space for `count` numbers."""
        return empty(count, dtype, self.stream)

    def to_device(self, array: NDArray[Any]) -> Any:
        """A copy on the device."""
        return self.send(array, self.empty(array.size, array.dtype))

    def send(self, array: NDArray[Any], space: Any) -> Any:
        """A copy at the beginning of this space; memory that is taken once need not be waited for again."""
        there, sent = space[: array.size], np.ascontiguousarray(array).reshape(-1)
        with device_errors("copying to the GPU"):
            if self.staging is not None and self.staging.takes(sent.nbytes):
                self.staging.send(sent, there, self.stream)
                return there
            there.copy_to_device(sent, stream=self.stream)
        self._sent.append(sent)  # a GPU may read it where it lies, and later
        self._sent_bytes += sent.nbytes
        if self._sent_bytes > SENT_BYTES:
            self.wait()
        return there

    def to_host(self, array: Any) -> NDArray[Any]:
        """A copy in NumPy; waits for the kernels before it."""
        with device_errors("computing on the GPU"):
            found = self._fetched(array, self.stream)
        self.wait()
        return found

    def to_host_aside(self, array: Any) -> NDArray[Any]:
        """A copy in NumPy of what was waited for before; waits for no kernel that was started since."""
        with device_errors("copying from the GPU"):
            stream = self._cuda.stream()
            found = self._fetched(array, stream)
            stream.synchronize()
        return found

    def _fetched(self, array: Any, stream: Any) -> NDArray[Any]:
        """A copy in NumPy, which may be on its way until the stream is waited for."""
        if self.staging is None or not self.staging.takes(array.nbytes):
            return array.copy_to_host(stream=stream)
        found = np.empty(array.size, array.dtype)
        self.staging.fetch(array, found, stream)
        return found

    def wait(self) -> None:
        """Until all that was started here is done."""
        with device_errors("computing on the GPU"):
            self.stream.synchronize()
        self._sent.clear()
        self._sent_bytes = 0

    def by_lane(self, array: Any, elements: int, count: int) -> NDArray[np.float64]:
        """The elements of each of the first `count` lanes (count, elements), in NumPy."""
        groups = -(-count // WARP)
        found = self.to_host(array[: groups * elements * WARP])
        return found.reshape(groups, elements, WARP).swapaxes(1, 2).reshape(-1, elements)[:count]

    def run(self, kernel: Any, count: int, *arguments: Any) -> None:
        """Launch a kernel with a thread for each of `count` lanes, at most `lanes`."""
        with device_errors("starting a kernel"):
            configured(kernel, -(-min(count, self.lanes) // THREADS), THREADS, self.stream)(*arguments)


def empty(count: int, dtype: Any = np.float64, stream: Any = 0) -> Any:
    """Space on the device for `count` numbers."""
    from numba import cuda

    with device_errors(f"reserving {count * np.dtype(dtype).itemsize / 1e9:.2f} GB"):
        return cuda.device_array(max(count, 1), dtype=dtype, stream=stream)


class Worker(Protocol):
    """What computes chunks on the device: it is told to begin one, and later asked for what it found."""

    @property
    def launcher(self) -> Launcher:
        """Where it computes."""
        ...

    def begin(self, first: int, last: int) -> None:
        """Start all that members first..last-1 need, and wait for nothing."""
        ...

    def finish(self, first: int, last: int) -> None:
        """Wait for it, and keep the results."""
        ...


def in_turn(
    worker: Callable[[], Worker], count: int, threads: int, cancelled: Callable[[], bool] | None = None
) -> None:
    """Chunks of range(count) by one worker, or by two that take turns: the host sees to one, the device to the other.

    Large arrays travel through memory that both share, copied by as many threads as there are.

    Raises:
        Cancelled: `cancelled`, polled before each chunk, turned true.
    """
    workers = [worker()]
    if not workers[0].launcher.alone:
        with suppress(DeviceError):  # one alone is slower, and enough
            workers.append(worker())
    staging = Staging(threads)
    for one in workers:
        one.launcher.staging = staging
    try:
        _take_turns(workers, count, cancelled)
    except BaseException:
        for one in workers:  # what is still copied to or from memory that is now given back
            with suppress(DeviceError):
                one.launcher.wait()
        raise


def _take_turns(workers: list[Worker], count: int, cancelled: Callable[[], bool] | None) -> None:
    size = min(one.launcher.lanes for one in workers)
    begun: deque[tuple[Worker, int, int]] = deque()
    for number, first in enumerate(range(0, count, size)):
        if len(begun) == len(workers):
            earlier, *chunk = begun.popleft()
            earlier.finish(*chunk)
        if cancelled is not None and cancelled():
            raise Cancelled
        last = min(first + size, count)
        workers[number % len(workers)].begin(first, last)
        begun.append((workers[number % len(workers)], first, last))
    for earlier, *chunk in begun:
        earlier.finish(*chunk)


def _running_lanes(cuda: Any) -> int:
    multiprocessors = getattr(cuda.current_context().device, "MULTIPROCESSOR_COUNT", 1)
    return multiprocessors * BLOCKS * THREADS


def _free_bytes(cuda: Any) -> int:
    free = cuda.current_context().get_memory_info()[0]
    return int(min(free, 2**62))  # the simulator has memory without end
