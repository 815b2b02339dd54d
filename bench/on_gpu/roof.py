"""What the GPU could do at most: multiply-adds a second, and bytes a second from shared memory and in a copy."""

from collections.abc import Callable
from typing import Any

from numba import cuda as _cuda
from numba import float64

from bench.timing import seconds
from rhoscope.kernels import lane_cuda as _lane
from rhoscope.kernels.jit_cuda import grid

cuda: Any = _cuda
lane: Any = _lane

THREADS = 256
BLOCKS_EACH = 8  # of a multiprocessor; with less than full registers that is all the threads it takes
FMAS = 16  # of a thread in a round
SHARED = (
    3072  # float64 numbers of a block, 24 KB: eight blocks fit the shared memory of capability 7.5 and up
)
OFFSETS = 32  # places at which a pass over them begins, so that no load can be moved out of the loop
SPACE = SHARED + OFFSETS
COPIED = 1 << 26  # numbers: 0.5 GB, ten times what any second-level cache holds
LEAST_SECONDS = 2e-2
BEST_OF = 5


@grid
def multiply_adds(out, rounds):
    """Sixteen fused multiply-adds a round, in eight chains that wait for nothing but themselves."""
    thread = cuda.grid(1)
    x, y = lane.const(0.999), lane.const(0.001)
    a, b, c, d = x, x + y, x - y, y
    e, f, g, h = -x, x * y, -y, y - x * y
    for _ in range(rounds):
        a, b, c, d = lane.fma(a, x, y), lane.fma(b, x, y), lane.fma(c, x, y), lane.fma(d, x, y)
        e, f, g, h = lane.fma(e, x, y), lane.fma(f, x, y), lane.fma(g, x, y), lane.fma(h, x, y)
        a, b, c, d = lane.fma(a, x, y), lane.fma(b, x, y), lane.fma(c, x, y), lane.fma(d, x, y)
        e, f, g, h = lane.fma(e, x, y), lane.fma(f, x, y), lane.fma(g, x, y), lane.fma(h, x, y)
    lane.put(out, thread, a + b + c + d + e + f + g + h)


@grid
def read_shared(out, rounds):
    """A block reads its shared memory `rounds` times, neighbouring threads neighbouring numbers."""
    kept = cuda.shared.array(SPACE, float64)
    thread = cuda.threadIdx.x
    for i in range(thread, SPACE, THREADS):
        kept[i] = lane.to_float(i)
    cuda.syncthreads()
    a = b = c = d = lane.const(0.0)
    for r in range(rounds):
        at = thread + r % OFFSETS
        for i in range(at, at + SHARED, 4 * THREADS):
            a += lane.get(kept, i)
            b += lane.get(kept, i + THREADS)
            c += lane.get(kept, i + 2 * THREADS)
            d += lane.get(kept, i + 3 * THREADS)
    lane.put(out, cuda.grid(1), a + b + c + d)


@grid
def copy(source, target, rounds):
    """Copy an array `rounds` times."""
    for _ in range(rounds):
        for i in range(cuda.grid(1), source.size, cuda.gridsize(1)):
            lane.put(target, i, lane.get(source, i))


def roof(blocks: int | None = None, copied: int = COPIED, least: float = LEAST_SECONDS) -> dict[str, float]:
    """gigaflops; gigabytes a second read from shared memory by all blocks together, and moved by a copy.

    A copied number counts twice, read and written.
    """
    if blocks is None:
        device: Any = cuda.get_current_device()
        blocks = BLOCKS_EACH * int(device.MULTIPROCESSOR_COUNT)
    threads = blocks * THREADS
    out = cuda.device_array(threads)
    source, target = cuda.device_array(copied), cuda.device_array(copied)
    shape = blocks, THREADS
    return {
        "gigaflops": _rate(2.0 * FMAS * threads, lambda r: multiply_adds[shape](out, r), least),
        "shared_gigabytes": _rate(8.0 * SHARED * blocks, lambda r: read_shared[shape](out, r), least),
        "copy_gigabytes": _rate(16.0 * copied, lambda r: copy[shape](source, target, r), least),
    }


def _rate(amount: float, launch: Callable[[int], None], least: float) -> float:
    """Billions a second of what a round has `amount` of, over as many rounds as take `least` seconds."""

    def run(rounds: int) -> float:
        def whole() -> None:
            launch(rounds)
            cuda.synchronize()

        return seconds(whole)

    run(1)  # compiles
    rounds = 1
    while (taken := run(rounds)) < least:
        rounds *= max(2, min(64, int(least / max(taken, 1e-9))))
    return amount * rounds / min(run(rounds) for _ in range(BEST_OF)) / 1e9
