"""Matrices in lanes, and the kernel that finds the eigenvalues of a batch, called on plain arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.devices.workspace import lanes
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.spectrum import eigenvalues_work
from rhoscope.kernels.vector import WIDTH

Array = NDArray[np.float64]


def interleaved(matrices: Array, elements: int) -> Array:
    """Eight (n, n) matrices in lanes with the padded leading dimension."""
    n = matrices.shape[1]
    a = lanes(elements)
    a.reshape(-1, WIDTH)[: n * leading(n)].reshape(n, leading(n), WIDTH)[:, :n] = np.moveaxis(matrices, 0, -1)
    return a


def found_by(kit: Any, matrices: Array) -> tuple[Array, Array]:
    """Real and imaginary parts of the eigenvalues (N, n, 2); what is said of each matrix (N,)."""
    count, n = matrices.shape[:2]
    cells = kit.lane.WIDTH // WIDTH
    out, status = np.full((count, n, 2), -7.0), np.zeros(count)
    work = [lanes(cells * elements) for elements in (spare(n), eigenvalues_work(n), 2 * n)]
    for array in work:
        array[:] = 5.0  # what another group may have left there
    kit.eigenvalues_batch(matrices.ravel(), *work, out.reshape(-1), status, n, leading(n), 0, count)
    return out, status
