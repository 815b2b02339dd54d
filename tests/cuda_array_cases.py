"""Arrays that live on a GPU; as a script, a process that computes with them: `cuda_array_cases.py RESULTS.npz`.

With NUMBA_ENABLE_CUDASIM=1, which has to be set before Numba is imported, the GPU is Numba's simulator.
"""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda_block_cases import small_blocks
from numpy.typing import NDArray

import rhoscope as rs

LAGS = [0, 1, 7]
FEW_LAGS = [0, 1, 5]


def inputs() -> dict[str, NDArray[Any]]:
    """More matrices than a group, and both kinds of numbers."""
    rng = np.random.default_rng(539)
    real, imag = rng.normal(size=(2, 35, 3, 3))
    x, y = rng.normal(size=(2, 35, 3))
    return {"A": real, "C": real + 1j * imag, "delta": x, "complex delta": x + 1j * y}


PAIRS = {
    "both": ("A", "delta"),
    "complex A": ("C", "delta"),
    "complex delta": ("A", "complex delta"),
    "complex both": ("C", "complex delta"),
}


def expected() -> dict[str, NDArray[Any]]:
    """On the CPU, of arrays in host memory."""
    given = inputs()
    found: dict[str, NDArray[Any]] = {name: rs.eigvals(given[name], device="cpu") for name in ("A", "C")}
    found["radius"] = rs.spectral_radius(given["A"], device="cpu")
    for name, (a, delta) in PAIRS.items():
        found[name] = rs.gradient_norms(given[a], given[delta], LAGS, method="step", device="cpu")
    broadcast = given["A"][:3], given["delta"][0]
    found["broadcast"] = rs.gradient_norms(*broadcast, LAGS, method="step", device="cpu")
    return found


def computed(there: Callable[[NDArray[Any]], Any]) -> dict[str, NDArray[Any]]:
    """The same, of arrays on the GPU, and with results that stay there."""
    given = inputs()
    gpu = {name: there(array) for name, array in given.items()}
    found = {}
    for name in ("A", "C"):
        found[name] = rs.eigvals(gpu[name])
        found[f"{name}, kept"] = _fetched(rs.eigvals(gpu[name], on_device=True))
        found[f"{name}, sent and kept"] = _fetched(rs.eigvals(given[name], on_device=True))
    found["radius"] = rs.spectral_radius(gpu["A"])
    found["radius, kept"] = _fetched(rs.spectral_radius(gpu["A"], on_device=True))
    for name, (a, delta) in PAIRS.items():
        for where, (matrices, deltas) in {
            "": (gpu[a], gpu[delta]),
            ", A there": (gpu[a], given[delta]),
            ", delta there": (given[a], gpu[delta]),
            ", none there": (given[a], given[delta]),
        }.items():
            # What is kept comes first: memory that nobody writes would hold what the other call left there.
            kept = rs.gradient_norms(matrices, deltas, LAGS, device="cuda", on_device=True)
            found[f"{name}{where}, kept"] = _fetched(kept)
            found[name + where] = rs.gradient_norms(matrices, deltas, LAGS, device="cuda")
    broadcast = there(given["A"][:3]), there(given["delta"][0])
    found["broadcast"] = rs.gradient_norms(*broadcast, LAGS)
    return found


def block_inputs() -> tuple[NDArray[Any], NDArray[Any]]:
    """Of a size that the kernels with a block of threads a matrix take after `small_blocks`."""
    rng = np.random.default_rng(540)
    return rng.normal(size=(2, 5, 5)), rng.normal(size=(2, 5))


def blocks(there: Callable[[NDArray[Any]], Any]) -> dict[str, NDArray[Any]]:
    """By the kernels with a block of threads a matrix: neighbours, and one matrix again and again."""
    A, delta = block_inputs()
    found = {}
    for name, matrices in {"": A, " of one": A[0]}.items():
        kept = rs.gradient_norms(there(matrices), there(delta), FEW_LAGS, on_device=True)
        found[f"norms{name}, there and kept"] = _fetched(kept)
        found[f"norms{name}, sent"] = rs.gradient_norms(matrices, delta, FEW_LAGS, device="cuda")
    found["values, kept"] = _fetched(rs.eigvals(there(A), on_device=True))
    found["values, there"] = rs.eigvals(there(A))
    found["values, sent"] = rs.eigvals(A, device="cuda")
    return found


def _fetched(kept: Any) -> NDArray[Any]:
    assert not isinstance(kept, np.ndarray)
    return kept.copy_to_host()


def refusals(there: Callable[[NDArray[Any]], Any]) -> dict[str, str]:
    """What is said where an array cannot be taken."""
    A, delta = inputs()["A"], inputs()["delta"]
    gpu = there(A)
    broken = A.copy()
    broken[3, 1, 2], broken[4, 0, 0] = np.nan, np.inf
    calls: dict[str, Callable[[], Any]] = {
        "not finite": lambda: rs.eigvals(there(broken)),
        "complex not finite": lambda: rs.eigvals(there(broken * 1j)),
        "float32": lambda: rs.eigvals(there(A.astype(np.float32))),
        "strides": lambda: rs.eigvals(gpu[:, ::2]),
        "not square": lambda: rs.eigvals(there(A[:, :2].copy())),
        "vectors": lambda: rs.gradient_norms(gpu, there(delta[:3].copy()), LAGS),
        "device": lambda: rs.eigvals(gpu, device="cpu"),
        "kept by the CPU": lambda: rs.spectral_radius(A, device="cpu", on_device=True),
        "no such device": lambda: rs.eigvals(gpu, device="tpu"),
        "ladder": lambda: rs.gradient_norms(gpu, delta, LAGS, method="ladder"),
        "bptt": lambda: rs.bptt(gpu, A, delta, delta, delta),
    }
    said = {}
    for name, call in calls.items():
        try:
            call()
        except rs.errors.RhoscopeError as error:
            said[name] = f"{type(error).__name__}: {error}"
    return said


def main() -> None:
    from numba import cuda

    from rhoscope.devices import cuda_memory
    from rhoscope.devices.cuda_state import simulated

    if simulated():
        # Kernels run in Python, whose NumPy numbers warn where a GPU is silent.
        warnings.simplefilter("ignore", RuntimeWarning)
        # A device that holds one warp: chunks without large cases.
        cuda_memory.THREADS, cuda_memory.BLOCKS = 32, 1
    found = computed(cuda.to_device)
    small_blocks()
    np.savez(sys.argv[1], **found, **blocks(cuda.to_device))  # pyright: ignore[reportArgumentType]
    print(json.dumps(refusals(cuda.to_device)))


if __name__ == "__main__":
    main()
