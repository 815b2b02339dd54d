"""Who computes which shard: a thread of this process, or the workers of any executor."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rhoscope.cores import available_cores
from rhoscope.devices.base import Device
from rhoscope.devices.choose import check_names, choose, choose_single, takes_gpu
from rhoscope.errors import DeviceError
from rhoscope.kernels.caching import on_compile
from rhoscope.plan import Plan, Shard, default_shard_size, sample_operations
from rhoscope.progress import Progress
from rhoscope.study import Study

Computed = tuple[dict[str, np.ndarray], str, float]  # columns, name of the device, seconds
POLL_SECONDS = 0.2  # how late a message about compiling may come


class Sink(Protocol):
    """Where finished shards go: a `Store`, or memory."""

    plan: Plan

    @property
    def missing(self) -> list[Shard]:
        """The shards still to be computed."""
        ...

    @property
    def finished(self) -> int:
        """How many shards are kept."""
        ...

    def commit(self, shard: Shard, columns: Mapping[str, np.ndarray], *, device: str, seconds: float) -> None:
        """Keep one finished shard."""
        ...


@dataclass(frozen=True)
class Workers:
    """Who computes: a device of this process, or, in an executor, a device with one thread in each worker."""

    device: str
    threads: int | None
    executor: Executor | None

    def __post_init__(self) -> None:
        # Here, and not where the device is made: what is finished already needs none.
        check_names(self.device, self.threads)


def compute(
    study: Study,
    sink: Sink,
    workers: Workers,
    progress: Callable[[Progress], None] | None,
    *,
    how_to_go_on: str,
) -> None:
    """Hand out the missing shards, a bounded number at a time, and commit each as it comes back.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, saying how many shards are done and `how_to_go_on`.
    DeviceError
        If a worker process died, or the device failed; what is finished is kept.
    """
    waiting = deque(sink.missing)
    if not waiting:
        return
    report = _Reporter(sink.plan, list(waiting), progress)
    running: dict[Future[Computed], Shard] = {}
    try:
        with _submitter(study, workers) as (submit, at_once, said), on_compile(report.compiling):
            report.tell(said)
            while waiting or running:
                while waiting and len(running) < at_once:
                    shard = waiting.popleft()
                    running[submit(shard)] = shard
                finished, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                report.tell_compiling()
                for future in sorted(
                    finished, key=_failed
                ):  # what is good is kept before an error ends the run
                    columns, name, seconds = future.result()
                    shard = running.pop(future)
                    sink.commit(shard, columns, device=name, seconds=seconds)
                    report.finish(shard)
    except KeyboardInterrupt:
        message = f"stopped with {sink.finished} of {len(sink.plan)} shards done; {how_to_go_on}"
        raise KeyboardInterrupt(message) from None
    except BrokenExecutor as error:
        raise DeviceError(f"a worker process died ({error}); {how_to_go_on}") from error
    except DeviceError as error:
        if not running:  # it could not be had in the first place
            raise
        done = f"{sink.finished} of {len(sink.plan)} shards are done"
        raise DeviceError(f"{error}; {done}; {how_to_go_on}") from error
    finally:
        for future in running:
            future.cancel()


def _failed(future: Future[Computed]) -> bool:
    return future.cancelled() or future.exception() is not None


@contextmanager
def _submitter(
    study: Study, workers: Workers
) -> Iterator[tuple[Callable[[Shard], Future[Computed]], int, str]]:
    """How to hand out a shard, how many may be out at once, and what there is to say of the device."""
    if workers.executor is not None:
        submit, threads = workers.executor.submit, workers.threads or 1
        at_once = (getattr(workers.executor, "_max_workers", None) or available_cores()) + 2
        yield (
            lambda shard: submit(compute_shard, study, shard.start, shard.stop, workers.device, threads),
            at_once,
            "",
        )
        return
    device = _chosen(study, workers.device, workers.threads)
    stopped = threading.Event()
    # A thread of its own leaves this one free to write shards meanwhile, and to hear Ctrl-C at once.
    pool = ThreadPoolExecutor(1, thread_name_prefix="rhoscope")
    try:
        yield (
            lambda shard: pool.submit(_timed, device, study, shard.start, shard.stop, stopped.is_set),
            2,
            "computing on the GPU" if (workers.device, device.name) == ("auto", "cuda") else "",
        )
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def compute_shard(study: Study, start: int, stop: int, device: str, threads: int) -> Computed:
    """What a worker of an executor does; at module level, so that it can be sent to another process."""
    return _timed(_chosen(study, device, threads), study, start, stop, None)


def shard_size_for(study: Study, device: str) -> int:
    """Samples in a shard, by default, on a device of that name."""
    gpu = study.dtype == "float64" and takes_gpu(device, **_work(study))
    return default_shard_size(study, gpu)


def _chosen(study: Study, device: str, threads: int | None) -> Device:
    if study.dtype == "float32":
        return choose_single(device, threads)
    return choose(device, threads, **_work(study))


def _work(study: Study) -> dict[str, Any]:
    """What "auto" goes by."""
    return {
        "size": study.ensemble.real_size(study.size),
        "operations": study.samples * sample_operations(study),
    }


def _timed(
    device: Device, study: Study, start: int, stop: int, cancelled: Callable[[], bool] | None
) -> Computed:
    began = time.perf_counter()
    columns = device.columns(study, start, stop, cancelled=cancelled)
    return columns, device.name, time.perf_counter() - began


class _Reporter:
    """Turns finished shards, and kernels being compiled, into events in the caller's thread."""

    def __init__(self, plan: Plan, missing: list[Shard], progress: Callable[[Progress], None] | None) -> None:
        self._progress = progress
        self._plan = plan
        self._found = self._done = plan.samples - sum(map(len, missing))
        self.shards_done = len(plan) - len(missing)
        self._began = time.perf_counter()
        self._compiling: str | None = None  # set by the thread that compiles
        self._told: str | None = None

    def compiling(self, kernel: str) -> None:
        self._compiling = kernel

    def tell_compiling(self) -> None:
        if self._compiling != self._told:
            self._told = self._compiling
            self.tell(f"compiling {self._told} (once on this machine)")

    def finish(self, shard: Shard) -> None:
        self._done += len(shard)
        self.shards_done += 1
        self.tell()

    def tell(self, message: str = "") -> None:
        if self._progress is None:
            return
        elapsed = time.perf_counter() - self._began
        rate = (self._done - self._found) / elapsed if self._done > self._found else None
        self._progress(
            Progress(
                done=self._done,
                total=self._plan.samples,
                shards_done=self.shards_done,
                shards_total=len(self._plan),
                elapsed=elapsed,
                rate=rate,
                remaining=None if rate is None else (self._plan.samples - self._done) / rate,
                message=message,
            )
        )
