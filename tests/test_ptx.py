"""Every kernel for the GPU compiles without one, keeps to its registers, and leaves the compiler no rounding."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
# The passes of lanes keep 4 to 16 bytes on the stack, and so does, at 9.0, the kernel of steps that has its matrix in
# registers: a thread stores them before its first sample and loads them once a sample, outside of all loops over steps.
# All others keep everything in registers.
FRAMES = {"bptt": 16, "block step_norms registers": 16}


def _missing() -> str | None:
    spec = importlib.util.spec_from_file_location("ptx", ROOT / "bench" / "ptx.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.missing()


MISSING = _missing()


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What `python -m bench ptx` found, in a process that has not compiled anything."""
    if MISSING is not None:
        pytest.skip(MISSING)
    path = tmp_path_factory.mktemp("ptx") / "ptx.json"
    subprocess.run([sys.executable, "-m", "bench", "ptx", "--json", str(path)], check=True, cwd=ROOT)
    return json.loads(path.read_text(encoding="utf-8"))["kernels"]


def test_every_kernel_compiles_for_every_capability(records: list[dict[str, Any]]) -> None:
    from rhoscope.kernels import (
        grids,
        grids_arrays,
        grids_block,
        grids_block_backprop,
        grids_block_spectrum,
        grids_fresh,
    )
    from rhoscope.kernels.jit_cuda import SIMULATED

    assert not SIMULATED
    both = vars(grids) | vars(grids_arrays)
    launched = {name for name, value in both.items() if hasattr(value, "py_func")}
    launched |= {f"draw {law}" for law in grids.draw}
    fresh = {name for name, value in vars(grids_fresh).items() if hasattr(value, "py_func")} - {"take_matrix"}
    launched |= {f"fresh {name}" for name in fresh}
    launched |= {
        f"block {name}" for name, value in vars(grids_block_spectrum).items() if hasattr(value, "py_func")
    }
    launched |= {f"block step_norms {place}" for place in grids_block.step_norms}
    launched |= {f"block bptt {place}" for place in grids_block_backprop.bptt}
    assert {record["kernel"] for record in records} == launched
    assert len(records) == 3 * len(launched)


def test_no_kernel_spills(records: list[dict[str, Any]]) -> None:
    spilling = {
        (record["kernel"], record["capability"]): record["spill_stores"]
        for record in records
        if record["spill_stores"] > FRAMES.get(record["kernel"], 0)
    }
    assert not spilling


def test_no_bits_depend_on_contraction(records: list[dict[str, Any]]) -> None:
    """The compiler found no product to round together with an addition: the bits are those of the source."""
    assert not {record["kernel"] for record in records if record["contractions"]}


def test_blocks_keep_matrices_in_registers(records: list[dict[str, Any]]) -> None:
    """A tile whose loops were not unrolled wholly would be an array of 256 bytes on the stack."""
    stacks = {
        (record["kernel"], record["capability"]): record["stack"]
        for record in records
        if record["kernel"].startswith("block") and record["stack"] > FRAMES.get(record["kernel"], 0)
    }
    assert not stacks


def test_eigenvalues_leave_room_for_twenty_warps(records: list[dict[str, Any]]) -> None:
    """Two registers more, and there would be sixteen."""
    from rhoscope.kernels.block_space import resident

    for record in records:
        if record["kernel"] in ("block eigenvalues", "block hessenberg_eigenvalues"):
            assert resident(32, 0, 64 << 10, record["registers"]) == 20, record
