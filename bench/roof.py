"""What the cores could do at most: multiply-adds a second, and bytes a second from each level of memory."""

import numba

from bench.pool import Pool
from bench.timing import seconds
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import lane_cpu as lane

# pyright: reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

_SIX = 6 * 64
WORKING_SETS = {"L1": 42 * _SIX, "L2": 1000 * _SIX, "memory": 700_000 * _SIX}
"""Bytes a thread reads again and again, by the level meant to hold them: 16 KB, 384 KB, 270 MB."""


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
    """Read the whole array, a multiple of six vectors long, `rounds` times into as many sums."""
    a = b = c = d = e = f = lane.const(0.0)
    for _ in range(rounds):
        for q in range(0, array.size // 8, 6):
            a, b, c = a + lane.load(array, q), b + lane.load(array, q + 1), c + lane.load(array, q + 2)
            d, e, f = d + lane.load(array, q + 3), e + lane.load(array, q + 4), f + lane.load(array, q + 5)
    return lane.total(a + b + c + d + e + f)


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
        arrays = [lanes(size // 64) for _ in range(threads)]  # aligned: a read across two lines costs double
        for array in arrays:
            array[:] = 1.0  # memory that nobody wrote to is one page again and again
        passes = max(1, (256 << 20) // size)
        elapsed = _best(lambda part, arrays=arrays, passes=passes: _read(arrays[part.start], passes), pool)
        found[f"{level}_gigabytes"] = threads * passes * size / elapsed / 1e9
    pool.close()
    return found
