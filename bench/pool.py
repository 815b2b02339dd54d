"""A pool of threads over chunks of a batch, the same for every contender."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Pool:
    """Runs a function over slices of range(count) on a fixed number of threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads)

    def over_chunks(self, work: Callable[[slice], object], count: int, chunk: int) -> None:
        """Call work(slice) for consecutive slices of at most `chunk` items; errors are raised here."""
        slices = [slice(start, min(start + chunk, count)) for start in range(0, count, chunk)]
        for _ in self._executor.map(work, slices):
            pass

    def close(self) -> None:
        self._executor.shutdown()
