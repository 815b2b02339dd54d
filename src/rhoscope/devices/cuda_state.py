"""Whether this process can compute on a GPU, and if not, why."""

import os
from dataclasses import dataclass
from importlib import metadata
from typing import Any

# What the kernels are compiled and checked for.
OLDEST = (7, 5)
_INSTALL = 'install rhoscope with the extra "cuda13" (or "cuda12", after the driver)'
_FORK = (
    "this process was forked from one that had begun to use the GPU, and CUDA works in one of the two; start processes "
    'by "spawn" or "forkserver", as multiprocessing.get_context("spawn") does'
)
# What the driver says in a child of a process that another library had begun to use it in.
_FORKED_SAYS = "CUDA_ERROR_NOT_INITIALIZED"


@dataclass(frozen=True)
class CudaState:
    """Whether CUDA can be used, and one sentence about it."""

    usable: bool
    text: str


def simulated() -> bool:
    """Whether Numba simulates a GPU (NUMBA_ENABLE_CUDASIM=1), for tests."""
    from numba import config

    return bool(getattr(config, "ENABLE_CUDASIM"))  # noqa: B009 - Numba sets its options at run time


def state() -> CudaState:
    """Ask the package, the driver and the device, in this order."""
    try:
        version = metadata.version("numba-cuda")
    except metadata.PackageNotFoundError:
        version = None
    if simulated():
        return CudaState(True, "simulated by Numba (NUMBA_ENABLE_CUDASIM), for tests only")
    if version is None:
        return CudaState(False, f"the package numba-cuda is not installed; {_INSTALL}")
    from numba import cuda

    found = f"numba-cuda {version}"
    if _forked():
        return CudaState(False, f"{found}: {_FORK}")
    try:
        if not cuda.is_available():
            return CudaState(False, f"{found}: {_unavailable()}")
        device = cuda.get_current_device()
    except Exception as error:  # the driver's errors have no common class of their own
        return CudaState(False, f"{found}: {_reported(error)}")
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    capability = ".".join(map(str, device.compute_capability))
    if tuple(device.compute_capability) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return CudaState(
            False, f"{found}: {name} has compute capability {capability}; {oldest} is the oldest that will do"
        )
    return CudaState(True, f"{name}, compute capability {capability}, {found}")


def _forked() -> bool:
    """Whether an ancestor of this process began to use CUDA before this one was forked."""
    from numba import cuda

    driver: Any = cuda.cudadrv.driver  # pyright: ignore[reportPrivateImportUsage] - the simulator has no such thing
    begun_in: int | None = driver.driver.pid
    return begun_in is not None and begun_in != os.getpid()


def _unavailable() -> str:
    """Why numba-cuda says no."""
    from numba import cuda

    error = cuda.cuda_error()
    if error is not None:
        return _reported(error, "no GPU can be reached:")
    try:
        if len(cuda.gpus) == 0:
            return "the driver knows no GPU"
    except Exception as problem:
        return f"no GPU can be reached: {_first_line(problem)}"
    return f"the libraries that compile for a GPU (NVVM) cannot be loaded; {_INSTALL}"


def _reported(error: object, what: str = "the driver reports") -> str:
    """What the driver said, or what it means."""
    said = _first_line(error)
    return _FORK if _FORKED_SAYS in said else f"{what} {said}"


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" :\t")]
    return " ".join(lines) or type(error).__name__
