"""Runs that are stopped, by Ctrl-C or by kill -9 at any moment, lose no finished shard."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_device import FakeDevice, install_for

import rhoscope as rs
from rhoscope import manifest
from rhoscope.errors import StoreError
from rhoscope.pool import Cancelled

STUDY = rs.Study(size=2, horizon=6, samples=400)
SHARD_SIZE = 10
RUN = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fake_device import FakeDevice, install
import rhoscope as rs
if __name__ == "__main__":
    install(FakeDevice(pause=5e-4))
    run = rs.run
    print("ready", flush=True)
    run(rs.Study.from_toml(sys.argv[1]), sys.argv[2], shard_size={SHARD_SIZE})
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The run of the study in a process of its own, past its imports."""
    command = [sys.executable, "-c", RUN, STUDY.to_toml(), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def recorded(folder: Path) -> int:
    return len(manifest.read(folder / "manifest.jsonl"))


def wait_for_shards(folder: Path, count: int | np.integer) -> None:
    deadline = time.monotonic() + 60
    while recorded(folder) < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_expected(result: rs.Result) -> None:
    expected = FakeDevice().columns(STUDY, 0, STUDY.samples)
    for name, column in expected.items():
        assert getattr(result, name).tobytes() == np.ascontiguousarray(column).tobytes()


def test_kill_at_random_moments_then_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    finished = 0
    for _ in range(5):
        process = start(tmp_path)
        wait_for_shards(tmp_path, min(finished + rng.integers(4), 40))
        time.sleep(rng.uniform(0.0, 0.01))
        process.kill()
        process.communicate()
        assert recorded(tmp_path) >= finished  # what was finished stays finished
        finished = recorded(tmp_path)
    device = install_for(monkeypatch, FakeDevice())
    assert_expected(rs.run(STUDY, tmp_path, shard_size=SHARD_SIZE))
    assert finished > 0
    assert len(device.shards) == 40 - finished
    assert list(tmp_path.glob("**/.*")) == []


KILLED_BETWEEN = ["os.link", "os.replace", "os.fsync", "pathlib.Path.unlink", "rhoscope.manifest.append"]


@pytest.mark.parametrize("step", KILLED_BETWEEN)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_on_either_side_of_each_step_of_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    """The sixth call of each step falls inside the first shards' commits."""
    module, _, name = step.rpartition(".")
    kill = f"""
import os, pathlib, signal
import rhoscope.manifest
real, calls = {step}, 0
def killed(*args, **kwargs):
    global calls
    calls += 1
    if calls == 6 and {when == "before"}:
        os.kill(os.getpid(), signal.SIGKILL)
    value = real(*args, **kwargs)
    if calls == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return value
{module}.{name} = killed
"""
    if step == "os.replace":  # reached where a link cannot be made
        kill += "def refuse(*args): raise OSError('no links')\nos.link = refuse\n"
    code = RUN.replace("import sys\n", "import sys\n" + kill, 1)
    command = [sys.executable, "-c", code, STUDY.to_toml(), str(tmp_path)]
    process = subprocess.run(command, capture_output=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    finished = recorded(tmp_path)
    assert finished < 40
    device = install_for(monkeypatch, FakeDevice())
    assert_expected(rs.resume(tmp_path))
    assert len(device.shards) >= 40 - finished
    assert finished == 0 or len(device.shards) == 40 - finished


def test_ctrl_c_stops_between_samples_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(tmp_path)
    wait_for_shards(tmp_path, 3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    finished = recorded(tmp_path)
    assert (
        f"stopped with {finished} of 40 shards done; go on with `rhoscope resume {tmp_path}`"
        in errors.decode()
    )
    assert 3 <= finished < 40
    device = install_for(monkeypatch, FakeDevice())
    assert_expected(rs.resume(tmp_path))
    assert len(device.shards) == 40 - finished


def test_ctrl_c_cancels_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    computing, cancelled_in_time = threading.Event(), threading.Event()

    class Long(FakeDevice):
        def columns(self, study: rs.Study, start: int, stop: int, *, cancelled: Any = None) -> Any:
            computing.set()
            for _ in range(20_000):
                if cancelled():
                    cancelled_in_time.set()
                    raise Cancelled
                time.sleep(0.001)
            return super().columns(study, start, stop)

    install_for(monkeypatch, Long())

    def interrupt() -> None:
        if computing.wait(60):
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt, match="stopped with 0 of 1 shards done; nothing is kept"):
        rs.run(STUDY)
    assert cancelled_in_time.wait(60)


def test_two_processes_do_not_write_in_one_folder(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for_shards(tmp_path, 1)
    with pytest.raises(StoreError, match=f"in use by another process \\(pid {process.pid}\\)"):
        rs.run(STUDY, tmp_path)
    assert process.wait(timeout=60) == 0
    process.communicate()
    assert_expected(rs.load(tmp_path))


def test_an_unfinished_run_is_not_loaded(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for_shards(tmp_path, 2)
    process.kill()
    process.communicate()
    done = recorded(tmp_path)
    with pytest.raises(
        StoreError, match=f"{done} of 40 shards are done; go on with `rhoscope resume {tmp_path}`"
    ):
        rs.load(tmp_path)
