"""How kernels are given their grids; nothing is launched."""

import importlib.util
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rhoscope.devices import cuda_blocks, spectra_cuda
from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda import CudaDevice
from rhoscope.devices.cuda_blocks import run_blocks, slots_at_once
from rhoscope.devices.cuda_launch import configured
from rhoscope.devices.cuda_state import CudaState
from rhoscope.kernels.block_space import BlockPlan, resident, spectra_plan

MULTIPROCESSORS = 132
SHARED = 227 << 10


@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
@pytest.mark.parametrize("blocks", [1, 5, 127, 128, 1056])
@pytest.mark.filterwarnings("error")
def test_few_blocks_are_no_reason_for_a_warning(blocks: int) -> None:
    """Numba's own warning would reach everybody who has less than 8,192 matrices."""
    from numba.cuda.cudadrv import driver as interface

    from rhoscope.kernels import grids

    known: Any = interface
    stream = known.Stream(known.binding.CUstream(4096))
    launch = configured(grids.interleave, blocks, 64, stream, 1024)
    assert (launch.griddim, launch.blockdim, launch.sharedmem) == ((blocks, 1, 1), (64, 1, 1), 1024)
    assert int(launch.stream.handle) == 4096
    assert launch.dispatcher is grids.interleave
    assert configured(grids.interleave, 128, 64, stream, 1024).griddim == (128, 1, 1)  # was not changed


@pytest.mark.parametrize(
    ("threads", "registers", "shared", "blocks"),
    [
        (32, 128, 1000, 16),  # a warp has 4,096 registers
        (32, 249, 21_632, 8),  # 8,192, as threads take them in eights
        (32, 98, 10_784, 16),  # 3,328: 19 of them, of which the four schedulers take the same number
        (32, 96, 1000, 20),  # 3,072: 21 of them
        (126, 168, 1000, 3),  # blocks of four warps, of the twelve that there are
        (128, 255, 1000, 2),
        (32, 40, 100_000, 2),  # shared memory has room for no more
        (32, 40, 100, 32),
        (256, 255, 200_000, 1),
    ],
)
def test_a_multiprocessor_holds_what_its_registers_and_shared_memory_hold(
    threads: int, registers: int, shared: int, blocks: int
) -> None:
    assert resident(threads, shared, SHARED + 1024, registers) == blocks


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list of what a driver is told, in the place of one."""
    import numba

    told: list[Any] = []
    device = SimpleNamespace(
        MULTIPROCESSOR_COUNT=MULTIPROCESSORS, MAX_SHARED_MEMORY_PER_BLOCK_OPTIN=SHARED, id=0
    )
    cuda = SimpleNamespace(current_context=lambda: SimpleNamespace(device=device))
    monkeypatch.setattr(numba, "cuda", cuda, raising=False)
    attribute = SimpleNamespace(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES="most shared")
    binding = SimpleNamespace(CUfunction_attribute=attribute)
    driver = SimpleNamespace(cuKernelSetAttribute=lambda *given: told.append(given))
    cudadrv = SimpleNamespace(driver=SimpleNamespace(binding=binding, driver=driver))
    monkeypatch.setitem(sys.modules, "numba.cuda", cuda)
    monkeypatch.setitem(sys.modules, "numba.cuda.cudadrv", cudadrv)
    monkeypatch.setattr(cuda_blocks, "configured", lambda *given: lambda *arguments: told.append(given))
    return told


class Kernel:
    """A dispatcher whose kernel takes so many registers."""

    def __init__(self, registers: int) -> None:
        self.registers = registers

    def typeof_pyval(self, argument: Any) -> type:
        return type(argument)

    def compile(self, signature: tuple[type, ...]) -> Any:
        assert signature == (int, float)
        function = SimpleNamespace(handle="handle", device=SimpleNamespace(id=0))
        library = SimpleNamespace(get_cufunc=lambda: function)
        return SimpleNamespace(regs_per_thread=self.registers, library=library)


def test_as_many_blocks_are_launched_as_the_gpu_runs_at_once(gpu: list[Any]) -> None:
    """More would wait for these to end, and then leave most of the GPU without work."""
    for registers, each in ((98, 16), (249, 8)):
        kernel = Kernel(registers)
        run_blocks("stream", kernel, BlockPlan(32, 1, 10_000), 10**6, 1, 2.0)
        assert gpu.pop() == (kernel, each * MULTIPROCESSORS, 32, "stream", 10_000)
        run_blocks("stream", kernel, BlockPlan(32, 2, 10_000), 9, 1, 2.0)
        assert gpu.pop()[1] == 5
        run_blocks("stream", kernel, BlockPlan(32, 2, 10_000), 10**6, 1, 2.0, most=64)
        assert gpu.pop()[1] == 32
    assert not gpu


def test_work_space_is_for_no_fewer_blocks_than_are_launched(gpu: list[Any]) -> None:
    plan = BlockPlan(32, 2, 10_000)
    for count in (1, 9, 10**6):
        for registers in (128, 249, 255):
            run_blocks("stream", Kernel(registers), plan, count, 1, 2.0)
            assert gpu.pop()[1] * plan.slots <= slots_at_once(plan, count)


def test_more_than_48_kb_of_shared_memory_are_asked_for_before_the_launch(gpu: list[Any]) -> None:
    plan = spectra_plan(128, SHARED)
    assert plan is not None
    assert plan.shared > 48 << 10
    run_blocks("stream", Kernel(98), plan, 5, 1, 2.0)
    asked, launched = gpu
    assert asked == ("most shared", plan.shared, "handle", 0)
    assert launched[3:] == ("stream", plan.shared)


def test_eigenvalues_of_matrices_too_large_for_a_block_are_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread of a GPU for each would take far longer."""
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: CudaState(True, "as told"))
    monkeypatch.setattr(spectra_cuda, "shared_memory", lambda: 64 << 10)
    matrices = np.random.default_rng(1).normal(size=(3, 90, 90))
    values, failed = CudaDevice(2).eigenvalues(matrices)
    np.testing.assert_array_equal(values, CpuDevice(1).eigenvalues(matrices)[0])
    assert not failed.any()
    asked: list[int] = []
    monkeypatch.setattr(spectra_cuda, "eigenvalues", lambda given, *others: asked.append(given.shape[1]))
    for n in (1, 16, 17, 80):
        CudaDevice(2).eigenvalues(np.eye(n)[None])
    assert asked == [1, 16, 17, 80]


@pytest.mark.parametrize(("n", "planned"), [(16, False), (17, True), (160, True), (161, False)])
def test_a_block_has_as_many_rows_as_its_kernel_has_threads(n: int, planned: bool) -> None:
    plan = spectra_plan(n, SHARED)
    assert (plan is not None) == planned
    assert plan is None or plan.threads == n
