"""Kernels on lanes called on plain arrays, eight elements at a time."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from rhoscope.kernels import cpu as kit
from rhoscope.kernels import lane_cpu

WIDTH = 8
lane: Any = lane_cpu  # its intrinsics take an argument that callers never pass


@numba.njit
def _log(x: Any, y: Any) -> None:
    for i in range(x.size // WIDTH):
        lane.store(y, i, kit.log(lane.load(x, i)))


@numba.njit
def _sincospi(x: Any, sine: Any, cosine: Any) -> None:
    for i in range(x.size // WIDTH):
        s, c = kit.sincospi(lane.load(x, i))
        lane.store(sine, i, s)
        lane.store(cosine, i, c)


@numba.njit
def _words(k0: Any, k1: Any, stream: Any, block: Any, sample: Any, words: Any) -> None:
    r = kit.words(k0, k1, stream, lane.load(block, 0), lane.load(sample, 0))
    for i in range(2):
        lane.store(words, i, r[i])


@numba.njit
def _philox(counter: Any, k0: Any, k1: Any, words: Any) -> None:
    r = kit.philox(
        lane.load(counter, 0), lane.load(counter, 1), lane.load(counter, 2), lane.load(counter, 3), k0, k1
    )
    for i in range(2):
        lane.store(words, i, r[i])


@numba.njit
def _pairs(normal: Any, k0: Any, k1: Any, stream: Any, block: Any, sample: Any, out: Any) -> None:
    if normal:
        x, y = kit.normals(k0, k1, stream, lane.load(block, 0), lane.load(sample, 0))
    else:
        x, y = kit.uniforms(k0, k1, stream, lane.load(block, 0), lane.load(sample, 0))
    lane.store(out, 0, x)
    lane.store(out, 1, y)


def _padded(x: Any) -> NDArray[np.float64]:
    x = np.asarray(x, dtype=float)
    return np.concatenate([x, np.ones(-len(x) % WIDTH)])


def log(x: Any) -> NDArray[np.float64]:
    """kit.log of every element."""
    padded = _padded(x)
    y = np.empty_like(padded)
    _log(padded, y)
    return y[: len(x)]


def sincospi(x: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """kit.sincospi of every element."""
    padded = _padded(x)
    sine, cosine = np.empty_like(padded), np.empty_like(padded)
    _sincospi(padded, sine, cosine)
    return sine[: len(x)], cosine[: len(x)]


def _halves(out: NDArray[np.int64]) -> NDArray[np.int64]:
    """The four words of each lane, two in an integer."""
    first, second = out.reshape(2, WIDTH)
    low = 0xFFFFFFFF
    return np.stack([first >> 32 & low, first & low, second >> 32 & low, second & low], axis=1)


def philox(counters: Any, key: tuple[int, int]) -> NDArray[np.int64]:
    """kit.philox of eight counters (8, 4) under one key."""
    out = np.empty(2 * WIDTH, dtype=np.int64)
    _philox(np.array(counters, dtype=np.int64).T.reshape(-1), *key, out)
    return _halves(out)


def words(seed: int, stream: int, block: Any, sample: Any) -> NDArray[np.int64]:
    """kit.words of eight blocks and samples."""
    out = np.empty(2 * WIDTH, dtype=np.int64)
    _words(seed & 0xFFFFFFFF, seed >> 32, stream, np.array(block), np.array(sample), out)
    return _halves(out)


def pairs(normal: bool, seed: int, stream: int, block: Any, sample: Any) -> NDArray[np.float64]:
    """kit.normals or kit.uniforms of eight blocks and samples (8, 2)."""
    out = np.empty(2 * WIDTH)
    _pairs(normal, seed & 0xFFFFFFFF, seed >> 32, stream, np.array(block), np.array(sample), out)
    return out.reshape(2, WIDTH).T
