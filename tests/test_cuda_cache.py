"""Compiled CUDA kernels are found on disk again by another process, and not after an edit; nothing is launched."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None, reason="numba-cuda is not installed"
)

SCRIPT = """
import sys
from types import SimpleNamespace
from unittest import mock
from numba import types
from numba.cuda import codegen, dispatcher
from rhoscope.kernels import caching
if "edited" in sys.argv:
    caching.digest = lambda: "another digest"
from rhoscope.kernels import grids_arrays, jit_cuda

kernel = grids_arrays.by_sample
if "bounded" in sys.argv:
    kernel = jit_cuda.grid_of(64)(kernel.py_func)
numbers, whole = types.float64[::1], types.int64
signature = numbers, numbers, whole, whole
device = SimpleNamespace(compute_capability=(int(sys.argv[1]), 0))
compiled = []
with (
    mock.patch.object(dispatcher, "get_current_device", return_value=device),
    mock.patch.object(codegen.devices, "get_context", return_value=SimpleNamespace(device=device)),
    mock.patch.object(codegen.runtime.runtime, "get_version", return_value=(12, 9)),
    caching.on_compile(compiled.append),
):
    found = kernel._cache.load_overload(signature, kernel.targetctx)
    if found is None:
        made = dispatcher._Kernel(kernel.py_func, signature, **kernel.targetoptions)
        made._codelibrary.get_cubin(cc=device.compute_capability)
        kernel._cache.save_overload(signature, made)
    else:
        assert "by_sample" in found._codelibrary.get_asm_strs(cc=device.compute_capability)[0]
print(found is not None, compiled)
"""


def run(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_a_kernel_is_compiled_once_for_a_device_and_its_sources(tmp_path: Path) -> None:
    missed, found = "False ['grids_arrays']", "True []"
    assert run(tmp_path, "9") == missed
    assert run(tmp_path, "9") == found
    assert run(tmp_path, "9", "bounded") == missed  # for smaller blocks
    assert run(tmp_path, "9", "bounded") == found
    assert run(tmp_path, "8") == missed  # another device
    for suffix in ("nbi", "nbc"):
        for path in tmp_path.glob(f"*.{suffix}"):
            os.truncate(path, 100)
        assert run(tmp_path, "9") == missed  # cut short
        assert run(tmp_path, "9") == found
    assert run(tmp_path, "9", "edited") == missed
