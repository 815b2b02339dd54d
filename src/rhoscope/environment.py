"""What this installation computes with: versions, cores, libraries, where compiled kernels are kept."""

import os
import platform
import re
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from rhoscope.cores import available_cores

FEATURES_THAT_MATTER = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512dq", "avx512vl", "neon", "sve")
"""Vector instructions that decide how fast the kernels run, as LLVM names them."""


@dataclass(frozen=True)
class Environment:
    """What `rs.info()` found; `str` gives it as lines, `to_dict` as plain values for JSON."""

    versions: dict[str, str]
    """rhoscope and the packages it needs."""
    python: str
    platform: str
    cpu: str
    """The processor, as LLVM names it."""
    cpu_features: tuple[str, ...]
    cores: int
    """Cores this process may use: the threads of a run unless `threads` is given."""
    machine_cores: int
    blas: tuple[str, ...]
    """Each BLAS library loaded and its threads; a run holds them at one."""
    numba_target: str
    """What Numba compiles for: this processor, unless NUMBA_CPU_NAME names another."""
    kernel_cache: str
    """Folder of the compiled kernels."""
    cuda: str

    def to_dict(self) -> dict[str, Any]:
        """The fields as strings, numbers, lists and dictionaries."""
        return asdict(self) | {"cpu_features": list(self.cpu_features), "blas": list(self.blas)}

    def __str__(self) -> str:
        rows = {
            "versions": "\n".join(f"{name} {version}" for name, version in self.versions.items()),
            "python": self.python,
            "platform": self.platform,
            "cpu": f"{self.cpu}: {' '.join(self.cpu_features) or 'no vector instructions known'}",
            "cores": f"{self.cores} of {self.machine_cores}",
            "BLAS": "\n".join(self.blas),
            "Numba target": self.numba_target,
            "kernel cache": self.kernel_cache,
            "CUDA": self.cuda,
        }
        return "\n".join(
            f"{name:<14}{text.replace(chr(10), chr(10) + ' ' * 14)}" for name, text in rows.items()
        )


def info() -> Environment:
    """Describe the software and the hardware that a run would use.

    Returns
    -------
    Environment
        Versions, processor, cores this process may use, BLAS, Numba target, kernel cache, state of CUDA.

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.info().cores >= 1
    True
    """
    # Imported here because `import rhoscope` should not pay for them.
    from llvmlite import binding

    from rhoscope.devices import cuda_state
    from rhoscope.kernels import caching

    features = binding.get_host_cpu_features()
    cpu = binding.get_host_cpu_name()
    return Environment(
        versions=_versions(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        cpu=cpu,
        cpu_features=tuple(name for name in FEATURES_THAT_MATTER if features.get(name)),
        cores=available_cores(),
        machine_cores=os.cpu_count() or 1,
        blas=_blas(),
        numba_target=f"{binding.get_default_triple()}, {os.environ.get('NUMBA_CPU_NAME') or cpu}",
        kernel_cache=str(caching.folder()),
        cuda=cuda_state.state().text,
    )


def _versions() -> dict[str, str]:
    """Versions of rhoscope and of all it requires outside its extras."""
    required = [line for line in metadata.requires("rhoscope") or [] if "extra ==" not in line]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required]
    return {name: metadata.version(name) for name in ["rhoscope", *names]}


def _blas() -> tuple[str, ...]:
    """The BLAS libraries of NumPy and SciPy, which must be loaded to be seen."""
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    return tuple(
        f"{library['internal_api']} {library['version']}, {library['num_threads']} threads"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )
