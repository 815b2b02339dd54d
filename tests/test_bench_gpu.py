"""`python -m bench gpu` without a GPU: its plumbing in Numba's simulator, its peers on the host, its kernels as PTX."""

import argparse
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rhoscope as rs
from bench import gpu, jobs
from bench.on_gpu import checks, part, race, tables
from bench.on_gpu.budget import Budget
from bench.on_gpu.checks import compared
from bench.on_gpu.data import Data, Entry
from bench.pipeline import TOLERANCE, disagreement
from bench.pool import Pool

ROOT = Path(__file__).parents[1]
MACHINE = {
    "device": "Some GPU",
    "driver": "9",
    "cores": 2,
    "cpu": "z",
    "platform": "linux",
    "versions": {"numpy": "2"},
}
ROOF = {"kind": "roof", "gigaflops": 1000.0, "shared_gigabytes": 500.0, "copy_gigabytes": 100.0}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """What the command leaves in a folder, and what it prints, of small sizes in the simulator."""
    folder = tmp_path_factory.mktemp("gpu")
    parts = ("roof", "kernels", "forms", "E", "R", "F", "G", "study")
    arguments = ("-m", "bench", "gpu", "--small", "--threads", "1", "--save", str(folder), "--parts", *parts)
    # NumPy's numbers warn in the simulator where a GPU is silent.
    return folder, command(*arguments, NUMBA_ENABLE_CUDASIM="1", PYTHONWARNINGS="ignore::RuntimeWarning")


def test_every_part_is_kept_in_json_and_in_a_table(measured: tuple[Path, Any]) -> None:
    folder, done = measured
    assert done.returncode == 0, done.stderr
    names = sorted(path.suffix for path in folder.iterdir())
    assert names == [".json", ".md"]
    (path,) = folder.glob("*-gpu.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert "simulated" in found["machine"]["device"]
    assert found["machine"]["versions"]["numpy"] == np.__version__
    records = found["records"]
    assert {record["part"] for record in records} >= {"roof", "kernels", "forms", "E", "R", "F", "G", "study"}
    checks = [record for record in records if record["kind"] == "check"]
    assert len(checks) > 10
    assert all(check["equal"] == check["numbers"] for check in checks)
    forms = {record["job"]: record for record in records if record["kind"] == "forms"}
    assert forms.keys() == {*"ERF"}
    assert all(record["passed"] for record in forms.values())
    races = {record["job"]: record for record in records if record["kind"] == "race"}
    assert races.keys() == {*"ERFGP"}
    for record in races.values():
        assert {"rhoscope", "NumPy on the host"} <= record["contenders"].keys()
        assert record["strongest_peer"] is not None
    assert races["P"]["device"] == "cuda"
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text.endswith(f"{done.stdout[done.stdout.rindex('simulated') :].strip()}\n")
    assert "### R:" in text


def test_a_missing_peer_is_named_and_the_others_go_on(measured: tuple[Path, Any]) -> None:
    if importlib.util.find_spec("cupy"):
        pytest.skip("CuPy is installed")
    _, done = measured
    assert "CuPy: left out: ModuleNotFoundError: No module named 'cupy'" in done.stdout


def test_kernels_need_no_more_than_numba_and_numpy(tmp_path: Path) -> None:
    """As if nothing else were installed, in this process and in those of the parts."""
    (tmp_path / "sitecustomize.py").write_text(ONLY_NUMBA, encoding="utf-8")
    parts = ("roof", "kernels", "forms", "E", "R", "F", "G", "oracles")
    folders = (str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")]))
    arguments = ("bench/gpu.py", "--small", "--threads", "1", "--parts", *parts)
    done = command(
        *arguments,
        NUMBA_ENABLE_CUDASIM="1",
        PYTHONWARNINGS="ignore::RuntimeWarning",
        PYTHONPATH=os.pathsep.join(folders),
    )
    assert done.returncode == 0, done.stderr
    assert "Roof of this GPU: " in done.stdout
    found = re.search(r"(\d+) of (\d+) checks passed", done.stdout)
    assert found is not None
    assert int(found[1]) == int(found[2]) > 10
    assert "### A thread or a block a matrix" in done.stdout
    for job in "ERFG":
        assert f"### {job}: " in done.stdout
    assert "NumPy on the host" in done.stdout
    assert "oracles: left out: No module named 'scipy'" in done.stdout


ONLY_NUMBA = """
import sys
MISSING = ("scipy", "pydantic", "pyarrow", "threadpoolctl", "typer", "rich", "matplotlib", "torch", "jax", "cupy")
class Missing:
    def find_spec(name, path=None, target=None):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing)
"""


@pytest.mark.parametrize("arguments", [("-m", "bench", "gpu"), ("bench/gpu.py",)])
def test_without_a_gpu_it_says_so_in_one_sentence(arguments: tuple[str, ...]) -> None:
    from rhoscope.devices.cuda_state import state

    if (found := state()).usable:
        pytest.skip("there is a GPU")
    done = command(*arguments)
    assert done.returncode == 1
    assert done.stderr.strip() == f"python -m bench gpu: there is no GPU to measure: {found.text}"
    assert done.stdout == ""


def given(**changed: Any) -> argparse.Namespace:
    plain = {"parts": ["E", "R"], "seconds": 8.0, "small": False, "threads": 1, "save": None, "json": None}
    return argparse.Namespace(**plain | changed)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Put lists in the place of the processes; an exception among the records ends a part."""
    scripts: dict[str, list[Any]] = {"machine": [MACHINE | {"kind": "machine", "usable": True, "text": "it"}]}

    def found(part: str, seconds: float, command: list[str]) -> Iterator[dict[str, Any]]:
        scripts.setdefault("seconds", []).append((part, seconds))
        for record in scripts[part]:
            if isinstance(record, BaseException):
                raise record
            yield dict(record)

    monkeypatch.setattr(gpu, "_found", found)
    return scripts


def test_an_interruption_loses_no_record(parts: dict[str, list[Any]], tmp_path: Path) -> None:
    parts |= {"E": [{"kind": "note", "text": "first"}, KeyboardInterrupt()]}
    path = tmp_path / "kept.json"
    with pytest.raises(KeyboardInterrupt):
        gpu.measure(given(json=path))
    assert [record["text"] for record in json.loads(path.read_text())["records"]] == ["first"]


def test_time_left_over_goes_to_the_parts_after_it(parts: dict[str, list[Any]]) -> None:
    parts |= {"E": [], "R": []}
    assert gpu.measure(given())
    (_, _), (_, first), (_, second) = parts["seconds"]
    share = gpu.PARTS["E"] / (gpu.PARTS["E"] + gpu.PARTS["R"])
    assert first == pytest.approx(8.0 * share, abs=0.5)
    assert second == pytest.approx(8.0, abs=0.5)


@pytest.mark.parametrize(
    ("record", "right"),
    [
        (
            {
                "kind": "check",
                "what": "x",
                "numbers": 2,
                "equal": 1,
                "worst": 1.0,
                "column": "c",
                "passed": False,
            },
            False,
        ),
        (
            {
                "kind": "check",
                "what": "x",
                "numbers": 2,
                "equal": 1,
                "worst": 0.1,
                "column": "c",
                "passed": True,
            },
            True,
        ),
        ({"kind": "oracles", "what": "growth", "count": 3, "failed": ["one"]}, False),
        ({"kind": "note", "text": "a peer is missing"}, True),
    ],
)
def test_what_is_wrong_makes_the_command_fail(
    parts: dict[str, list[Any]], record: dict[str, Any], right: bool
) -> None:
    parts |= {"E": [record]}
    assert gpu.measure(given(parts=["E"])) == right


def part_program(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Put `text` in the place of the program that runs the parts."""
    program = folder / "bench" / "on_gpu" / "part.py"
    program.parent.mkdir(parents=True)
    program.write_text(text, encoding="utf-8")
    monkeypatch.setattr(gpu, "ROOT", folder)


def test_a_part_that_passes_its_time_is_cut_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gpu, "GRACE", 0.2)
    part_program(monkeypatch, tmp_path, "import time\ntime.sleep(60.0)\n")
    began = time.monotonic()
    assert list(gpu._found("any", 0.1, ["1"])) == [{"kind": "note", "text": "any: cut after 0 s"}]
    assert time.monotonic() - began < 10.0


def test_a_part_that_breaks_is_noted_and_counts_as_wrong() -> None:
    (found,) = gpu._found("no such part", 60.0, ["1"])
    assert found["text"] == "no such part: ended with exit code 1; its last words are above"
    assert found["failed"]


def test_a_part_that_takes_long_to_end_is_not_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Gigabytes of a device are given back after the last record is out."""
    monkeypatch.setattr(gpu, "GRACE", 0.1)
    text = (
        "import os, time\n"
        'print(\'{"kind": "note", "text": "it"}\', flush=True)\n'
        "os.close(1)\n"
        "time.sleep(1.0)\n"
    )
    part_program(monkeypatch, tmp_path, text)
    assert list(gpu._found("any", 60.0, ["1"])) == [{"kind": "note", "text": "it"}]


def test_a_part_that_cannot_even_be_killed_takes_no_other_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As one that waits for the answer of a driver."""

    class Process:
        returncode, killed = None, False

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.stdout, self._held = (
                os.fdopen(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True)
            )

        def poll(self) -> None:
            return None

        def kill(self) -> None:
            Process.killed = True

        def wait(self, timeout: float | None = None) -> int:
            assert timeout is not None, "would wait for ever"
            raise subprocess.TimeoutExpired("part", timeout)

    monkeypatch.setattr(gpu, "GRACE", 0.1)
    monkeypatch.setattr(gpu.subprocess, "Popen", Process)
    assert list(gpu._found("E", 0.1, ["1"])) == [{"kind": "note", "text": "E: cut after 0 s"}]
    assert Process.killed


@pytest.mark.parametrize(("name", "optional"), [("scipy.special", True), ("rhoscope.kernels.gone", False)])
def test_only_what_is_optional_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, optional: bool
) -> None:
    def records(*given: Any) -> Iterator[dict[str, Any]]:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        yield

    monkeypatch.setattr(part, "records", records)
    monkeypatch.setattr(sys, "argv", ["part", "oracles", "5", "1"])
    kept = os.dup(1)
    try:
        if optional:
            part.main()
        else:
            with pytest.raises(ModuleNotFoundError):
                part.main()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    assert ("left out: No module named 'scipy.special'" in capfd.readouterr().out) == optional


def test_a_check_that_breaks_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> dict[str, Any]:
        raise RuntimeError("no such launch\nand more")

    right = {"numbers": 1, "equal": 1, "worst": 0.0, "column": "", "passed": True}
    monkeypatch.setattr(checks, "_studies", lambda small: iter([("one", breaks), ("two", lambda: right)]))
    monkeypatch.setattr(checks, "_given", lambda small: iter(()))
    broken, found = checks.kernels(Budget(60.0, small=True))
    assert broken == {"kind": "note", "text": "one: RuntimeError: no such launch", "failed": ["one"]}
    assert (found["what"], found["passed"]) == ("two", True)


@pytest.mark.parametrize("name", ["rhoscope", "Some peer"])
def test_a_wrong_answer_of_ours_makes_the_command_fail_and_one_of_a_peer_does_not(name: str) -> None:
    wrong = np.full((8, 6), 7.0)
    contender = SimpleNamespace(
        name=name, eigvals=lambda data: iter([Entry("variant", 8, lambda: None, lambda: wrong + 0j)])
    )
    pool = Pool(1)
    (note,) = race.race("E", DATA, [contender], Budget(60.0), pool)
    pool.close()
    assert "left out: Disagreement: variant" in note["text"]
    assert ("failed" in note) == (name == "rhoscope")


def test_the_table_has_ratios_shares_and_what_was_left_out() -> None:
    contenders = {
        "rhoscope": {"variant": "eigvals", "microseconds_each": 0.5},
        "X": {"variant": "v", "microseconds_each": 5.0, "ratio": {"median": 10.0, "low": 9.0, "high": 11.0}},
    }
    race = {"kind": "race", "job": "E", "what": "all eigenvalues", "size": 32, "operations_each": 1e5}
    race |= {"contenders": contenders, "strongest_peer": "X"}
    notes = [{"kind": "note", "text": "Y: left out"}]
    text = tables.text(MACHINE, [ROOF, race, *notes])
    assert "| 32 | **10.0** (9.0 to 11.0) | X, v | 0.5 | 2e+06 | 200 (20%) | 5 (10.0) |" in text
    assert text.endswith("- Y: left out")
    alone = race | {"contenders": {"rhoscope": contenders["rhoscope"]}, "strongest_peer": None}
    assert "| 32 |  |  | 0.5 |" in tables.text(MACHINE, [alone])


def test_numbers_are_compared_by_bits_and_then_by_size() -> None:
    truth = {"gain": np.array([1.0, np.nan]), "log_error": np.array([-np.inf, 1e3])}
    assert compared(truth, truth)["equal"] == 4
    near = compared(truth, truth | {"log_error": np.array([-np.inf, 1e3 + 1e-8])})
    assert (near["equal"], near["column"], near["passed"]) == (3, "log_error", True)
    assert not compared(truth, truth | {"log_error": np.array([-np.inf, 1e3 + 1e-5])})["passed"]
    assert not compared(truth, truth | {"log_error": np.array([0.0, 1e3])})["passed"]
    assert not compared(truth, truth | {"gain": np.array([1.0 + 1e-15, np.nan])})["passed"]  # a draw
    values = {"eigenvalues": np.array([[1.0 + 1j, 1.0 - 1j]])}
    assert compared(values, {"eigenvalues": values["eigenvalues"][:, ::-1] + 1e-12})["passed"]
    assert not compared(values, {"eigenvalues": np.array([[1.0 + 1j, 1.0 + 1j]])})["passed"]


def test_a_budget_is_shared_and_runs_out() -> None:
    budget = Budget(10.0)
    assert 4.9 < budget.share(2).seconds <= 5.0
    assert Budget(0.0).left == 0.0


def _peer(name: str) -> Any:
    library = pytest.importorskip(name.partition("_")[0])
    if name.startswith("jax"):
        library.config.update("jax_enable_x64", True)
    return importlib.import_module(f"bench.peers.{name}")


DATA = Data(6, horizon=130, block=8, small=True)


@pytest.mark.parametrize("name", ["torch_cuda", "jax_cuda"])
@pytest.mark.parametrize(
    ("letter", "method"), [("E", "eigvals"), ("R", "log_norms"), ("F", "backpropagation")]
)
def test_peers_for_the_gpu_compute_the_same(name: str, letter: str, method: str) -> None:
    """Horizons that are no multiple of a block of rescaling."""
    peer, job = _peer(name), jobs.JOBS[letter][0]
    if letter == "E":
        arguments: tuple[Any, ...] = (DATA.A,)
        reference = rs.eigvals(DATA.A, device="cpu")
    elif letter == "R":
        arguments = DATA.A, DATA.y, DATA.lags
        reference = rs.gradient_norms(*arguments, method="step", device="cpu")
    else:
        arguments = DATA.A, DATA.B, DATA.x, DATA.h0, DATA.y
        found = rs.bptt(*arguments)
        norms = found.log_norm_dh
        reference = np.column_stack(
            [norms[:, DATA.horizon - DATA.lags], norms[:, -1], found.log_norm_dA, found.log_norm_dB]
        )
    entries = list(getattr(peer, method)(DATA))
    assert entries
    for entry in entries:
        entry.run()
        assert entry.count % len(entry.answer()) == 0
        apart = job.disagreement(reference, entry.answer(), arguments)
        assert apart < job.tolerance, entry.label


@pytest.mark.parametrize("name", ["torch_cuda", "jax_cuda"])
def test_peers_for_the_gpu_draw_the_law(name: str) -> None:
    data = Data(32, block=64, small=True)
    for entry in _peer(name).normals(data):
        entry.run()
        assert jobs.JOBS["G"][0].disagreement(np.empty(0), entry.answer(), (64, 32)) < 5.0


def test_what_cupy_computes_is_right_in_numpy() -> None:
    from bench.peers.cupy_cuda import march

    out = np.empty((8, len(DATA.lags)))
    march(np, DATA.A, DATA.y, DATA.lags, out)
    expected = rs.gradient_norms(DATA.A, DATA.y, DATA.lags, method="step", device="cpu")
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


def test_the_pipeline_for_the_gpu_draws_the_study() -> None:
    """Means of 400 samples; 6 standard errors are a false alarm less than once in 10^7."""
    _peer("torch_cuda")
    from bench.on_gpu.study import _columns
    from bench.peers.torch_cuda_study import study

    pool = Pool(2)
    reference = _columns(rs.run(rs.Study(size=6, horizon=60, samples=400, seed=1), device="cpu"))
    for variant in study(6, 60, 400, pool):
        assert disagreement(reference, variant.run(), 60) < TOLERANCE
    pool.close()


@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
def test_the_kernels_of_the_roof_do_what_is_counted() -> None:
    """PTX for a GPU: the multiply-adds, the reads of shared memory, and nothing spilled."""
    from bench import ptx

    if missing := ptx.missing():
        pytest.skip(missing)
    done = command("-c", PTX)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["multiply_adds"]["fma"] % 16 == 0
    assert found["multiply_adds"]["fma"] >= 16
    assert found["read_shared"]["ld.shared"] >= 4
    assert found["read_shared"]["shared"] <= 32 << 10
    assert found["copy"]["ld.global"] >= 1
    assert not any(record["spill_stores"] for record in found.values())


PTX = """
import json
from numba import types
from bench import ptx
from bench.on_gpu import roof
xs, n = types.float64[::1], types.int64
found = {}
for kernel, signature in ((roof.multiply_adds, (xs, n)), (roof.read_shared, (xs, n)), (roof.copy, (xs, xs, n))):
    text = ptx.assembly(kernel, signature, (9, 0))
    found[kernel.py_func.__name__] = ptx.resources(text, (9, 0)) | {
        "fma": text.count("fma.rn.f64"), "ld.shared": text.count("ld.shared"), "ld.global": text.count("ld.global")
    }
print(json.dumps(found))
"""
