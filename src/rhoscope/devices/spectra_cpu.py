"""Spectra of a study by the kernel of the CPU: for the CPU, and for a GPU where matrices are too large for its own."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.precision import DOUBLE, Precision
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels.layout import WARP, spare
from rhoscope.pool import for_chunks

Spectra = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of each matrix the rows named in `kernels.spectrum` (count, ROWS); real and imaginary parts (count, 2, n)."""


class GroupSpectra:
    """What one thread needs for spectra.

    Args:
        n, ld: size and leading dimension of the matrices.
        groups: at most, that are decomposed at a time.
        precision: of the arithmetic.
    """

    def __init__(self, n: int, ld: int, groups: int, precision: Precision) -> None:
        self._n, self._ld, self._precision = n, ld, precision
        width, real = precision.width, precision.real
        self._one, self._work = lanes(spare(n), real), lanes(layout.spectrum_work(n), real)
        self._rows = np.empty((groups, layout.ROWS, width), dtype=real)
        self._values = np.empty((groups, 2, n, width), dtype=real)

    def find(self, a: NDArray[np.floating], groups: int, cutoff: float) -> Spectra:
        """Of all matrices of so many groups, interleaved."""
        self._precision.kit.spectrum_batch(
            a, self._one, self._work, self._values.reshape(-1), self._rows.reshape(-1),
            self._n, self._ld, cutoff, groups,
        )  # fmt: skip
        rows = self._rows[:groups].swapaxes(1, 2).reshape(-1, layout.ROWS)
        values = self._values[:groups].transpose(0, 3, 1, 2).reshape(-1, 2, self._n)
        return rows.astype(np.float64, copy=False), values.astype(np.float64, copy=False)


def of_warps(
    warps: NDArray[np.float64],
    count: int,
    cutoff: float,
    threads: int,
    cancelled: Callable[[], bool] | None,
) -> Spectra:
    """Of the first `count` of matrices that are interleaved as on a GPU (groups, n, ld, WARP), by threads of the host.

    Raises:
        Cancelled: `cancelled`, polled before each group, turned true.
    """
    _, n, ld, _ = warps.shape
    width = DOUBLE.width
    rows, values = np.empty((count, layout.ROWS)), np.empty((count, 2, n))
    kept: dict[int, tuple[GroupSpectra, NDArray[np.float64]]] = {}

    def work(worker: int, start: int, stop: int) -> None:
        if worker not in kept:
            kept[worker] = GroupSpectra(n, ld, 1, DOUBLE), lanes(n * ld)
        spectra, a = kept[worker]
        # A short group repeats its last matrix.
        members = np.minimum(np.arange(start, start + width), stop - 1) % WARP
        np.take(warps[start // WARP], members, axis=2, out=a.reshape(n, ld, width), mode="clip")
        of_group = spectra.find(a, 1, cutoff)
        rows[start:stop], values[start:stop] = (found[: stop - start] for found in of_group)

    for_chunks(work, count, width, threads, cancelled)
    return rows, values
