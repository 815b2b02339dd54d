"""PyTorch on a GPU: whole horizons captured in a CUDA graph, in batches that the second-level cache holds, and more.

Written for any device: on the host, where the tests run it, there is nothing to capture.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from bench.on_gpu.data import CHECKED, Data, Entry
from bench.peers.base import bptt_bytes, chunk_sizes
from bench.peers.torch_ import steps
from bench.peers.torch_bptt import backpropagate

name = "PyTorch"

EIGENVALUES = 256
"""Matrices of job E: the solver takes them one by one, in about a millisecond each."""
BATCH_BYTES = (1.5e7, 4e7, 4e8)
"""Of matrices: two that a second-level cache of 40 to 60 MB holds, and one that streams them from memory."""


def device() -> torch.device:
    """The GPU, or the host if there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait() -> None:
    """Until the device has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def captured(function: Callable[[], torch.Tensor]) -> tuple[Callable[[], object], torch.Tensor]:
    """The function as one CUDA graph, and where its result lies after each replay."""
    if not torch.cuda.is_available():
        result = function()

        def again() -> None:
            with torch.inference_mode():
                result.copy_(function())

        return again, result
    # Libraries make their workspaces at the first call, which has to be outside of the capture and off its stream.
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        function()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = function()
    return graph.replay, result


def eigvals(data: Data) -> Iterator[Entry]:
    """linalg.eigvals of a batch on the device."""
    count = min(EIGENVALUES, data.block)
    A = torch.from_numpy(data.A[:count]).to(device())
    found: list[torch.Tensor] = []

    def run() -> None:
        found[:] = [torch.linalg.eigvals(A)]
        wait()

    yield Entry("linalg.eigvals on the device", count, run, lambda: found[0][:CHECKED].cpu().numpy())


def _batches(
    label: str,
    method: Callable[..., torch.Tensor],
    arrays: tuple[np.ndarray, ...],
    data: Data,
    bytes_each: int,
) -> Iterator[Entry]:
    """The method on batches of several lengths, each copied to where its graph reads."""
    there = [torch.from_numpy(np.ascontiguousarray(array)).to(device()) for array in arrays]
    for length in chunk_sizes(data.many, bytes_each, 1, BATCH_BYTES):
        length = min(length, data.block)
        given = [array[:length].clone() for array in there]

        def whole(given: list[torch.Tensor] = given) -> torch.Tensor:
            with torch.inference_mode(), device():
                return method(*given, data.lags)

        replay, result = captured(whole)
        count = max(1, data.many // length // 8) * length

        def run(
            replay: Callable[[], object] = replay, given: list[torch.Tensor] = given, count: int = count
        ) -> None:
            size = len(given[0])
            for start in range(0, count, size):
                at = start % (data.block - size + 1)
                for target, source in zip(given, there, strict=True):
                    target.copy_(source[at : at + size])
                replay()
            wait()

        def answer(
            replay: Callable = replay, given: list = given, result: torch.Tensor = result
        ) -> np.ndarray:
            for target, source in zip(given, there, strict=True):
                target.copy_(source[: len(target)])
            replay()
            return result[:CHECKED].cpu().numpy()

        yield Entry(f"{label}, batches of {length}", count, run, answer)


def log_norms(data: Data) -> Iterator[Entry]:
    """bmm, all steps in one graph."""
    yield from _batches("graph of bmm", steps, (data.A, data.y), data, 8 * data.n**2)


def backpropagation(data: Data) -> Iterator[Entry]:
    """The adjoint by hand, forward and backward in one graph."""
    given = data.A, data.B, data.x, data.h0, data.y
    yield from _batches("graph of baddbmm and bmm", backpropagate, given, data, bptt_bytes(data.n))


def normals(data: Data) -> Iterator[Entry]:
    """normal_ in place."""
    out = torch.empty((data.many, data.n, data.n), dtype=torch.float64, device=device())
    generator = torch.Generator(device()).manual_seed(539)

    def run() -> None:
        out.normal_(0.0, 1 / math.sqrt(data.n), generator=generator)
        wait()

    yield Entry("normal_", data.many, run, lambda: out[:CHECKED].cpu().numpy())
