"""How a range is cut into chunks, and who gets them."""

import threading
import time

import pytest

from rhoscope.pool import for_chunks


def taken(count: int, chunk: int, threads: int, grain: int | None) -> list[tuple[int, int]]:
    """The chunks in the order in which they begin."""
    lock, found = threading.Lock(), []

    def work(_: int, start: int, stop: int) -> None:
        with lock:
            found.append((start, stop))

    for_chunks(work, count, chunk, threads, grain=grain)
    return sorted(found)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 1000])
@pytest.mark.parametrize(("chunk", "grain"), [(8, None), (64, None), (64, 8), (24, 1), (8, 24)])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_chunks_cover_the_range_once(count: int, chunk: int, threads: int, grain: int | None) -> None:
    chunks = taken(count, chunk, threads, grain)
    assert [start for start, _ in chunks] == [0, *(stop for _, stop in chunks[:-1])]
    assert chunks[-1][1] == count
    assert all(stop - start <= chunk for start, stop in chunks)
    if grain is not None and chunk % grain == 0:
        assert all(start % grain == 0 for start, _ in chunks)


def test_the_last_chunks_are_the_shortest() -> None:
    """When a thread takes a chunk, it is at most half of its share of what is left."""
    chunks = taken(1000, 64, 2, 8)
    lengths = [stop - start for start, stop in chunks]
    assert lengths[0] == 64
    assert lengths == sorted(lengths, reverse=True)
    for start, stop in chunks:
        assert stop - start <= max(8, (1000 - start) / 4)


def test_few_but_long_tasks_go_to_all_threads() -> None:
    """Eight that make one chunk are shared out: each thread waits until the other has begun."""
    met: set[int] = set()
    barrier = threading.Barrier(2, timeout=10)

    def work(worker: int, start: int, stop: int) -> None:
        if worker not in met:
            met.add(worker)
            barrier.wait()

    for_chunks(work, 8, 8, 2, grain=1)
    assert met == {0, 1}


@pytest.mark.parametrize("fails", [0, 1])
def test_an_error_of_either_thread_is_raised_and_stops_the_other(fails: int) -> None:
    """The one that fails waits until the other has begun, which then takes no further chunk."""
    begun, failed = threading.Event(), threading.Event()
    taken: list[int] = []

    def work(worker: int, start: int, stop: int) -> None:
        taken.append(worker)
        if worker == fails:
            assert begun.wait(10)
            failed.set()
            raise ZeroDivisionError
        begun.set()
        assert failed.wait(10)
        time.sleep(0.1)  # until the error has been noted

    with pytest.raises(ZeroDivisionError):
        for_chunks(work, 100, 1, 2)
    assert sorted(taken) == [0, 1]
