"""What the tests of the kernels with a block of threads a matrix compute, and, as a script, a process that does.

`python cuda_block_cases.py RESULTS.npz` computes every case on the CUDA device, as `cuda_cases` does: with
NUMBA_ENABLE_CUDASIM=1 in Numba's simulator, where small blocks and few steps keep the time short.
"""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import ensembles
from rhoscope.study import Study

Array = NDArray[np.float64]


def _steps(n: int, samples: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(n)
    return rng.normal(size=(samples, n, n)), rng.normal(size=(samples, n))


def _hard_steps() -> tuple[Array, Array]:
    """More samples than a block has slots; some leave the range within a block of steps, some are zero at last."""
    matrices, deltas = _steps(15, 6)
    matrices[1] *= 1e60
    matrices[2] *= 1e-60
    matrices[3] = np.diag(np.ones(14), 1)
    deltas[4] = 0.0
    return matrices, deltas


STEPS: dict[str, tuple[tuple[Array, Array], list[int]]] = {
    "slots": (_hard_steps(), [0, 1, 8, 14, 15]),
    "registers": (_steps(29, 2), [0, 8, 9]),
    "shared": (_steps(130, 1), [1, 3]),
}
"""Matrices, deltas and lags, by the kernel that takes them."""


def _graded() -> Array:
    """A matrix that balancing changes, and one that it does not."""
    matrices = np.random.default_rng(3).normal(size=(2, 5, 5))
    scale = 2.0 ** np.array([0, 20, -20, 5, 0])
    matrices[1] = matrices[1] * scale[:, None] / scale
    return matrices


MATRICES: dict[str, Array] = {
    "graded": _graded(),
    "scaled": np.random.default_rng(1).normal(size=(3, 4, 4)) * np.array([1e-300, 1.0, 1e300])[:, None, None],
    "defective": np.stack([np.diag([2.0] * 5) + np.diag([1.0] * 4, 1), np.zeros((5, 5)), np.eye(5)]),
    # Without an exceptional shift the iteration turns this matrix into itself.
    "cyclic": np.roll(np.eye(5), 1, axis=0)[None],
    "small": np.random.default_rng(2).normal(size=(2, 3, 3)),
}
"""Matrices (N, n, n) whose eigenvalues are computed."""

STUDIES: dict[str, Study] = {
    "independent": Study(
        ensemble=ensembles.RealGinibre(),
        size=8,
        samples=2,
        horizon=34,
        seed=5,
        gain=(0.5, 1.5),
        delta="independent",
    ),
}


def compute(device: Any) -> dict[str, NDArray[Any]]:
    """Every case on a device."""
    found = {}
    for name, ((matrices, deltas), lags) in STEPS.items():
        pairs = np.stack([np.arange(len(matrices))] * 2, axis=1)
        found[f"{name}: log_norms"] = device.log_norms(matrices, deltas, pairs, np.array(lags), "step")
    for name, matrices in MATRICES.items():
        found[f"{name}: values"], found[f"{name}: failed"] = device.eigenvalues(matrices)
    for name, study in STUDIES.items():
        for column, values in device.columns(study, 0, study.samples).items():
            found[f"{name}: {column}"] = values
    return found


def main() -> None:
    from rhoscope.devices.cuda import CudaDevice
    from rhoscope.devices.cuda_state import simulated
    from rhoscope.kernels import block_space

    if simulated():
        # Kernels run in Python, whose NumPy numbers warn where a GPU is silent.
        warnings.simplefilter("ignore", RuntimeWarning)
        block_space.MOST_BLOCKS = 1  # so that a block takes matrix after matrix
        block_space.SPECTRA_FROM = 3
        block_space.BLOCK, block_space.SHARED_BLOCK = 8, 2
    np.savez(sys.argv[1], **compute(CudaDevice(1)))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
