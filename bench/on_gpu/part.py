"""One part of `python -m bench gpu`, in a process of its own: `python -m bench.on_gpu.part NAME SECONDS THREADS`.

Records go to standard output, one line of JSON each as soon as it is found; whatever else is printed goes to stderr.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from bench.on_gpu.budget import Budget

Record = dict[str, Any]

PACKAGES = ("numpy", "numba", "numba-cuda", "llvmlite", "cuda-bindings", "scipy", "torch", "jax", "cupy")
OPTIONAL = ("scipy", "pydantic", "pyarrow", "threadpoolctl")
"""What oracles and the study need besides; whatever else cannot be imported is a fault."""
CUPY = ("cupy-cuda13x", "cupy-cuda12x")  # wheels of CuPy have the CUDA release in their name


def machine() -> Record:
    """The device, the driver, the host, the versions; or why no GPU can be used."""
    from llvmlite import binding

    from rhoscope.cores import available_cores
    from rhoscope.devices.cuda_state import simulated, state

    found = state()
    if not found.usable:
        return {"kind": "machine", "usable": False, "text": found.text}
    about = {
        "kind": "machine",
        "usable": True,
        "device": found.text.partition(",")[0],
        "text": found.text,
        "driver": "none" if simulated() else _driver(),
        "cpu": binding.get_host_cpu_name(),
        "cores": available_cores(),
        "platform": f"{sys.platform} {os.uname().machine}",
        "versions": _versions(),
    }
    if not simulated():
        from numba import cuda

        context: Any = cuda.current_context()
        about["multiprocessors"] = context.device.MULTIPROCESSOR_COUNT
        about["memory_gigabytes"] = round(context.get_memory_info()[1] / 1e9, 1)
    return about


def _driver() -> str:
    from numba.cuda.cudadrv.driver import driver

    release = ".".join(map(str, driver.get_version()))
    if (program := shutil.which("nvidia-smi")) is None:
        return f"for CUDA {release}"
    asked = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10.0).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        said = []
    return f"{said[0]}, for CUDA {release}" if said else f"for CUDA {release}"


def _versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("rhoscope", *PACKAGES, *CUPY):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def records(name: str, budget: Budget, threads: int) -> Iterator[Record]:
    """What the part finds."""
    if name == "machine":
        yield machine()
    elif name == "roof":
        from bench.on_gpu.roof import roof

        small: dict[str, Any] = {"blocks": 1, "copied": 512, "least": 0.0} if budget.small else {}
        yield {"kind": "roof"} | roof(**small)
    elif name == "kernels":
        from bench.on_gpu.checks import kernels

        yield from kernels(budget)
    elif name == "forms":
        from bench.on_gpu.forms import forms

        yield from forms(budget)
    elif name == "oracles":
        from bench.on_gpu.checks import oracles

        yield from oracles(budget)
    elif name == "study":
        from bench.on_gpu.study import study

        yield from study(budget, threads)
    else:
        from bench.on_gpu.race import races

        yield from races(name, budget, threads)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("seconds", type=float)
    parser.add_argument("threads", type=int)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as found:
        os.dup2(2, 1)
        try:
            for record in records(given.name, Budget(given.seconds, given.small), given.threads):
                print(json.dumps(record), file=found, flush=True)
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in OPTIONAL:
                raise
            text = f"{given.name}: left out: {missing}"
            print(json.dumps({"kind": "note", "text": text}), file=found, flush=True)


if __name__ == "__main__":
    main()
