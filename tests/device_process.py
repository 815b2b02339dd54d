"""Cases computed on the CUDA device in a process of its own, since Numba has its simulator or not from the start."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rhoscope.devices.cuda_state import state

KINDS = ("simulator", "gpu")


def run_cases(script: str, kind: str, folder: Path) -> tuple[dict[str, NDArray[Any]], str]:
    """The arrays that a script keeps in the file it is given, and what it prints; skips where the device is missing."""
    environment = dict(os.environ)
    if kind == "simulator":
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    elif not (found := state()).usable:
        pytest.skip(found.text)
    path = folder / "results.npz"
    command = [sys.executable, script, path]
    said = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
    with np.load(path) as results:
        return dict(results), said
