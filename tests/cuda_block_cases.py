"""What the tests of the kernels with a block of threads a matrix compute, and, as a script, a process that does.

`python cuda_block_cases.py RESULTS.npz` computes every case on the CUDA device, as `cuda_cases` does: with
NUMBA_ENABLE_CUDASIM=1 in Numba's simulator.
"""

import sys
import warnings
from typing import Any

import numpy as np
from cuda_cases import tiny_matrices
from numpy.typing import NDArray

from rhoscope import ensembles
from rhoscope.study import Study

Array = NDArray[np.float64]


def _steps(n: int, samples: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(n)
    return rng.normal(size=(samples, n, n)), rng.normal(size=(samples, n))


def _hard_steps() -> tuple[Array, Array]:
    """More samples than a block has slots; some leave the range within a block of steps, some are zero at last."""
    matrices, deltas = _steps(5, 6)
    matrices[1] *= 1e60
    # Every step takes 50 orders off this vector, which has nothing in the direction of the largest entry.
    matrices[2] = np.diag([1.0, 1e-50, 1e-50, 1e-50, 1e-50])
    deltas[2, 0] = 0.0
    matrices[3] = np.diag(np.ones(4), 1)
    deltas[4] = 0.0
    return matrices, deltas


STEPS: dict[str, tuple[tuple[Array, Array], list[int]]] = {
    "slots": (_hard_steps(), [0, 1, 4, 5, 8, 9]),
    "registers": (_steps(15, 2), [0, 8, 9]),
    "shared": (_steps(17, 2), [1, 3]),
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
    # The sizes for which `python -m bench gpu` is to tell whether blocks or lanes are faster.
    **{f"n = {n}": np.random.default_rng(n).normal(size=(1, n, n)) for n in (9, 12, 16)},
}
"""Matrices (N, n, n) whose eigenvalues are computed."""


def _study(size: int, samples: int, horizon: int, **others: Any) -> Study:
    fields: dict[str, Any] = {"gain": (0.5, 1.5), "seed": 5, **others}
    return Study(ensemble=ensembles.RealGinibre(), size=size, samples=samples, horizon=horizon, **fields)


STUDIES: dict[str, Study] = {
    "independent": _study(5, 2, 6, delta="independent"),
    # Two segments, the last of one step; more samples than slots.
    "both passes": _study(5, 3, 9, inputs=3),
    "alone": _study(9, 1, 9),
    "no inputs": _study(5, 1, 2, inputs=0),
    "tiny": Study(ensemble=ensembles.Given(tiny_matrices(5)), size=5, samples=2, horizon=3, gain=1.0),
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


def small_blocks() -> None:
    """Plan for few threads, few steps and room for few states, so that small cases reach every kernel and branch."""
    from rhoscope.kernels import block_space, recurrence_space

    block_space.MOST_BLOCKS = 1  # a block takes matrix after matrix
    block_space.SLOT_THREADS, block_space.STEPS_THREADS = 4, 40
    block_space.STEPS_FROM, block_space.REGISTERS_UP_TO, block_space.SPECTRA_FROM = 5, 16, 3
    block_space.BLOCK, block_space.SHARED_BLOCK = 8, 2
    recurrence_space.STATE_BYTES = 1


def main() -> None:
    from rhoscope.devices.cuda import CudaDevice
    from rhoscope.devices.cuda_state import simulated
    from rhoscope.kernels import block_space

    if simulated():
        # Kernels run in Python, whose NumPy numbers warn where a GPU is silent.
        warnings.simplefilter("ignore", RuntimeWarning)
    small_blocks()
    plans = [block_space.steps_plan(matrices.shape[1], 227 << 10) for (matrices, _), _ in STEPS.values()]
    kernels = np.array(["lanes" if plan is None else plan.kernel for plan in plans])
    np.savez(sys.argv[1], kernels=kernels, **compute(CudaDevice(1)))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
