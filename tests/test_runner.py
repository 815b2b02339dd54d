"""The bits of a result do not depend on who computed them, in what pieces, or where they were kept."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_device import FakeDevice, install, install_for

import rhoscope as rs
from rhoscope import execution
from rhoscope.errors import ArgumentError, ArgumentTypeError, DeviceError, StoreError, StudyError
from rhoscope.progress import Progress

STUDY = rs.Study(size=2, horizon=6, samples=150)


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    return install_for(monkeypatch, FakeDevice())


class LastFirst(Executor):
    """Runs what it was given, newest first, whenever a result is asked for; counts what is outstanding."""

    def __init__(self) -> None:
        self.pending: list[tuple[Future[Any], Any]] = []
        self.most = 0

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.pending.append((future, lambda: function(*args, **kwargs)))
        self.most = max(self.most, len(self.pending))
        return future

    def run_newest(self) -> None:
        future, call = self.pending.pop()
        future.set_result(call())


def assert_expected(result: rs.Result, study: rs.Study = STUDY) -> None:
    expected = FakeDevice().columns(study, 0, study.samples)
    assert result.study == study
    assert result.columns == tuple(expected)
    for name, column in expected.items():
        assert getattr(result, name).tobytes() == np.ascontiguousarray(column).tobytes()


@pytest.mark.parametrize("shard_size", [1, 7, 64, 150, 1000, None])
@pytest.mark.parametrize("stored", [False, True])
def test_any_shard_size_gives_the_same_bits(tmp_path: Path, shard_size: int | None, stored: bool) -> None:
    assert_expected(rs.run(STUDY, tmp_path if stored else None, shard_size=shard_size))


@pytest.mark.parametrize("stored", [False, True])
def test_threads_of_an_executor_give_the_same_bits(tmp_path: Path, stored: bool) -> None:
    with ThreadPoolExecutor(3) as executor:
        assert_expected(rs.run(STUDY, tmp_path if stored else None, executor=executor, shard_size=10))


def test_processes_of_an_executor_give_the_same_bits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, initializer=install, initargs=(FakeDevice(),)) as executor:
        assert_expected(rs.run(STUDY, tmp_path, executor=executor, shard_size=20))


def test_any_order_of_shards_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = LastFirst()
    wait = execution.wait

    def run_one_and_wait(*args: Any, **kwargs: Any) -> Any:
        executor.run_newest()
        return wait(*args, **kwargs)

    monkeypatch.setattr(execution, "wait", run_one_and_wait)
    monkeypatch.setattr(execution, "available_cores", lambda: 3)
    assert_expected(rs.run(STUDY, tmp_path, executor=executor, shard_size=10))
    assert executor.most == 5  # of 15 shards: the workers' and two more


def test_a_worker_of_an_executor_uses_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int | None]] = []

    def choose(name: str, threads: int | None, **work: float) -> FakeDevice:
        asked.append((name, threads))
        return FakeDevice()

    monkeypatch.setattr(execution, "choose", choose)
    with ThreadPoolExecutor(1) as executor:
        rs.run(STUDY, executor=executor, shard_size=100, device="cpu")
    rs.run(STUDY, device="cpu")
    assert asked == [("cpu", 1), ("cpu", 1), ("cpu", None)]


def test_a_finished_run_computes_nothing(tmp_path: Path, device: FakeDevice) -> None:
    rs.run(STUDY, tmp_path, shard_size=50)
    device.shards.clear()
    assert_expected(rs.run(STUDY, tmp_path))
    assert_expected(rs.resume(tmp_path))
    assert_expected(rs.load(tmp_path))
    assert device.shards == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "gpu"}, "device = 'gpu'"),
        ({"threads": 0}, "threads = 0"),
        ({"threads": -2}, "threads = -2"),
    ],
)
def test_a_finished_run_refuses_what_is_no_device(
    tmp_path: Path, device: FakeDevice, arguments: dict[str, Any], message: str
) -> None:
    rs.run(STUDY, tmp_path)
    with pytest.raises(ArgumentError, match=message):
        rs.run(STUDY, tmp_path, **arguments)


def test_resume_computes_what_is_damaged_and_no_more(tmp_path: Path, device: FakeDevice) -> None:
    rs.run(STUDY, tmp_path, shard_size=50)
    shards = sorted(tmp_path.glob("shards/*"))
    shards[1].write_bytes(b"")
    with pytest.raises(StoreError, match=f"rhoscope resume {tmp_path}"):
        rs.load(tmp_path)
    device.shards.clear()
    assert_expected(rs.resume(tmp_path))
    assert device.shards == [(50, 100)]


def test_provenance_is_the_same_in_memory_and_on_disk(tmp_path: Path) -> None:
    kept = rs.run(STUDY, shard_size=50).provenance
    stored = rs.run(STUDY, tmp_path, shard_size=50).provenance
    assert stored.pop("folder") == str(tmp_path)
    assert kept.keys() == stored.keys()
    varying = ("finished", "seconds")
    assert [kept[k] for k in kept if k not in varying] == [stored[k] for k in kept if k not in varying]


def test_progress_tells_every_shard(tmp_path: Path) -> None:
    events: list[Progress] = []
    rs.run(STUDY, tmp_path, shard_size=40, progress=events.append)
    assert [(event.done, event.shards_done) for event in events] == [
        (0, 0),
        (40, 1),
        (80, 2),
        (120, 3),
        (150, 4),
    ]
    assert {(event.total, event.shards_total) for event in events} == {(150, 4)}
    assert (events[0].rate, events[0].remaining) == (None, None)
    last = events[-1]
    assert last.rate is not None
    assert last.rate * last.elapsed == pytest.approx(150, rel=1e-12)
    assert last.remaining == 0.0


def test_progress_of_a_resumed_run_rates_only_its_own_samples(tmp_path: Path) -> None:
    rs.run(STUDY, tmp_path, shard_size=40)
    (tmp_path / "shards" / "000000003.parquet").unlink()
    events: list[Progress] = []
    rs.resume(tmp_path, progress=events.append)
    assert [event.done for event in events] == [120, 150]
    assert events[0].rate is None
    assert events[1].rate is not None
    assert events[1].rate * events[1].elapsed == pytest.approx(30, rel=1e-12)


def test_progress_tells_what_is_being_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    class Compiling(FakeDevice):
        def columns(self, *args: Any, **kwargs: Any) -> dict[str, np.ndarray]:
            report("francis")
            return super().columns(*args, **kwargs)

    from contextlib import contextmanager

    @contextmanager
    def on_compile(callback: Any) -> Any:
        nonlocal report
        report = callback
        yield

    report: Any = None
    monkeypatch.setattr(execution, "on_compile", on_compile)
    install_for(monkeypatch, Compiling())
    events: list[Progress] = []
    rs.run(STUDY, shard_size=40, progress=events.append)
    assert [event.message for event in events if event.message] == [
        "compiling francis (once on this machine)"
    ]


def test_an_error_of_the_device_reaches_the_caller_and_shards_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(FakeDevice):
        def columns(self, study: rs.Study, start: int, stop: int, **kwargs: Any) -> dict[str, np.ndarray]:
            if start == 100:
                raise DeviceError("out of order")
            return super().columns(study, start, stop, **kwargs)

    install_for(monkeypatch, Failing())
    with pytest.raises(DeviceError, match="out of order"):
        rs.run(STUDY, tmp_path, shard_size=50)
    with pytest.raises(StoreError, match="2 of 3 shards are done"):
        rs.load(tmp_path)
    repaired = install_for(monkeypatch, FakeDevice())
    assert_expected(rs.resume(tmp_path))
    assert repaired.shards == [(100, 150)]


def test_shards_that_finish_beside_a_failing_one_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Immediate(Executor):
        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            try:
                future.set_result(function(*args, **kwargs))
            except DeviceError as error:
                future.set_exception(error)
            return future

    class Failing(FakeDevice):
        def columns(self, study: rs.Study, start: int, stop: int, **kwargs: Any) -> dict[str, np.ndarray]:
            if start == 0:
                raise DeviceError("out of order")
            return super().columns(study, start, stop, **kwargs)

    install_for(monkeypatch, Failing())
    monkeypatch.setattr(execution, "available_cores", lambda: 13)
    with pytest.raises(DeviceError, match="out of order"):
        rs.run(STUDY, tmp_path, shard_size=10, executor=Immediate())
    with pytest.raises(StoreError, match="14 of 15 shards are done"):
        rs.load(tmp_path)


class Dying(FakeDevice):
    def columns(self, *args: Any, **kwargs: Any) -> dict[str, np.ndarray]:
        import os

        os._exit(1)


def test_a_dead_worker_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, context, initializer=install, initargs=(Dying(),)) as executor,
        pytest.raises(DeviceError, match=f"worker process died .*rhoscope resume {tmp_path}"),
    ):
        rs.run(STUDY, tmp_path, executor=executor, shard_size=20)


def test_memory_holds_a_bounded_number_of_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    class Watched(FakeDevice):
        def columns(self, *args: Any, **kwargs: Any) -> dict[str, np.ndarray]:
            nonlocal most
            columns = super().columns(*args, **kwargs)
            alive.append(weakref.ref(columns["sample"]))
            most = max(most, sum(ref() is not None for ref in alive))
            return columns

    install_for(monkeypatch, Watched())
    rs.run(STUDY, tmp_path, shard_size=3)
    assert len(alive) == 50
    assert most <= 4


def test_sweep_runs_every_combination_in_its_own_folder(tmp_path: Path) -> None:
    results = rs.sweep(STUDY, size=[2, 4], horizon=[5, 6], out=tmp_path)
    assert [(r.study.size, r.study.horizon) for r in results] == [(2, 5), (2, 6), (4, 5), (4, 6)]
    assert [r.study.lags[-1] for r in results] == [5, 6, 5, 6]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"size={size},horizon={horizon}" for size in (2, 4) for horizon in (5, 6)
    }
    for result in results:
        assert_expected(result, result.study)


def test_sweep_in_memory_over_any_field() -> None:
    ensembles = [rs.ensembles.RealGinibre(), rs.ensembles.Elliptic(tau=0.5)]
    results = rs.sweep(STUDY, ensemble=ensembles, gain=[0.5, (0.5, 1.0)])
    assert [(r.study.ensemble, r.study.gain) for r in results] == [
        (ensemble, gain) for ensemble in ensembles for gain in ((0.5, 0.5), (0.5, 1.0))
    ]


def test_sweep_over_ensembles_gives_each_a_folder(tmp_path: Path) -> None:
    rs.sweep(STUDY, ensemble=[rs.ensembles.Elliptic(tau=tau) for tau in (0.25, 0.5)], out=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"ensemble=Elliptic(tau={t})" for t in (0.25, 0.5)}


def test_folders_of_long_values_have_names_of_their_own_that_a_disk_takes(tmp_path: Path) -> None:
    long = [tuple(range(1, last)) for last in (200, 201)]
    study = STUDY.replace(horizon=200, samples=2)
    first = rs.sweep(study, lags=long, out=tmp_path)
    folders = [path.name for path in tmp_path.iterdir()]
    assert len(set(folders)) == 2
    assert all(name.startswith("lags=(1,_2,_3") and len(name) <= 255 for name in folders)
    again = rs.sweep(study, lags=long, out=tmp_path)
    assert [result.provenance for result in again] == [result.provenance for result in first]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": 4}, r"size = 4: a sweep takes a list"),
        ({"delta": "error"}, r"delta = 'error': a sweep takes a list"),
        ({"size": [2, 0]}, "size = 0"),
        ({"horizn": [2]}, "did you mean 'horizon'"),
        ({"size": []}, r"'size': \[\].*at least one value"),
    ],
)
def test_a_wrong_sweep_runs_nothing(
    tmp_path: Path, device: FakeDevice, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        rs.sweep(STUDY, out=tmp_path, **fields)
    assert device.shards == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shard_size", [0, -3])
def test_an_impossible_shard_size_is_refused(shard_size: int) -> None:
    with pytest.raises(ArgumentError, match=f"shard_size = {shard_size}: give an integer >= 1"):
        rs.run(STUDY, shard_size=shard_size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rs.run("study.toml"), r"study = 'study\.toml': give a rhoscope\.Study"),  # type: ignore[arg-type]
        (lambda: rs.sweep(None, size=[4]), r"study = None: give a rhoscope\.Study"),  # type: ignore[arg-type]
        (lambda: rs.run(STUDY, 5), "out = 5: give the path of a folder"),  # type: ignore[arg-type]
        (lambda: rs.sweep(STUDY, out=5, size=[4]), "out = 5: give the path of a folder"),  # type: ignore[arg-type]
        (lambda: rs.load(None), "folder = None: give the path of a folder"),  # type: ignore[arg-type]
        (lambda: rs.resume(3), "folder = 3: give the path of a folder"),  # type: ignore[arg-type]
        (lambda: rs.run(STUDY, shard_size=1.5), r"shard_size = 1\.5: give an integer"),  # type: ignore[arg-type]
        (lambda: rs.run(STUDY, shard_size="8"), "shard_size = '8': give an integer"),  # type: ignore[arg-type]
        (lambda: rs.run(STUDY, executor=4), "executor = 4: give a concurrent.futures.Executor"),  # type: ignore[arg-type]
        (lambda: rs.run(STUDY, progress=True), "progress = True: give a function"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_a_wrong_type_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message):
        call()


def test_another_study_in_the_folder_is_refused(tmp_path: Path) -> None:
    rs.run(STUDY, tmp_path)
    with pytest.raises(StoreError, match="another study"):
        rs.run(STUDY.replace(seed=1), tmp_path)
