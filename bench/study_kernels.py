"""The kernels of a study on their own, as `rs.run` calls them: chunk by chunk, each by one thread."""

import threading
import time
from collections.abc import Callable

import numpy as np

import rhoscope as rs
from rhoscope.devices import study_cpu
from rhoscope.devices.precision import precision_of
from rhoscope.devices.study_columns import StudyWorker
from rhoscope.pool import for_chunks


def worker(study: rs.Study, groups: int) -> StudyWorker:
    """What one thread computes with, at most `groups` groups of eight samples at a time."""
    return study_cpu.CpuWorker(study, groups, study.size + 1, None)


def over_chunks(study: rs.Study, threads: int, work: Callable[[StudyWorker, int, int], None]) -> None:
    """Call work(worker, start, stop) for the chunks of a study."""
    groups = study_cpu.groups_of_a_chunk(study, study.samples, threads)
    workers: dict[int, StudyWorker] = {}

    def run(number: int, start: int, stop: int) -> None:
        if number not in workers:
            workers[number] = worker(study, groups)
        work(workers[number], start, stop)

    for_chunks(run, study.samples, precision_of(study.dtype).width * groups, threads)


def gradients(study: rs.Study, threads: int) -> np.ndarray:
    """Log norms of ∂L/∂h at the lags, at lag 0, of ∂L/∂A and of ∂L/∂B (samples, K + 3)."""
    out = np.empty((study.samples, len(study.lags) + 3))

    def work(worker: StudyWorker, start: int, stop: int) -> None:
        worker.draw(start, stop)
        out[start:stop] = worker.gradients(stop - start)

    over_chunks(study, threads, work)
    return out


def seconds_by_kernel(study: rs.Study, threads: int) -> dict[str, float]:
    """Seconds that the draw of A, the spectra and the gradients take, the sum over threads divided by them."""
    taken: dict[str, float] = {"draw": 0.0, "spectra": 0.0, "gradients": 0.0}
    lock = threading.Lock()

    def work(worker: StudyWorker, start: int, stop: int) -> None:
        clock = [time.perf_counter()]
        for step in (
            lambda: worker.draw(start, stop),
            lambda: worker.spectra(stop - start),
            lambda: worker.gradients(stop - start),
        ):
            step()
            clock.append(time.perf_counter())
        with lock:
            for name, elapsed in zip(taken, np.diff(clock), strict=True):
                taken[name] += float(elapsed) / threads

    over_chunks(study, threads, work)
    return taken
