"""Drawing the matrices and vectors of samples: the one code behind a study on the CPU and `ensemble.sample`.

An ensemble is known here by what it offers: `real_size(size)`; `law`, the name of its kernel, with
`params(size)`; or, where law is None, `real_matrices(size, samples, seed)` from NumPy.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from rhoscope.cores import available_cores
from rhoscope.kernels import streams
from rhoscope.kernels.layout import WIDTH, leading
from rhoscope.pool import for_chunks

Gain = float | tuple[float, float]

# Elements of every lane that `draw` has before it writes them out: 0.5 MB. And numbers that a thread draws between two
# looks at the common list of chunks, in a millisecond or so.
_AT_ONCE = 1 << 13
_CHUNK = 1 << 19

# A sample number of a study with a fresh matrix at every step takes this many bits, and its steps the others of 63.
SAMPLE_BITS = 40
STEP_BITS = 23


class Drawable(Protocol):
    """What drawing asks of an ensemble."""

    law: ClassVar[str | None]

    def real_size(self, size: int) -> int:
        """n of the real n x n matrices."""
        ...

    def params(self, size: int) -> tuple[float, float, float]:
        """The numbers that the kernel of `law` expects."""
        ...

    def real_matrices(self, size: int, samples: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """The real matrices (len(samples), n, n) at gain 1."""
        ...


def key(seed: int) -> tuple[int, int]:
    """The two key words of the generator."""
    return seed & 0xFFFFFFFF, seed >> 32


def whole_groups(start: int, stop: int, width: int = WIDTH) -> NDArray[np.int64]:
    """Samples start to stop - 1 in groups of `width`; a short last group repeats its last sample."""
    count = stop - start
    lanes = np.arange(width * -(-count // width), dtype=np.int64)
    return start + np.minimum(lanes, count - 1)


def vector_scale(n: int) -> float:
    """Standard deviation 1/sqrt(n) of the entries of B, h_0, y and an independent delta."""
    return n**-0.5


def matrix_number(samples: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the matrix A_t that a sample takes at step t >= 1; that of step 1 is the sample's own."""
    return samples + ((steps - 1) << SAMPLE_BITS)


def matrix_elements(n: int) -> int:
    """Elements of one lane's matrix as `draw_groups` lays it out."""
    return n * leading(n)


def scratch_elements(n: int) -> int:
    """Elements of every lane that `draw_groups` needs as scratch."""
    return n * n


def draw_groups(
    ensemble: Drawable,
    size: int,
    seed: int,
    gain: Gain,
    samples: NDArray[np.int64],
    a: NDArray[np.float64],
    gains: NDArray[np.float64],
    scratch: NDArray[np.float64],
    *,
    numbers: NDArray[np.int64] | None = None,
) -> None:
    """Draw A = g A_0 of each sample into lanes, group after group.

    Args:
        ensemble: law of A_0.
        size: the ensemble's size; n is ensemble.real_size(size).
        seed: key of the generator.
        gain: g, or the ends (low, high) between which g is uniform.
        samples: sample numbers (8 groups,).
        a: lanes of matrix_elements(n) a group, leading dimension leading(n); written.
        gains: (8 groups,), written.
        scratch: lanes of scratch_elements(n).
        numbers: (8 groups,), which A_0 each sample takes; by default the one with its own number.
    """
    from rhoscope.kernels import cpu as kit

    numbers = samples if numbers is None else numbers
    n = ensemble.real_size(size)
    ld = leading(n)
    k0, k1 = key(seed)
    low, high = gain if isinstance(gain, tuple) else (gain, gain)
    wanted = samples, float(low), float(high - low), gains
    if ensemble.law is None:
        kit.interleave(ensemble.real_matrices(size, numbers, seed).reshape(-1), a, n * ld, n, n, ld)
        kit.apply_gains(a, n * ld, n, ld, k0, k1, *wanted)
    else:
        kit.draw[ensemble.law](a, n * ld, scratch, n, ld, k0, k1, numbers, ensemble.params(size), *wanted)


def draw(
    ensemble: Drawable, size: int, start: int, count: int, seed: int, gain: Gain
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The real matrices (count, n, n) of samples start to start + count - 1, and their gains (count,)."""
    from rhoscope.kernels import cpu as kit

    n = ensemble.real_size(size)
    matrices = np.empty((count, n, n))
    gains = np.empty(count)
    at_once = WIDTH * max(1, min(_AT_ONCE // matrix_elements(n), -(-count // WIDTH)))
    chunk = at_once * max(1, _CHUNK // (at_once * n * n))
    chunks = -(-count // chunk)
    # A law of the user's own is Python, which need not bear several threads.
    threads = 1 if chunks == 1 or ensemble.law is None else min(available_cores(), chunks)
    kept = [
        (np.empty(at_once * matrix_elements(n)), np.empty(scratch_elements(n) * WIDTH))
        for _ in range(threads)
    ]

    def work(worker: int, begin: int, end: int) -> None:
        a, scratch = kept[worker]
        for first in range(begin, end, at_once):
            last = min(end, first + at_once)
            samples = whole_groups(start + first, start + last)
            drawn = np.empty(len(samples))
            draw_groups(ensemble, size, seed, gain, samples, a, drawn, scratch)
            gains[first:last] = drawn[: last - first]
            kit.deinterleave(a, matrix_elements(n), matrices[first:last].reshape(-1), n, n, leading(n))

    for_chunks(work, count, chunk, threads)
    return matrices, gains


def draw_vectors(
    stream: int, shape: Sequence[int], scale: float, start: int, count: int, seed: int
) -> NDArray[np.float64]:
    """scale * N(0, 1) arrays (count, *shape) from a stream of samples start to start + count - 1."""
    from rhoscope.kernels import cpu as kit

    elements = math.prod(shape)
    samples = whole_groups(start, start + count)
    v = np.empty(len(samples) * elements)
    kit.draw_vectors(v, elements, elements, scale, *key(seed), stream, samples)
    out = np.empty((count, *shape))
    kit.deinterleave(v, elements, out.reshape(-1), 1, elements, elements)
    return out


class Source:
    """Random numbers of one sample, the same wherever and in whatever company the sample is drawn.

    Normals and uniforms come from two streams of the sample, each read on from where the last call left it.
    """

    def __init__(self, seed: int, sample: int) -> None:
        self._key = key(seed)
        self._sample = sample
        self._used = {streams.MATRIX: 0, streams.MATRIX_EXTRA: 0}

    def normals(self, shape: int | Sequence[int]) -> NDArray[np.float64]:
        """Independent N(0, 1) numbers in an array of the given shape."""
        return self._next(streams.MATRIX, shape)

    def uniforms(self, shape: int | Sequence[int]) -> NDArray[np.float64]:
        """Independent numbers, uniform in (0, 1], in an array of the given shape."""
        return self._next(streams.MATRIX_EXTRA, shape)

    def _next(self, stream: int, shape: int | Sequence[int]) -> NDArray[np.float64]:
        from rhoscope.kernels import cpu as kit

        shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
        count = math.prod(shape)
        first = self._used[stream]
        self._used[stream] += count
        skip = first % 2
        run = np.empty(-(-(count + skip) // (2 * WIDTH)) * 2 * WIDTH)
        normal = stream == streams.MATRIX
        kit.draw_run(run, normal, *self._key, stream, first // 2, self._sample, np.arange(WIDTH))
        return run[skip : skip + count].reshape(shape)
