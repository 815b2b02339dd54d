"""Every kernel for the GPU compiled without one: NVVM makes PTX of it, ptxas machine code, which tells what it takes.

Needs numba-cuda with its NVVM wheels, and a ptxas of the same CUDA release (the package nvidia-cuda-nvcc, or PATH).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

CAPABILITIES = ((7, 5), (8, 0), (9, 0))

_ENTRY = re.compile(r"(?:entry function|Function properties for) '?([\w$.]+)'?")
_FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")
_FMA = re.compile(r"fma\.rn\.f64\s+(.*);")
# The product with a power of two is exact, so that nothing is lost or gained when it joins an addition.
_POWER_OF_TWO = re.compile(r"0d[0-9A-F]{3}0{13}")


def missing() -> str | None:
    """What has to be installed before anything can be compiled, or None."""
    try:
        metadata.version("numba-cuda")
    except metadata.PackageNotFoundError:
        return "numba-cuda is not installed"
    from numba.cuda.cudadrv import nvvm

    try:
        nvvm.NVVM()
    except Exception as error:
        return f"NVVM cannot be loaded: {error}"
    if ptxas() is None:
        return "no ptxas: neither the package nvidia-cuda-nvcc nor one on PATH"
    return None


def ptxas() -> str | None:
    """The ptxas that came as a package, which fits the NVVM that did, else that of PATH."""
    for folder in sys.path:
        for path in sorted(Path(folder).glob("nvidia/*/bin/ptxas*"), reverse=True):
            return str(path)
    return shutil.which("ptxas")


@contextmanager
def _device(capability: tuple[int, int]) -> Iterator[None]:
    """While functions compile they ask the device for its compute capability, and for nothing else."""
    from numba.cuda import dispatcher

    device = SimpleNamespace(compute_capability=capability)
    with mock.patch.object(dispatcher, "get_current_device", return_value=device):
        yield


def kernels() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Every kernel that is launched, and the types of its arguments."""
    from numba import types

    from rhoscope.kernels import (
        grids,
        grids_arrays,
        grids_block,
        grids_block_backprop,
        grids_block_spectrum,
        grids_fresh,
    )

    n, x, ns, xs = types.int64, types.float64, types.int64[::1], types.float64[::1]
    pair, triple = types.UniTuple(n, 2), types.UniTuple(x, 3)
    draw = (xs, xs, n, n, n, n, ns, triple, n)
    return {
        **{f"draw {law}": (kernel, draw) for law, kernel in grids.draw.items()},
        "apply_gains": (grids.apply_gains, (xs, n, n, n, n, ns, x, x, xs, n)),
        "draw_vectors": (grids.draw_vectors, (xs, n, x, n, n, n, ns, n)),
        "interleave": (grids.interleave, (xs, xs, n, n, n, n)),
        "eigenvalues": (grids.eigenvalues, (xs, xs, xs, xs, xs, xs, xs, n, n, pair, n)),
        "spectra": (grids.spectra, (xs, xs, xs, xs, xs, n, n, pair, x, n)),
        "finish_spectra": (grids.finish_spectra, (xs, xs, xs, xs, xs, xs, xs, n, n, pair, x, n)),
        "step_norms": (grids.step_norms, (xs, xs, xs, n, n, ns, n, xs, n, n)),
        **{
            f"block step_norms {place}": (
                kernel,
                (xs, xs, n, ns, n, xs, xs, n, n, types.UniTuple(n, 6), types.UniTuple(n, 4), n),
            )
            for place, kernel in grids_block.step_norms.items()
        },
        **{
            f"block bptt {place}": (
                kernel,
                (
                    *(xs, xs, xs, xs, ns, xs, n, n, n, n, n, n, ns, n, xs, xs, n),
                    types.UniTuple(n, 6),
                    types.UniTuple(n, 8),
                    n,
                ),
            )
            for place, kernel in grids_block_backprop.bptt.items()
        },
        "block eigenvalues": (grids_block_spectrum.eigenvalues, (xs, xs, xs, xs, n, n, n)),
        "block hessenberg_eigenvalues": (
            grids_block_spectrum.hessenberg_eigenvalues,
            (xs, xs, xs, xs, n, n, n, n),
        ),
        "bptt": (grids.bptt, (xs, xs, xs, xs, xs, ns, n, n, n, n, n, n, n, n, ns, xs, n, n)),
        "fresh begin": (grids_fresh.begin, (xs, n, n, n, n, xs, xs, n)),
        "fresh forward": (grids_fresh.forward, (xs, n, xs, n, n, n, n, n, n, ns, n)),
        "fresh subtract": (grids_fresh.subtract, (xs, n, n, n, n, xs, n)),
        "fresh backward": (grids_fresh.backward, (xs, n, xs, n, n, n, n, n, n, n, ns, ns, xs, n)),
        "first_not_finite": (grids_arrays.first_not_finite, (xs, ns)),
        "gather": (grids_arrays.gather, (xs, ns, xs, n, n)),
        "by_sample": (grids_arrays.by_sample, (xs, xs, n, n)),
        "complex_pairs": (grids_arrays.complex_pairs, (xs, xs, xs, n)),
        "real_matrices": (grids_arrays.real_matrices, (xs, xs, n, n, n)),
        "real_vectors": (grids_arrays.real_vectors, (xs, xs, n, n, n)),
    }


def assembly(
    kernel: Any, signature: tuple[Any, ...], capability: tuple[int, int], contract: bool = True
) -> str:
    """PTX of a kernel; as it will run, or with products never contracted into additions."""
    from numba.cuda import compiler as numba_compiler

    compiler: Any = numba_compiler  # what it offers for this has no public name
    with _device(capability):
        library, _ = compiler._compile_pyfunc_with_fixup(
            kernel.py_func, signature, debug=None, lineinfo=False, device=False, fastmath=False, cc=capability,
            opt=None, abi="numba", abi_info=None, forceinline=False,
            launch_bounds=kernel.targetoptions.get("launch_bounds"), lto=False,
        )  # fmt: skip
        if not contract:
            library._nvvm_options["fma"] = 0
        return library.get_asm_strs(cc=capability)[0]


def contractions(contracted: str, plain: str) -> int:
    """Products that the compiler rounds only together with an addition, so that the bits depend on it."""

    def rounded(ptx: str) -> int:
        return sum(1 for operands in _FMA.findall(ptx) if not _POWER_OF_TWO.search(operands))

    return rounded(contracted) - rounded(plain)


def resources(ptx: str, capability: tuple[int, int]) -> dict[str, int]:
    """Registers, bytes of shared memory, bytes of spills and of the stack of a kernel with all that it calls."""
    program = ptxas()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.ptx")
        path.write_text(ptx, encoding="utf-8")
        arch = "".join(map(str, capability))
        said = subprocess.run(
            [program, "-v", f"-arch=sm_{arch}", str(path), "-o", str(Path(folder, "kernel.cubin"))],
            capture_output=True,
            text=True,
            check=False,
        )
    if said.returncode != 0:
        raise RuntimeError(f"ptxas: {said.stdout}{said.stderr}")
    text = said.stdout + said.stderr
    frames = [tuple(map(int, found)) for found in _FRAME.findall(text)]
    return {
        "registers": max(map(int, _USED.findall(text))),
        "shared": max(map(int, _SHARED.findall(text)), default=0),
        "stack": sum(frame for frame, _, _ in frames),
        "spill_stores": sum(stores for _, stores, _ in frames),
        "spill_loads": sum(loads for _, _, loads in frames),
    }


def measure(names: list[str] | None = None) -> list[dict[str, Any]]:
    """A record for each kernel and compute capability."""
    records = []
    for name, (kernel, signature) in kernels().items():
        if names and name not in names:
            continue
        plain = assembly(kernel, signature, CAPABILITIES[-1], contract=False)
        for capability in CAPABILITIES:
            ptx = assembly(kernel, signature, capability)
            records.append(
                {
                    "kernel": name,
                    "capability": ".".join(map(str, capability)),
                    "instructions": sum(line.endswith(";") for line in ptx.splitlines()),
                    "contractions": contractions(ptx, plain),
                }
                | resources(ptx, capability)
            )
    return records
