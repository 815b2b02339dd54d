"""How large arrays travel to and from the device: in pieces, through memory that the system holds in place.

Only from such memory does a GPU copy while the host goes on. A program's own is copied there, and from there, by
threads of the host: one alone is slower than the bus.
"""

from collections import deque
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.cuda_errors import device_errors
from rhoscope.errors import DeviceError
from rhoscope.pool import for_chunks

# Two pieces, one copied by the host while the other travels. To hold memory in place takes longer than to copy as much,
# so more of it would cost a call more than it saves; in less, starting threads and copies would take longer than
# copying. No GPU has measured this.
PIECE_BYTES = 16 << 20
PIECES = 2
# Threads that copy as fast as the bus of a GPU is, about.
COPY_THREADS = 4


class Staging:
    """Memory held in place for one call, which is reserved when the first array of more than a piece travels.

    All streams of the call share it: a piece is written to again when its last copy is done, whichever stream that is
    on.

    Args:
        threads: of the host.
    """

    def __init__(self, threads: int) -> None:
        self._threads = min(threads, COPY_THREADS)
        self._pieces: list[_Piece] | None = None

    def takes(self, size: int) -> bool:
        """Whether an array of so many bytes travels through here; one that does not is copied by the driver."""
        if size <= PIECE_BYTES:
            return False
        if self._pieces is None:
            self._pieces = _reserve()
        return bool(self._pieces)

    def send(self, array: NDArray[Any], there: Any, stream: Any) -> None:
        """Start to copy a flat array to one on the device; it may be changed as soon as this returns."""
        for piece, part in self._turns(array):
            piece.copied.synchronize()
            held = piece.as_part_of(array[part])
            self._copy(array[part], held)
            there[part].copy_to_device(held, stream=stream)
            piece.copied.record(stream)

    def fetch(self, there: Any, array: NDArray[Any], stream: Any) -> None:
        """Copy an array on the device to a flat one, after all that was started on this stream."""
        travelling: deque[tuple[_Piece, slice]] = deque()
        for piece, part in self._turns(array):
            if len(travelling) == PIECES:
                self._take(array, *travelling.popleft())
            piece.copied.synchronize()
            there[part].copy_to_host(piece.as_part_of(array[part]), stream=stream)
            piece.copied.record(stream)
            travelling.append((piece, part))
        for arriving in travelling:
            self._take(array, *arriving)

    def _turns(self, array: NDArray[Any]) -> Iterator[tuple["_Piece", slice]]:
        """Each part of the array, and the piece that it travels in."""
        assert self._pieces
        step = PIECE_BYTES // array.itemsize
        for piece, first in zip(cycle(self._pieces), range(0, array.size, step), strict=False):
            yield piece, slice(first, min(first + step, array.size))

    def _take(self, array: NDArray[Any], piece: "_Piece", part: slice) -> None:
        piece.copied.synchronize()
        self._copy(piece.as_part_of(array[part]), array[part])

    def _copy(self, source: NDArray[Any], target: NDArray[Any]) -> None:
        def work(worker: int, start: int, stop: int) -> None:
            target[start:stop] = source[start:stop]

        for_chunks(work, target.size, -(-target.size // self._threads), self._threads)


class _Piece:
    """Memory that the system holds in place, and when the last copy from or to it is done."""

    def __init__(self, memory: NDArray[np.uint8], copied: Any) -> None:
        self._memory, self.copied = memory, copied

    def as_part_of(self, array: NDArray[Any]) -> NDArray[Any]:
        """As much of it as this part of an array takes, as numbers of its kind."""
        return self._memory[: array.nbytes].view(array.dtype)


def _reserve() -> list[_Piece]:
    """The pieces; none where the system lets this process hold no such memory."""
    from numba import cuda

    known: Any = cuda
    try:
        with device_errors("locking memory of the host"):
            return [_Piece(known.pinned_array(PIECE_BYTES, np.uint8), known.event()) for _ in range(PIECES)]
    except DeviceError:  # the driver's own copies are as right, and only slower
        return []
