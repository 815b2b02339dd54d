"""What the cores could do at most: multiply-adds a second, and bytes a second from each level of memory."""

import numba
import numpy as np

from bench.pool import Pool
from bench.timing import seconds
from rhoscope.kernels import lane_cpu as lane

# pyright: reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

WORKING_SETS = {"L1": 16 << 10, "L2": 512 << 10, "memory": 256 << 20}
"""Bytes a thread reads again and again, by the level meant to hold them."""


@numba.njit(nogil=True)
def _six_chains(rounds):
    """Six independent chains: with AVX2, where a vector takes two of sixteen registers, no more stay there."""
    x, y = lane.const(0.999), lane.const(0.001)
    # different starts: equal chains would be compiled to one
    a, b, c, d, e, f = x, x + y, x - y, y, x * y, x / y
    for _ in range(rounds):
        a, b, c = lane.fma(a, x, y), lane.fma(b, x, y), lane.fma(c, x, y)
        d, e, f = lane.fma(d, x, y), lane.fma(e, x, y), lane.fma(f, x, y)
    return lane.total(a + b + c + d + e + f)


@numba.njit(nogil=True)
def _twelve_chains(rounds):
    """Twelve independent chains, enough to hide the latency where a vector is one register."""
    x, y = lane.const(0.999), lane.const(0.001)
    a, b, c, d, e, f = x, x + y, x - y, y, x * y, x / y
    g, h, i, j, k, m = -a, -b, -c, -d, -e, -f
    for _ in range(rounds):
        a, b, c = lane.fma(a, x, y), lane.fma(b, x, y), lane.fma(c, x, y)
        d, e, f = lane.fma(d, x, y), lane.fma(e, x, y), lane.fma(f, x, y)
        g, h, i = lane.fma(g, x, y), lane.fma(h, x, y), lane.fma(i, x, y)
        j, k, m = lane.fma(j, x, y), lane.fma(k, x, y), lane.fma(m, x, y)
    return lane.total(a + b + c + d + e + f + g + h + i + j + k + m)


@numba.njit(nogil=True)
def _read(array, rounds):
    """Read the whole array `rounds` times, four vectors at a time into as many sums."""
    a = b = c = d = lane.const(0.0)
    for _ in range(rounds):
        for q in range(0, array.size // 8, 4):
            a, b = a + lane.load(array, q), b + lane.load(array, q + 1)
            c, d = c + lane.load(array, q + 2), d + lane.load(array, q + 3)
    return lane.total(a + b + c + d)


def _best(work, pool: Pool) -> float:
    """Least seconds of twenty short rounds in which every thread does the work once."""
    return min(seconds(lambda: pool.over_chunks(work, pool.threads, 1)) for _ in range(20))


def roof(threads: int) -> dict[str, float]:
    """gigaflops of all threads together, and gigabytes a second read from each level by all of them."""
    pool = Pool(threads)
    rounds = 2_000_000
    found = {
        "gigaflops": max(
            threads * 2 * chains * 8 * rounds / _best(lambda part, work=work: work(rounds), pool) / 1e9
            for chains, work in ((6, _six_chains), (12, _twelve_chains))
        )
    }
    for level, size in WORKING_SETS.items():
        arrays = [np.ones(size // 8) for _ in range(threads)]
        passes = max(1, (256 << 20) // size)
        elapsed = _best(lambda part, arrays=arrays, passes=passes: _read(arrays[part.start], passes), pool)
        found[f"{level}_gigabytes"] = threads * passes * size / elapsed / 1e9
    pool.close()
    return found
