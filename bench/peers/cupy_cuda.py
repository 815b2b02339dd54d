"""CuPy: whole horizons captured in a CUDA graph, in batches that the second-level cache holds, and more."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.on_gpu.data import CHECKED, Data, Entry
from bench.peers.base import RESCALE, chunk_sizes

name = "CuPy"

EIGENVALUES = 256
"""Matrices of job E: the solver takes them one by one, in about a millisecond each."""
BATCH_BYTES = (1.5e7, 4e7, 4e8)
"""Of matrices: two that a second-level cache of 40 to 60 MB holds, and one that streams them from memory."""


def _library() -> Any:
    import cupy

    return cupy


def eigvals(data: Data) -> Iterator[Entry]:
    """linalg.eigvals of a batch on the device, which older releases lack."""
    xp = _library()
    count = min(EIGENVALUES, data.block)
    A = xp.asarray(data.A[:count])
    found: list[Any] = []

    def run() -> None:
        found[:] = [xp.linalg.eigvals(A)]
        xp.cuda.Device().synchronize()

    yield Entry("linalg.eigvals on the device", count, run, lambda: xp.asnumpy(found[0][:CHECKED]))


def log_norms(data: Data) -> Iterator[Entry]:
    """matmul into given memory, all steps in one graph."""
    xp = _library()
    A, delta = xp.asarray(data.A), xp.asarray(data.y)
    for length in chunk_sizes(data.many, 8 * data.n**2, 1, BATCH_BYTES):
        length = min(length, data.block)
        given = A[:length].copy(), delta[:length].copy()
        out = xp.empty((length, len(data.lags)))
        replay = _captured(xp, lambda given=given, out=out: march(xp, *given, data.lags, out))
        count = max(1, data.many // length // 8) * length

        def run(replay: Callable = replay, given: tuple = given, count: int = count) -> None:
            size = len(given[0])
            for start in range(0, count, size):
                at = start % (data.block - size + 1)
                for target, source in zip(given, (A, delta), strict=True):
                    target[...] = source[at : at + size]
                replay()
            xp.cuda.Device().synchronize()

        def answer(replay: Callable = replay, given: tuple = given, out: Any = out) -> np.ndarray:
            for target, source in zip(given, (A, delta), strict=True):
                target[...] = source[: len(target)]
            replay()
            return xp.asnumpy(out[:CHECKED])

        yield Entry(f"graph of matmul, batches of {length}", count, run, answer)


def march(xp: Any, A: Any, delta: Any, lags: np.ndarray, out: Any) -> None:
    """Log norms of (A^T)^k delta at the lags into out (count, K); xp is CuPy, or NumPy in the tests."""
    columns = {int(lag): column for column, lag in enumerate(lags)}
    d, spare = delta[:, None, :].copy(), xp.empty_like(delta[:, None, :])
    exponent = xp.zeros(len(delta))
    for k in range(int(max(lags)) + 1):
        if k in columns:
            out[:, columns[k]] = xp.log(xp.sqrt((d * d).sum(axis=(1, 2)))) + exponent * np.log(2.0)
        xp.matmul(d, A, out=spare)
        d, spare = spare, d
        if k % RESCALE == RESCALE - 1:
            shift = xp.frexp(xp.abs(d).max(axis=(1, 2)))[1]
            d *= xp.ldexp(1.0, -shift)[:, None, None]
            exponent += shift


def _captured(xp: Any, function: Callable[[], None]) -> Callable[[], object]:
    """The function as one CUDA graph."""
    stream = xp.cuda.Stream(non_blocking=True)
    with stream:
        function()  # workspaces and the memory pool of this stream are made outside of the capture
        stream.synchronize()
        stream.begin_capture()
        function()
        graph = stream.end_capture()

    def replay() -> None:
        xp.cuda.get_current_stream().synchronize()  # what was copied in lies there
        graph.launch(stream)
        stream.synchronize()

    return replay


def normals(data: Data) -> Iterator[Entry]:
    """standard_normal in place, from the library's two fastest generators."""
    xp = _library()
    out = xp.empty((data.many, data.n, data.n))
    for bits in ("XORWOW", "Philox4x3210"):
        generator = xp.random.Generator(getattr(xp.random, bits)(539))

        def run(generator: Any = generator) -> None:
            generator.standard_normal(out.shape, out=out)
            xp.multiply(out, 1 / np.sqrt(data.n), out=out)
            xp.cuda.Device().synchronize()

        yield Entry(f"standard_normal from {bits}", data.many, run, lambda: xp.asnumpy(out[:CHECKED]))
