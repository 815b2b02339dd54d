"""What is launched on arrays that callers keep on the GPU: they are checked, rearranged and handed back there."""

from typing import Any

from numba import cuda

from rhoscope.kernels import lane_cuda as _lane
from rhoscope.kernels.jit_cuda import grid

lane: Any = _lane

LARGEST = 1.7976931348623157e308


@grid
def first_not_finite(numbers, found):
    """The least index of a NaN or an infinity into found[0], if that is not less already."""
    for i in range(cuda.grid(1), numbers.size, cuda.gridsize(1)):
        if not abs(numbers[i]) <= LARGEST:
            cuda.atomic.min(found, 0, i)


@grid
def gather(arrays, index, out, elements, count):
    """Arrays of `elements` numbers, flat, in another order: array s is the one with index[s]."""
    for e in range(cuda.grid(1), count * elements, cuda.gridsize(1)):
        lane.put(out, e, lane.get(arrays, index[e // elements] * elements + e % elements))


@grid
def by_sample(a, out, elements, count):
    """The elements of each lane, one lane after the other, flat (count, elements)."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        own = lane.beyond(a, lane.start(elements, s))
        for i in range(elements):
            lane.put(out, s * elements + i, lane.load(own, i))


@grid
def complex_pairs(re, im, out, count):
    """Real and imaginary parts of `count` numbers side by side."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        lane.put(out, 2 * i, lane.get(re, i))
        lane.put(out, 2 * i + 1, lane.get(im, i))


@grid
def real_matrices(numbers, out, n, count, parts):
    """[[X, -Y], [Y, X]] of each X + iY, flat (count, n, n); a number has 2 parts side by side, or 1 where Y = 0."""
    for e in range(cuda.grid(1), count * n * n, cuda.gridsize(1)):
        s = e // (n * n)
        i = e // n % n
        j = e % n
        x = lane.get(numbers, parts * e)
        y = lane.get(numbers, 2 * e + 1) if parts == 2 else 0.0
        first = (s * 2 * n + i) * 2 * n + j
        lane.put(out, first, x)
        lane.put(out, first + n, -y)
        lane.put(out, first + 2 * n * n, y)
        lane.put(out, first + 2 * n * n + n, x)


@grid
def real_vectors(numbers, out, n, count, parts):
    """(x, y) of each x + iy, flat (count, n); a number has 2 parts side by side, or 1 where y = 0."""
    for e in range(cuda.grid(1), count * n, cuda.gridsize(1)):
        first = e // n * 2 * n + e % n
        lane.put(out, first, lane.get(numbers, parts * e))
        lane.put(out, first + n, lane.get(numbers, 2 * e + 1) if parts == 2 else 0.0)
