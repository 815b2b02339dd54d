"""Threads over chunks of an index range; the kernels release the GIL, so Python threads are all it takes."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

Work = Callable[[int, int, int], None]


class Cancelled(Exception):
    """Raised where work stops because the caller's `cancelled` turned true."""


def for_chunks(
    work: Work, count: int, chunk: int, threads: int, cancelled: Callable[[], bool] | None = None
) -> None:
    """Call work(worker, start, stop) for consecutive chunks of range(count) on `threads` threads.

    Each worker takes the next chunk when it is free, so uneven chunks balance. One thread runs inline. An exception
    stops the others at their next chunk and is raised here; so does KeyboardInterrupt in the calling thread.

    Raises:
        Cancelled: `cancelled`, polled before each chunk, turned true.
    """
    threads = min(threads, -(-count // chunk))
    starts = iter(range(0, count, chunk))
    lock = threading.Lock()
    stop = threading.Event()

    def run(worker: int) -> None:
        while not stop.is_set():
            if cancelled is not None and cancelled():
                raise Cancelled
            with lock:
                start = next(starts, None)
            if start is None:
                return
            work(worker, start, min(start + chunk, count))

    if threads <= 1:
        run(0)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="rhoscope") as pool:
        futures = [pool.submit(run, worker) for worker in range(threads)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
        for future in futures:
            future.result()
