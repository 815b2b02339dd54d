"""Numba's simulator as a GPU that does nothing before it must: what is started waits until somebody waits for it.

Copies then read and write memory of the host as late as they ever could, so that memory which is written to again,
read, or given back too early gives wrong numbers. As a script, a process that computes with it:
`late_device.py RESULTS.npz`. It prints the order in which the host started copies to the device, and kernels ran, in
`rs.eigvals` of `MATRICES`.
"""

import json
import sys
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rhoscope as rs

told: list[str] = []


class LateStream:
    """Work in the order in which it was started."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Any]] = deque()
        self.started = self.done = 0

    def start(self, work: Callable[[], Any]) -> None:
        self._waiting.append(work)
        self.started += 1

    def run_until(self, number: int) -> None:
        while self.done < number:
            self._waiting.popleft()()
            self.done += 1

    def synchronize(self) -> None:
        self.run_until(self.started)


class LateEvent:
    """A place in a stream."""

    def __init__(self) -> None:
        self._place: tuple[LateStream, int] | None = None

    def record(self, stream: LateStream) -> None:
        self._place = stream, stream.started

    def synchronize(self) -> None:
        if self._place is not None:
            stream, number = self._place
            stream.run_until(number)


def install() -> None:
    """Make the simulator late."""
    from numba import cuda
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    from rhoscope.devices import cuda_blocks, cuda_memory
    from rhoscope.devices.cuda_launch import configured

    known: Any = cuda
    array: Any = FakeCUDAArray
    to_device, to_host = array.copy_to_device, array.copy_to_host

    def late_to_device(self: Any, given: Any, stream: Any = 0) -> None:
        if not stream:
            to_device(self, given)
            return
        told.append("copy")
        stream.start(lambda: to_device(self, given))

    def late_to_host(self: Any, given: Any = None, stream: Any = 0) -> Any:
        if not stream:
            return to_host(self, given)
        found = np.full(self.size, np.nan).astype(self.dtype).reshape(self.shape) if given is None else given
        stream.start(lambda: to_host(self, found))
        return found

    def late(kernel: Any, blocks: int, threads: int, stream: Any, shared: int = 0) -> Callable[..., None]:
        def launch(*arguments: Any) -> None:
            def run() -> None:
                told.append("kernel")
                configured(kernel, blocks, threads, 0, shared)(*arguments)

            stream.start(run)

        return launch

    array.copy_to_device, array.copy_to_host = late_to_device, late_to_host
    known.stream, known.event = LateStream, LateEvent
    for module in (cuda_memory, cuda_blocks):
        owner: Any = module
        owner.configured = late


CHUNK = 32
MATRICES = np.random.default_rng(539).normal(size=(3 * CHUNK + 4, 4, 4))
PIECE_BYTES = 1024  # CHUNK matrices are four pieces
STUDIES = {
    name: rs.Study(size=3, samples=2 * CHUNK + 5, seed=3, **fields)
    for name, fields in {
        "fixed": {"horizon": 6},
        "fresh": {"horizon": 3, "mode": "fresh"},
        "given": {
            "horizon": 5,
            "ensemble": rs.ensembles.Given(np.random.default_rng(1).normal(size=(2 * CHUNK + 5, 3, 3))),
        },
    }.items()
}
LAPACK_STUDY = rs.Study(size=3, horizon=4, samples=CHUNK + 8, seed=4)


def compute(device: Any) -> dict[str, NDArray[Any]]:
    """Numbers of every kind that travel."""
    found = {"values": device.eigenvalues(MATRICES)[0]}
    deltas = np.random.default_rng(2).normal(size=(7, 4))
    lags = np.arange(0, 40, 2)
    for name, order in {"neighbours": np.arange(len(MATRICES)), "chosen": np.arange(80) % 9}.items():
        pairs = np.stack([order, np.arange(len(order)) % len(deltas)], axis=1)
        found[name] = device.log_norms(MATRICES, deltas, pairs, lags, "step")
    for name, study in STUDIES.items():
        for column, values in device.columns(study, 0, study.samples).items():
            found[f"{name}: {column}"] = values
    return found


def main() -> None:
    from rhoscope.devices import cuda, cuda_memory, cuda_staging
    from rhoscope.kernels import block_space

    warnings.simplefilter("ignore", RuntimeWarning)  # of NumPy's numbers, where a GPU is silent
    install()
    cuda_memory.THREADS, cuda_memory.BLOCKS = CHUNK, 1
    cuda_staging.PIECE_BYTES = PIECE_BYTES
    block_space.SPECTRA_FROM = block_space.STEPS_FROM = 100  # by lanes, whose bits are the CPU's
    device = cuda.CudaDevice(3)
    rs.eigvals(MATRICES, device="cuda")
    print(json.dumps(told))
    found = compute(device)
    cuda.LAPACK_FROM = 3
    for column, values in device.columns(LAPACK_STUDY, 0, LAPACK_STUDY.samples).items():
        found[f"LAPACK: {column}"] = values
    np.savez(sys.argv[1], **found)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
