"""Threads over chunks of an index range; the kernels release the GIL, so Python threads are all it takes."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

Work = Callable[[int, int, int], None]


class Cancelled(Exception):
    """Raised where work stops because the caller's `cancelled` turned true."""


def for_chunks(
    work: Work,
    count: int,
    chunk: int,
    threads: int,
    cancelled: Callable[[], bool] | None = None,
    *,
    grain: int | None = None,
) -> None:
    """Call work(worker, start, stop) for consecutive chunks of range(count) on `threads` threads.

    Each worker takes the next chunk when it is free, so uneven chunks balance. Towards the end chunks get shorter, in
    steps of `grain`, so that the threads end at about the same time; None keeps them as they are. The calling thread is
    worker 0: to start a thread and to end it takes as long as some kernels. An exception stops the others at their next
    chunk and is raised here; so does KeyboardInterrupt in the calling thread.

    Raises:
        Cancelled: `cancelled`, polled before each chunk, turned true.
    """
    threads = min(threads, -(-count // (chunk if grain is None else min(chunk, grain))))
    bounds = _bounds(count, chunk, threads, grain)
    lock = threading.Lock()
    stop = threading.Event()

    def run(worker: int) -> None:
        try:
            while not stop.is_set():
                if cancelled is not None and cancelled():
                    raise Cancelled
                with lock:
                    taken = next(bounds, None)
                if taken is None:
                    return
                work(worker, *taken)
        except BaseException:
            stop.set()
            raise

    if threads <= 1:
        run(0)
        return
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="rhoscope") as pool:
        futures = [pool.submit(run, worker) for worker in range(1, threads)]
        try:
            run(0)
            wait(futures)
        finally:
            stop.set()
        for future in futures:
            future.result()


def _bounds(count: int, chunk: int, threads: int, grain: int | None) -> Iterator[tuple[int, int]]:
    """Where the chunks begin and end: with a grain, half of what is left goes to the threads in equal parts."""
    start = 0
    while start < count:
        length = chunk
        if grain is not None and threads > 1:
            length = min(chunk, max(1, (count - start) // (2 * threads * grain)) * grain)
        yield start, min(start + length, count)
        start += length
