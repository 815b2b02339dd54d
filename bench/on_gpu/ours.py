"""rhoscope on the GPU as a contender: its public functions on device arrays, or what a study runs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import cuda

import rhoscope as rs
from bench.jobs import GAIN, SEED
from bench.on_gpu.data import CHECKED, Data, Entry
from bench.on_gpu.question import Question, worker_of
from rhoscope import ensembles

name = "rhoscope"


def repeated(block: np.ndarray, count: int) -> Any:
    """The block again and again in an array (count, ...) on the device."""
    there = cuda.to_device(np.ascontiguousarray(block))
    whole = cuda.device_array((count, *block.shape[1:]))
    for start in range(0, count, len(block)):
        whole[start : start + len(block)].copy_to_device(there)
    return whole


class _Last:
    """Keeps what the last call returned."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.found: Any = None

    def run(self) -> None:
        self.found = None  # its memory is free before more is asked for
        self.found = self._call()
        cuda.synchronize()

    def answer(self) -> np.ndarray:
        return self.found[:CHECKED].copy_to_host()


def eigvals(data: Data) -> Iterator[Entry]:
    A = repeated(data.A, data.many)
    last = _Last(lambda: rs.eigvals(A, device="cuda", on_device=True))
    yield Entry("eigvals", data.many, last.run, last.answer)


def log_norms(data: Data) -> Iterator[Entry]:
    A, delta = repeated(data.A, data.many), repeated(data.y, data.many)
    last = _Last(lambda: rs.gradient_norms(A, delta, data.lags, method="step", device="cuda", on_device=True))
    yield Entry("step", data.many, last.run, last.answer)


class _Study:
    """The draws of a study, and if asked for its gradients, chunk by chunk as `run` does them."""

    def __init__(self, data: Data, gradients: bool) -> None:
        lags = tuple(data.lags.tolist())
        law = ensembles.RealGinibre()
        gain = GAIN if gradients else 1.0  # draws are held against the law that every contender draws from
        question = Question(law, data.n, data.many, data.horizon, lags, gain=gain, seed=SEED)
        self._count, self._gradients = data.many, gradients
        self._worker, _ = worker_of(question, "cuda", 0, data.many)
        self._first: np.ndarray = np.empty(0)

    def run(self) -> None:
        step = self._worker.launcher.lanes
        for start in range(0, self._count, step):
            stop = min(start + step, self._count)
            self._worker.launch_draws(start, stop)
            if self._gradients:
                self._worker.launch_gradients()
                found = self._worker.gradients(stop - start)
                if start == 0:
                    self._first = found
        cuda.synchronize()

    def answer(self) -> np.ndarray:
        if self._gradients:
            return self._first[:CHECKED]
        checked = min(CHECKED, self._count)
        self._worker.launch_draws(0, checked)
        return np.stack([self._worker.matrix(row) for row in range(checked)])


def backpropagation(data: Data) -> Iterator[Entry]:
    """The gradients of a study, which draws the matrices, inputs and targets that the others were given."""
    study = _Study(data, gradients=True)
    yield Entry("gradients of a study", data.many, study.run, study.answer)


def normals(data: Data) -> Iterator[Entry]:
    """The matrices of a study."""
    study = _Study(data, gradients=False)
    yield Entry("draws of a study", data.many, study.run, study.answer)
