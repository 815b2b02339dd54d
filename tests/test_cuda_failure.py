"""A GPU that fails in the middle of its work, has too little memory, or was begun with by another process."""

import ast
import os
import re
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rhoscope as rs
from rhoscope.devices import choose as choosing
from rhoscope.devices import cuda_state
from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda import CudaDevice
from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_memory import SENT_BYTES, Launcher, in_turn
from rhoscope.devices.cuda_state import CudaState
from rhoscope.errors import DeviceError
from rhoscope.pool import Cancelled
from rhoscope.progress import Progress

STUDY = rs.Study(size=2, horizon=6, samples=50)
LOST = 'device = "cuda": computing on the GPU failed: the device is lost'


class Failing:
    """Stands for the methods of a GPU: those of the CPU until the given call, and a lost device from there on."""

    def __init__(self, after: int) -> None:
        self.calls, self._after = 0, after

    def __call__(self, name: str) -> Callable[..., Any]:
        def method(device: Any, *arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls > self._after:
                raise DeviceError(LOST)
            return getattr(CpuDevice(1), name)(*arguments, **options)

        return method


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Failing]:
    """Put a GPU in the place of a real one, which works so many times."""
    found = CudaState(True, "as told")
    monkeypatch.setattr(cuda_state, "state", lambda: found)
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: found)
    monkeypatch.setattr(choosing, "WORTH_OPERATIONS", 0.0)

    def install(after: int) -> Failing:
        failing = Failing(after)
        for name in ("columns", "eigenvalues", "log_norms", "complex_eigenvalues"):
            monkeypatch.setattr(CudaDevice, name, failing(name))
        return failing

    return install


def assert_same(found: rs.Result, expected: rs.Result) -> None:
    for name in expected.columns:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("after", [0, 2])
def test_auto_has_the_cpu_do_again_what_the_gpu_failed_at(gpu: Callable[[int], Failing], after: int) -> None:
    failing = gpu(after)
    with pytest.warns(RuntimeWarning, match="device is lost; the CPU does this again, and the rest"):
        result = rs.run(STUDY, shard_size=10)
    assert failing.calls == after + 1  # it is not asked a second time
    assert_same(result, rs.run(STUDY, device="cpu"))
    assert set(np.atleast_1d(result.provenance["device"])) == ({"cuda", "cpu"} if after else {"cpu"})


def test_auto_on_arrays_goes_on_on_the_cpu(gpu: Callable[[int], Failing]) -> None:
    gpu(0)
    with pytest.warns(RuntimeWarning, match="device is lost"):
        assert sorted(rs.eigvals([[0.0, 1.0], [1.0, 0.0]]).real.tolist()) == [-1.0, 1.0]
    with pytest.warns(RuntimeWarning, match="device is lost"):
        assert rs.gradient_norms([[1.0]], [1.0], [5]).tolist() == [0.0]


def test_auto_says_that_it_took_the_gpu(gpu: Callable[[int], Failing]) -> None:
    gpu(99)
    told: list[Progress] = []
    rs.run(STUDY, progress=told.append)
    assert told[0].message == "computing on the GPU"
    told.clear()
    rs.run(STUDY, device="cpu", progress=told.append)
    assert told[0].message == ""


def test_a_run_on_cuda_stops_with_what_is_finished_intact(
    gpu: Callable[[int], Failing], tmp_path: Path
) -> None:
    gpu(3)
    with pytest.raises(DeviceError, match=rf"lost; 3 of 5 shards are done; .*rhoscope resume {tmp_path}"):
        rs.run(STUDY, tmp_path, device="cuda", shard_size=10)
    failing = gpu(0)
    result = rs.resume(tmp_path, device="cpu")
    assert failing.calls == 0
    assert_same(result, rs.run(STUDY, device="cpu"))


def test_a_device_that_cannot_be_had_is_not_said_to_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: CudaState(False, "the reason"))
    with pytest.raises(DeviceError) as caught:
        rs.run(STUDY, device="cuda")
    assert "shards" not in str(caught.value)


@pytest.mark.parametrize("module", ["numba.cuda.cudadrv.driver", "cuda.core._utils.cuda_utils"])
def test_errors_of_the_driver_become_one_sentence(module: str) -> None:
    error = type("SomeError", (Exception,), {"__module__": module})
    with (
        pytest.raises(DeviceError, match=r"reserving failed: out of memory; use fewer samples"),
        device_errors("reserving"),
    ):
        raise error("out of memory")


def test_errors_of_others_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), device_errors("reserving"):
        raise ZeroDivisionError


def test_what_is_sent_is_kept_until_it_has_arrived() -> None:
    """A GPU that reads the memory of programs where it lies begins to copy when the call is over."""
    read: list[weakref.ref[Any]] = []
    waited: list[bool] = []

    class Space:
        def __getitem__(self, item: slice) -> Any:
            return self

        def copy_to_device(self, array: Any, stream: Any) -> None:
            read.append(weakref.ref(array))

    launcher = object.__new__(Launcher)
    launcher.stream = SimpleNamespace(synchronize=lambda: waited.append(read[-1]() is not None))
    launcher._sent, launcher._sent_bytes, launcher.staging = [], 0, None
    launcher.send(np.arange(8.0)[::2], Space())
    assert read[-1]() is not None
    launcher.wait()
    assert waited == [True]
    assert read[-1]() is None
    for _ in range(3):
        launcher.send(np.zeros(SENT_BYTES // 16, np.int8).repeat(6), Space())
    assert waited == [True, True]  # before the host's memory is full


class Recorder:
    """A worker that notes what it is told."""

    def __init__(self, told: list[tuple[str, int, int]], lanes: int, alone: bool) -> None:
        self.launcher: Any = SimpleNamespace(
            lanes=lanes, alone=alone, wait=lambda: told.append(("wait", 0, 0))
        )
        self._told = told

    def begin(self, first: int, last: int) -> None:
        self._told.append(("begin", first, last))

    def finish(self, first: int, last: int) -> None:
        self._told.append(("finish", first, last))


def test_the_second_chunk_begins_before_the_first_is_waited_for() -> None:
    told: list[tuple[str, int, int]] = []
    in_turn(lambda: Recorder(told, 4, False), 10, 1)
    assert told == [
        ("begin", 0, 4),
        ("begin", 4, 8),
        ("finish", 0, 4),
        ("begin", 8, 10),
        ("finish", 4, 8),
        ("finish", 8, 10),
    ]


def test_a_worker_alone_finishes_each_chunk_before_the_next() -> None:
    told: list[tuple[str, int, int]] = []
    in_turn(lambda: Recorder(told, 4, True), 8, 1)
    assert told == [("begin", 0, 4), ("finish", 0, 4), ("begin", 4, 8), ("finish", 4, 8)]


def test_one_worker_is_enough_where_there_is_no_memory_for_a_second() -> None:
    told: list[tuple[str, int, int]] = []
    made = []

    def worker() -> Recorder:
        if made:
            raise DeviceError("no memory")
        made.append(Recorder(told, 4, False))
        return made[0]

    in_turn(worker, 8, 1)
    assert told == [("begin", 0, 4), ("finish", 0, 4), ("begin", 4, 8), ("finish", 4, 8)]


def test_cancelling_stops_before_the_next_chunk() -> None:
    told: list[tuple[str, int, int]] = []
    with pytest.raises(Cancelled):
        in_turn(lambda: Recorder(told, 4, False), 12, 1, lambda: len(told) >= 2)
    # What was begun is waited for: its memory is given back.
    assert told == [("begin", 0, 4), ("begin", 4, 8), ("finish", 0, 4), ("wait", 0, 0), ("wait", 0, 0)]


def simulated(script: str, **environment: str) -> str:
    """What a script prints in a process where Numba simulates a GPU."""
    found = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", textwrap.dedent(script)],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_memory_is_planned_ahead_and_refused_with_a_figure() -> None:
    """32 lanes of 1,000 numbers of eight bytes are 0.256 MB; two launchers halve what one has."""
    printed = simulated(
        """
        from rhoscope.devices import cuda_memory
        from rhoscope.devices.cuda_memory import SHARE, Launcher
        cuda_memory.THREADS, cuda_memory.BLOCKS = 64, 4
        for warps in (0.9, 1.1, 2.1, 20.0):
            cuda_memory._free_bytes = lambda cuda: int(warps * 256_000 / SHARE)
            try:
                found = Launcher(10_000, each=900, work=100)
                print(found.lanes, found.alone)
            except Exception as error:
                print(type(error).__name__, error)
        """
    ).splitlines()
    assert printed[0].startswith('DeviceError device = "cuda": 32 matrices of this size need 0.00 GB')
    assert printed[1:] == ["32 True", "32 False", "256 False"]


def test_both_passes_have_work_space_for_the_samples_that_a_gpu_has_at_once() -> None:
    """Two blocks of sixteen samples on the one multiprocessor of the simulator, where 256 lanes take turns."""
    printed = simulated(
        """
        import rhoscope as rs
        from rhoscope.devices import cuda_memory
        from rhoscope.devices.study_columns import empty_columns
        from rhoscope.devices.study_cuda import CudaWorker
        from rhoscope.kernels.block_space import bptt_block_cells
        study = rs.Study(size=8, horizon=100, samples=4096)
        def worker(count):
            return CudaWorker(study, count, 1025, empty_columns(study, 0, count), 0, None)
        for count in (4096, 20, 3):
            made = worker(count)
            print(made.launcher.lanes, made.common.size / bptt_block_cells(made.steps, 100, made.segment))
        needed = 8 * made.common.size
        cuda_memory._free_bytes = lambda cuda: int(needed / cuda_memory.SHARE)
        try:
            worker(3)
        except Exception as error:
            print(type(error).__name__, error)
        """
    ).splitlines()
    assert printed[:3] == ["256 32.0", "32 32.0", "32 16.0"]
    assert printed[3].startswith('DeviceError device = "cuda": 32 matrices of this size need 0.0')


def test_a_run_on_the_gpu_reports_its_progress_and_stops_between_launches() -> None:
    """Three warps of samples, of which the simulated device holds one; what is told is what the CPU tells."""
    printed = simulated(
        """
        import rhoscope as rs
        from rhoscope.devices import cuda_memory
        from rhoscope.pool import Cancelled
        from rhoscope.devices.cuda import CudaDevice
        cuda_memory.THREADS, cuda_memory.BLOCKS = 32, 1
        study = rs.Study(size=2, horizon=2, samples=96)
        for device in ("cpu", "cuda"):
            told = []
            rs.run(study, device=device, shard_size=32, progress=told.append)
            print([(event.done, event.shards_done, event.total) for event in told if "compiling" not in event.message])
        asked = []
        def third():
            asked.append(None)
            return len(asked) == 3
        try:
            CudaDevice(1).columns(study, 0, 96, cancelled=third)
        except Cancelled:
            print("cancelled", len(asked))
        """
    ).splitlines()
    assert printed[0] == printed[1] == "[(0, 0, 96), (32, 1, 96), (64, 2, 96), (96, 3, 96)]"
    assert printed[2] == "cancelled 3"


def test_a_forked_child_is_told_how_to_start_processes() -> None:
    """The state is that of a parent whose driver was begun with; the child must not touch it."""
    script = """
        import os, sys
        from types import SimpleNamespace
        import numba
        def touched(): raise AssertionError("the driver was asked")
        driver = SimpleNamespace(pid=os.getpid())
        numba.cuda = SimpleNamespace(
            is_available=touched, cudadrv=SimpleNamespace(driver=SimpleNamespace(driver=driver))
        )
        import rhoscope as rs
        from rhoscope.devices import choose, cuda_state
        cuda_state.metadata.version = lambda name: "9.9"
        if (child := os.fork()) == 0:
            try:
                rs.eigvals([[1.0]], device="cuda")
            except rs.errors.DeviceError as error:
                print(error)
            choose.WORTH_OPERATIONS = 0.0
            print(rs.eigvals([[2.0]]).tolist(), flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    error, values = found.stdout.splitlines()
    assert 'device = "cuda": numba-cuda 9.9: this process was forked from one that had begun' in error
    assert '"spawn" or "forkserver"' in error
    assert values == "[(2+0j)]"


def test_the_recipe_for_several_gpus_gives_each_worker_its_own(tmp_path: Path) -> None:
    """The documentation's program, with a small study and its workers asked which GPU they see."""
    page = (Path(__file__).parents[1] / "docs" / "cuda.md").read_text(encoding="utf-8")
    (program,) = (block for block in page.split("```") if "take_a_gpu" in block)
    changed = {
        "python\n": "",
        "rs.Study(samples=10_000_000)": "rs.Study(size=2, horizon=3, samples=64)",
        'device="cuda", executor': 'device="cuda", shard_size=16, executor',
        "range(4)": "range(2)",
        "ProcessPoolExecutor(4": "ProcessPoolExecutor(2",
    }
    for old, new in changed.items():
        assert program.count(old) == 1, old
        program = program.replace(old, new)
    program = program.replace('if __name__ == "__main__":', f'{SEEN}if __name__ == "__main__":')
    program += (
        "        print(sorted(set(workers.map(seen, range(20)))), result.provenance['device'], len(result))\n"
    )
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", str(path)],
        cwd=tmp_path,
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": "ignore::RuntimeWarning"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    matched = re.fullmatch(r"(\[.*\]) (\w+) (\d+)\n", found.stdout)
    assert matched is not None
    pairs, device, samples = matched.groups()
    assert (device, samples) == ("cuda", "64")
    processes, gpus = zip(*ast.literal_eval(pairs), strict=True)
    assert (
        len(set(processes)) == len(processes) == len(set(gpus))
    )  # each process has one, and no two the same
    assert set(gpus) <= {"0", "1"}


SEEN = """
def seen(number):
    import time

    time.sleep(0.02)  # for the other worker to take the next
    return os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"]


"""
