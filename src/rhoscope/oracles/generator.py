"""The generator: its authors' known answers, and the law of its normal numbers."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rhoscope import drawing
from rhoscope.kernels import streams
from rhoscope.kernels.layout import WIDTH
from rhoscope.oracles import philox
from rhoscope.oracles.base import Oracle, Oracles, Setting, exact

# Counter, key and words of the lines "philox4x32 10" in kat_vectors of Random123 1.09.
_KNOWN_ANSWERS = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)
_ROW = 256  # normals of one sample of a stream
_ROWS_AT_ONCE = 4096
_TAIL = 3.5


def generator(setting: Setting) -> Oracles:
    """Philox in bits, normals in law."""
    yield exact("Philox4x32-10, published answers", *_known_answers())
    totals: dict[str, list[float]] = {}
    for z, other in _normals(setting):
        for name, expected, variance, values in _moments(z, other):
            total = totals.setdefault(name, [expected, variance, 0.0, 0.0])
            total[2] += float(values.sum())
            total[3] += values.size
    for name, (expected, variance, total, count) in totals.items():
        yield Oracle(f"normals: {name}", expected, total / count, math.sqrt(variance / count))


def _known_answers() -> tuple[list[float], list[float]]:
    """Uniforms that the published words make, and those that the kernel makes of the same counters and keys."""
    from rhoscope.kernels import cpu as kit

    expected, measured = [], []
    for (c0, c1, c2, c3), (k0, k1), words in _KNOWN_ANSWERS:
        expected += philox.uniforms(words)
        run = np.empty(2 * WIDTH)
        block, sample = (c1 >> 8) << 32 | c0, np.uint64(c3 << 32 | c2).astype(np.int64)
        # Every lane has the same block: the second counter of this list is the last there is.
        kit.draw_run(run, False, k0, k1, c1 & 0xFF, block, sample, np.zeros(WIDTH, dtype=np.int64))
        measured += run[:2].tolist()
    return expected, measured


Array = NDArray[np.float64]


def _normals(setting: Setting) -> Iterator[tuple[Array, Array]]:
    """The first numbers of two streams, (samples, _ROW) each, some samples at a time."""
    rows = setting.count(0.5)
    for start in range(0, rows, _ROWS_AT_ONCE):
        part = start, min(_ROWS_AT_ONCE, rows - start), setting.seed
        state, target = (
            drawing.draw_vectors(stream, (_ROW,), 1.0, *part) for stream in (streams.STATE, streams.TARGET)
        )
        yield state, target


def _moments(z: Array, other: Array) -> Iterator[tuple[str, float, float, Array]]:
    """Name, mean, variance of one value, values; columns 2i and 2i + 1 are the two halves of a block."""
    for power, moment, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)):
        yield f"E z^{power}", moment, variance, z**power
    beyond = float(special.erfc(_TAIL / math.sqrt(2.0)))
    yield f"P(|z| > {_TAIL:g})", beyond, beyond * (1.0 - beyond), (np.abs(z) > _TAIL).astype(float)
    squares = (z**2 - 1.0) / math.sqrt(2.0)
    yield "E z z', halves of a block", 0.0, 1.0, z[:, 0::2] * z[:, 1::2]
    yield "E z² z'², halves of a block, centred", 0.0, 1.0, squares[:, 0::2] * squares[:, 1::2]
    yield "E z z', neighbouring blocks", 0.0, 1.0, z[:, 1:-1:2] * z[:, 2::2]
    yield "E z z', neighbouring samples", 0.0, 1.0, z[: len(z) - 1 : 2] * z[1::2]
    yield "E z z', two streams", 0.0, 1.0, z * other
