"""What the tests of the CUDA device compute, and, run as a script, a process that computes it.

`python cuda_cases.py RESULTS.npz` computes every case on the CUDA device. With NUMBA_ENABLE_CUDASIM=1, which has to be
set before Numba is imported, that is Numba's simulator.
"""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import ensembles
from rhoscope.study import Study

START = 2**33 + 5
"""Number of the first sample: its two words differ from each other and from zero."""


def _study(ensemble: ensembles.Ensemble, samples: int = 3, **others: Any) -> Study:
    fields: dict[str, Any] = {"size": 5, "inputs": 2, "horizon": 12, "gain": (0.5, 1.5)}
    return Study(ensemble=ensemble, samples=START + samples, seed=(539 << 32) + 7, **fields | others)


def tiny_matrices(n: int) -> NDArray[np.float64]:
    """A matrix of zeros and one of subnormal entries."""
    return np.array([0.0, 1e-310])[:, None, None] * np.random.default_rng(n).normal(size=(n, n))


def _matrices() -> NDArray[np.float64]:
    rng = np.random.default_rng(539)
    given = rng.normal(size=(4, 4, 4))
    given[1] = np.diag([1.0, 2.0, 3.0], 1)
    given[2, 0, 0] = np.inf
    given[3] = 0.0
    return given


STUDIES: dict[str, tuple[Study, int, int]] = {
    **{
        ensemble.kind: (_study(ensemble), START, START + 3)
        for ensemble in (
            ensembles.RealGinibre(),
            ensembles.ComplexGinibre(),
            ensembles.Symmetric(),
            ensembles.Elliptic(tau=-0.4),
            ensembles.Sparse(density=0.4),
            ensembles.Diagonal(inner=0.3, outer=0.8),
            ensembles.Triangular(strength=3.0),
            ensembles.HaarOrthogonal(),
            ensembles.LowRankPlusNoise(rank=2, strength=1.7),
        )
    },
    "given": (
        Study(ensemble=ensembles.Given(_matrices()), size=4, samples=4, horizon=9, seed=1, gain=0.75),
        0,
        4,
    ),
    "tiny": (Study(ensemble=ensembles.Given(tiny_matrices(3)), size=3, samples=2, horizon=3, gain=1.0), 0, 2),
    "independent": (_study(ensembles.RealGinibre(), delta="independent"), START, START + 3),
    "no inputs": (_study(ensembles.RealGinibre(), inputs=0), START, START + 3),
    # The gains leave float64 within a block, which is then done again step by step.
    "out of range": (
        _study(ensembles.RealGinibre(), size=3, horizon=70, gain=(1e-60, 1e60)),
        START,
        START + 3,
    ),
    "fresh": (_study(ensembles.Sparse(density=0.6), mode="fresh", horizon=6), START, START + 3),
    "fresh, independent": (
        _study(ensembles.RealGinibre(), size=3, mode="fresh", horizon=9, lags=(1, 4), delta="independent"),
        START,
        START + 3,
    ),
    "fresh, no inputs": (
        _study(ensembles.RealGinibre(), size=3, mode="fresh", horizon=5, inputs=0),
        START,
        START + 3,
    ),
    # Each product leaves the range, and is done again with its matrix scaled.
    "fresh, out of range": (
        _study(ensembles.RealGinibre(), size=2, mode="fresh", horizon=8, gain=(1e-90, 1e90)),
        START,
        START + 3,
    ),
    "fresh, two groups": (
        _study(ensembles.RealGinibre(), 35, size=2, mode="fresh", horizon=2),
        START,
        START + 35,
    ),
    # Long enough that the CPU takes strides of several steps, where the device takes single ones.
    "strides": (_study(ensembles.RealGinibre(), size=3, horizon=150), START, START + 3),
    # More than a group, and with SMALL_GPU more than the device holds at once.
    "two groups": (_study(ensembles.RealGinibre(), 35, size=2, horizon=3), START, START + 35),
}
"""Studies and the samples computed of each."""

MATRICES: dict[str, NDArray[np.float64]] = {
    **{f"random {n}": np.random.default_rng(n).normal(size=(3, n, n)) for n in (1, 2, 3, 8, 17)},
    "two groups": np.random.default_rng(0).normal(size=(35, 3, 3)),
    "scaled": np.random.default_rng(1).normal(size=(3, 6, 6)) * np.array([1e-300, 1.0, 1e300])[:, None, None],
    "defective": np.stack([np.diag([2.0] * 6) + np.diag([1.0] * 5, 1), np.zeros((6, 6)), np.eye(6)]),
}
"""Matrices (N, n, n) whose eigenvalues are computed."""


LAGS = np.array([0, 1, 7, 33, 64])


def compute(device: Any) -> dict[str, NDArray[Any]]:
    """Every case on a device."""
    found = {}
    for name, (study, start, stop) in STUDIES.items():
        for column, values in device.columns(study, start, stop).items():
            found[f"{name}: {column}"] = values
    for name, matrices in MATRICES.items():
        found[f"{name}: values"], found[f"{name}: failed"] = device.eigenvalues(matrices)
    rng = np.random.default_rng(2)
    matrices, deltas, pairs = (
        rng.normal(size=(4, 5, 5)),
        rng.normal(size=(3, 5)),
        rng.integers(3, size=(35, 2)),
    )
    found["log_norms"] = device.log_norms(matrices, deltas, pairs, LAGS, "step")
    return found


def main() -> None:
    from rhoscope.devices import cuda_memory
    from rhoscope.devices.cuda import CudaDevice
    from rhoscope.devices.cuda_state import simulated
    from rhoscope.kernels import block_space, recurrence_space

    if simulated():
        # Kernels run in Python, whose NumPy numbers warn where a GPU is silent.
        warnings.simplefilter("ignore", RuntimeWarning)
        # A device that holds one warp, and room for few states: chunks and checkpoints without large cases.
        cuda_memory.THREADS, cuda_memory.BLOCKS = 32, 1
        recurrence_space.STATE_BYTES = 1
        # Here lanes compute all; the kernels with a block a matrix have cases of their own.
        block_space.SPECTRA_FROM = block_space.STEPS_FROM = 100
    np.savez(sys.argv[1], **compute(CudaDevice(1)))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
