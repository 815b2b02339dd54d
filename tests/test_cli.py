"""Each command prints what the public API returns and ends with the documented exit code."""

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import rhoscope as rs
from rhoscope import cli
from rhoscope.cli_study import parse_ensemble, study_from
from rhoscope.errors import ArgumentError, RhoscopeError

SMALL = ("--samples", "64", "--size", "4", "--horizon", "20", "--seed", "1")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def rhoscope(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""

    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        code = ended.value.code
        printed = capsys.readouterr()
        return Ended(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run without figures; the tests that share it leave its shards as they are."""
    path = tmp_path_factory.mktemp("cli") / "run"
    rs.run(rs.Study(samples=64, size=4, horizon=20, seed=1), path)
    return path


def test_run_answers_the_study_of_its_options(rhoscope: Command, tmp_path: Path) -> None:
    ended = rhoscope("run", *SMALL, "--no-figures", "--out", tmp_path / "run")
    assert ended.code == 0
    result = rs.load(tmp_path / "run")
    assert result.study == rs.Study(samples=64, size=4, horizon=20, seed=1)
    assert ended.out.strip() == str(rs.criterion(result)).strip()
    assert not (tmp_path / "run" / "figures").exists()


def test_run_with_a_fresh_matrix_at_every_step(rhoscope: Command, tmp_path: Path) -> None:
    ended = rhoscope("run", *SMALL, "--mode", "fresh", "--no-figures", "--out", tmp_path / "run")
    assert ended.code == 0
    assert "a fresh A each step" in " ".join(ended.out.split())
    assert rs.load(tmp_path / "run").study == rs.Study(samples=64, size=4, horizon=20, seed=1, mode="fresh")
    assert "A_1 =" in rhoscope("sample", tmp_path / "run", 3).out
    refused = rhoscope("run", "--mode", "annealed")
    assert (refused.code, 'mode = \'annealed\': give "fixed" or "fresh"' in refused.err) == (1, True)


def test_run_without_out_names_the_folder_by_the_study(
    rhoscope: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rhoscope("run", *SMALL, "--no-figures").code == 0
    study = rs.Study(samples=64, size=4, horizon=20, seed=1)
    assert rs.load(Path("rhoscope-run") / study.hash[:12]).study == study


def test_run_draws_figures(rhoscope: Command, tmp_path: Path) -> None:
    ended = rhoscope("run", *SMALL, "--json", "--out", tmp_path / "run")
    figures = [Path(name) for name in json.loads(ended.out)["figures"]]
    assert figures
    assert all(
        figure.stat().st_size > 0 and figure.parent == tmp_path / "run" / "figures" for figure in figures
    )


def test_run_json_is_nothing_but_json(rhoscope: Command, tmp_path: Path) -> None:
    ended = rhoscope("run", *SMALL, "--no-figures", "--json", "--out", tmp_path / "run")
    shown = json.loads(ended.out, parse_constant=pytest.fail)
    assert shown["verdict"]["samples"] == 64
    assert shown["folder"] == str(tmp_path / "run")


def test_options_change_the_study_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text('size = 6\nseed = 3\nhorizon = 50\n[ensemble]\nkind = "Symmetric"\n')
    study = study_from(file, ensemble=None, size=5, gain=(0.5, 0.7), seed=None)
    assert study == rs.Study(ensemble=rs.ensembles.Symmetric(), size=5, seed=3, horizon=50, gain=(0.5, 0.7))


def test_seed_and_inputs_of_zero_are_given_values() -> None:
    study = study_from(None, ensemble=None, seed=0, inputs=0)
    assert (study.seed, study.inputs) == (0, 0)


@pytest.mark.parametrize(
    ("text", "ensemble"),
    [
        ("RealGinibre", rs.ensembles.RealGinibre()),
        ("Elliptic:tau=-0.5", rs.ensembles.Elliptic(tau=-0.5)),
        ("Diagonal:inner=0.5, outer=0.9", rs.ensembles.Diagonal(inner=0.5, outer=0.9)),
        ("LowRankPlusNoise:rank=2,strength=1.5", rs.ensembles.LowRankPlusNoise(rank=2, strength=1.5)),
    ],
)
def test_ensemble_on_the_command_line(text: str, ensemble: Any) -> None:
    assert parse_ensemble(text) == ensemble


@pytest.mark.parametrize("text", ["Elliptic:tau", "Elliptic:=0.5", "Elliptic:tau="])
def test_ensemble_without_a_value_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"KIND:param=value"):
        parse_ensemble(text)


def test_given_ensemble_takes_a_path_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "matrices.npy"
    np.save(path, np.eye(3)[None])
    assert parse_ensemble(f"Given:matrices={path}").sample(3, 1, seed=0).tolist() == [np.eye(3).tolist()]


def test_unknown_kind_names_the_nearest(rhoscope: Command) -> None:
    ended = rhoscope("run", "--ensemble", "Symetric")
    assert ended.code == 1
    assert "Symmetric" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--samples", "0"), "samples = 0"),
        (("run", "--gain", "-1", "1"), "gain = "),
        (("run", "missing.toml"), "missing.toml"),
        (("run", *SMALL, "--device", "abacus", "--no-figures", "--out", "{tmp}/run"), "abacus"),
        (("run", *SMALL, "--threads", "0", "--no-figures", "--out", "{tmp}/run"), "threads"),
        (("run", *SMALL, "--out", "{tmp}/file/run"), "file"),
        (("resume", "{tmp}/nowhere"), "nowhere"),
        (("show", "{tmp}/nowhere"), "nowhere"),
        (("plot", "{tmp}/nowhere"), "nowhere"),
        (("sample", "{tmp}/nowhere", "0"), "nowhere"),
    ],
)
def test_failures_are_one_message_and_code_1(
    rhoscope: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    ended = rhoscope(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert ended.code == 1
    assert ended.out == ""
    assert message in ended.err
    assert ended.err.startswith("rhoscope: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [("run", "--samples", "many"), ("run", "--nonsense"), ("nonsense",), ("show",), ("sample", "DIR", "x")],
)
def test_wrong_usage_is_code_2(rhoscope: Command, arguments: tuple[str, ...]) -> None:
    ended = rhoscope(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_the_preset_prints_the_table_and_draws_the_figure(rhoscope: Command, tmp_path: Path) -> None:
    ended = rhoscope("run", "--preset", "counterexamples", "--out", tmp_path / "out")
    assert ended.code == 0
    assert ended.out.strip() == str(rs.counterexamples()).strip()
    figures = tmp_path / "out" / "figures"
    assert {path.name for path in figures.iterdir()} == {"counterexamples.png", "counterexamples.csv"}
    assert str(figures) in ended.err


def test_the_preset_as_json_without_figures(
    rhoscope: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = rhoscope("run", "--preset", "counterexamples", "--json", "--no-figures")
    shown = json.loads(ended.out, parse_constant=pytest.fail)
    assert shown["figures"] == []
    assert shown["cases"][0]["name"] == "negative"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("counterexample",), ["'counterexample'", "'counterexamples'"]),
        (("zebra",), ["'zebra'", "counterexamples"]),
        (("counterexamples", "--samples", "5", "--seed", "0"), ["--samples,", "--seed"]),
        (("counterexamples", "study.toml"), ["STUDY.toml"]),
        (("counterexamples", "--device", "auto"), ["--device"]),
    ],
)
def test_a_preset_that_cannot_be_is_wrong_usage(
    rhoscope: Command, arguments: tuple[str, ...], words: list[str]
) -> None:
    ended = rhoscope("run", "--preset", *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert all(word in ended.err for word in words), ended.err


def test_a_folder_of_another_study_is_refused(rhoscope: Command, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    ended = rhoscope("run", *SMALL, "--size", "5", "--no-figures", "--out", folder)
    assert ended.code == 1
    assert str(folder) in ended.err
    assert sorted(folder.rglob("*")) == before


def test_resume_redoes_a_lost_shard(rhoscope: Command, tmp_path: Path) -> None:
    out = tmp_path / "run"
    radius = rs.run(rs.Study(samples=64, size=4, horizon=20, seed=1), out).spectral_radius
    for shard in out.rglob("*.parquet"):
        shard.unlink()
    assert rhoscope("show", out).code == 1
    assert rhoscope("resume", out, "--no-figures").code == 0
    assert (rs.load(out).spectral_radius == radius).all()


def test_show_has_study_provenance_and_verdict(rhoscope: Command, folder: Path) -> None:
    out = rhoscope("show", folder).out
    result = rs.load(folder)
    assert result.study.to_toml() in out
    assert str(rs.criterion(result)).strip() in out
    assert all(f"{name}: {value}" in out for name, value in result.provenance.items())


def test_show_json_holds_the_study(rhoscope: Command, folder: Path) -> None:
    shown = json.loads(rhoscope("show", folder, "--json").out, parse_constant=pytest.fail)
    in_file = tomllib.loads(rs.load(folder).study.to_toml())
    assert shown["study"].items() <= in_file.items()
    assert shown["verdict"]["hash"] == rs.load(folder).study.hash


def test_sample_is_the_matrix_of_the_study(rhoscope: Command, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "matrix.npy"
    shown = json.loads(rhoscope("sample", folder, 17, "--json", "--out", file).out)
    result = rs.load(folder)
    matrix = np.load(file)
    assert shown["matrix"] == matrix.tolist()
    radius = np.abs(np.linalg.eigvals(matrix)).max()  # LAPACK's, of the matrix shown
    assert shown["columns"]["spectral_radius"] == pytest.approx(radius, rel=1e-12)
    assert np.hypot(*shown["eigenvalues"][0]) == pytest.approx(radius, rel=1e-12)
    at_unit_gain = result.study.ensemble.sample(4, 1, seed=1, gain=1.0, start=17)[0]
    np.testing.assert_allclose(matrix, shown["columns"]["gain"] * at_unit_gain, rtol=4e-16)
    assert set(shown["columns"]) == set(result.columns)
    assert len(shown["columns"]["log_gradient"]) == len(shown["lags"])


def test_sample_as_text_fits_a_terminal(rhoscope: Command, folder: Path) -> None:
    out = rhoscope("sample", folder, 0).out
    assert f"spectral_radius = {rs.load(folder).spectral_radius[0]}" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("index", ["64", "1000000"])
def test_sample_beyond_the_study(rhoscope: Command, folder: Path, index: str) -> None:
    ended = rhoscope("sample", folder, index)
    assert ended.code == 1
    assert f"INDEX: got {index}" in ended.err
    assert "0 to 63" in ended.err


def test_plot_writes_the_format_asked_for(rhoscope: Command, tmp_path: Path) -> None:
    out = tmp_path / "run"
    rs.run(rs.Study(samples=64, size=4, horizon=20, seed=1), out)
    assert rhoscope("plot", out, "--lag", "8", "--format", "svg").code == 0
    suffixes = {file.suffix for file in (out / "figures").iterdir()}
    assert ".svg" in suffixes
    assert ".pdf" not in suffixes


def test_info_as_json(rhoscope: Command) -> None:
    assert json.loads(rhoscope("info", "--json").out) == rs.info().to_dict()


def test_version(rhoscope: Command) -> None:
    assert rhoscope("--version").out.strip() == rs.info().versions["rhoscope"]


def test_the_package_is_run_as_a_module_too() -> None:
    command = [sys.executable, "-m", "rhoscope", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == rs.info().versions["rhoscope"]


def test_large_runs_are_announced(rhoscope: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RhoscopeError("not run")

    monkeypatch.setattr(rs, "run", refuse)
    large = rhoscope("run", "--samples", "100000000", "--out", tmp_path).err
    assert "100,000,000 samples" in large
    assert "on disk" in large
    assert "samples" not in rhoscope("run", *SMALL, "--out", tmp_path).err


def test_disk_errors_are_messages(
    rhoscope: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = rhoscope("sample", folder, 0, "--out", tmp_path / "no" / "such" / "folder.npy")
    assert ended.code == 1
    assert "folder.npy" in ended.err


def test_too_little_memory_is_a_message(rhoscope: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 2.33 TiB")

    monkeypatch.setattr(rs, "run", run)
    ended = rhoscope("run", *SMALL)
    assert ended.code == 1
    assert ended.err.startswith("rhoscope: not enough memory (Unable to allocate 2.33 TiB): a smaller size")


def test_an_interrupt_after_the_run_says_how_to_go_on_too(
    rhoscope: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rs, "criterion", interrupt)
    ended = rhoscope("resume", folder)
    assert ended.code == 130
    assert ended.err.endswith(f"rhoscope: stopped; go on with `rhoscope resume {folder}`\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to one process")
def test_interrupt_is_code_130_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = ("run", "--samples", "50000000", "--size", "4", "--horizon", "20", "--out", str(out))
    with subprocess.Popen(
        [sys.executable, "-c", "from rhoscope.cli import main; main()", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "50,000,000 samples" in line and "large" not in line:
                break
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate()
    assert process.returncode == 130
    assert f"rhoscope resume {out}" in told
    assert "Traceback" not in told
    assert printed == ""
