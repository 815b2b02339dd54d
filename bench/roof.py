"""What the cores could do at most: multiply-adds a second, and bytes a second that they read from each level."""

import numba

from bench.pool import Pool
from bench.timing import seconds
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import lane_cpu as lane

# pyright: reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)

_TWELVE = 12 * 64
WORKING_SETS = {"L1": 36 * _TWELVE, "L2": 500 * _TWELVE, "memory": 350_000 * _TWELVE}
"""Bytes a thread reads again and again, by the level meant to hold them: 27 KB, 384 KB, 270 MB."""


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
def _six_read(array, rounds):
    """Read the whole array, a multiple of six vectors long, `rounds` times, each vector for one multiply-add."""
    x = lane.const(0.999)
    a = b = c = d = e = f = lane.const(0.0)
    for _ in range(rounds):
        for q in range(0, array.size // 8, 6):
            a, b = lane.fma(lane.load(array, q), x, a), lane.fma(lane.load(array, q + 1), x, b)
            c, d = lane.fma(lane.load(array, q + 2), x, c), lane.fma(lane.load(array, q + 3), x, d)
            e, f = lane.fma(lane.load(array, q + 4), x, e), lane.fma(lane.load(array, q + 5), x, f)
    return lane.total(a + b + c + d + e + f)


@numba.njit(nogil=True)
def _twelve_read(array, rounds):
    """The same into twelve sums."""
    x = lane.const(0.999)
    a = b = c = d = e = f = lane.const(0.0)
    g = h = i = j = k = m = a
    for _ in range(rounds):
        for q in range(0, array.size // 8, 12):
            a, b = lane.fma(lane.load(array, q), x, a), lane.fma(lane.load(array, q + 1), x, b)
            c, d = lane.fma(lane.load(array, q + 2), x, c), lane.fma(lane.load(array, q + 3), x, d)
            e, f = lane.fma(lane.load(array, q + 4), x, e), lane.fma(lane.load(array, q + 5), x, f)
            g, h = lane.fma(lane.load(array, q + 6), x, g), lane.fma(lane.load(array, q + 7), x, h)
            i, j = lane.fma(lane.load(array, q + 8), x, i), lane.fma(lane.load(array, q + 9), x, j)
            k, m = lane.fma(lane.load(array, q + 10), x, k), lane.fma(lane.load(array, q + 11), x, m)
    return lane.total(a + b + c + d + e + f + g + h + i + j + k + m)


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
        elapsed = min(
            _best(
                lambda part, read=read, arrays=arrays, passes=passes: read(arrays[part.start], passes), pool
            )
            for read in (_six_read, _twelve_read)
        )
        found[f"{level}_gigabytes"] = threads * passes * size / elapsed / 1e9
    pool.close()
    return found
