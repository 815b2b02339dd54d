"""The oracles pass; a fault planted in a kernel fails them; what a report says follows from what was measured.

Seeds are fixed. `rs.verify` states its own false-alarm rate, 1e-3 over all statistical oracles of a run.
"""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import naive
import numpy as np
import pytest
from scipy import stats

import rhoscope as rs
from rhoscope import cli, verification
from rhoscope.errors import ArgumentError, ArgumentTypeError, DeviceError
from rhoscope.oracles import FAMILIES, philox
from rhoscope.oracles.base import Oracle, Oracles, Setting, exact, mean, share

KEYS = {"name", "expected", "measured", "standard_error", "z", "tolerance", "passed"}


@pytest.fixture(scope="module")
def report() -> verification.Report:
    """Every oracle, at the least number of samples."""
    return rs.verify(samples=1000)


# The oracles of this installation.


def test_every_oracle_passes(report: verification.Report) -> None:
    assert [oracle for oracle in report.oracles if not oracle.passed] == []
    assert report.passed
    assert list(report.families) == list(FAMILIES)
    assert all(report.families.values())


def test_a_device_of_another_name_is_asked_the_same(
    report: verification.Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Studies of a GPU that is not there are run by the CPU; fresh matrices at every step are among them."""
    monkeypatch.setattr(
        Setting, "run", lambda self, number, **fields: rs.run(rs.Study(seed=number, **fields), device="cpu")
    )
    asked = FAMILIES["random-growth"](Setting(device="cuda", samples=1000, seed=539))
    names = [oracle.name for oracle in asked]
    assert names == [oracle.name for oracle in report.families["random-growth"]]
    assert sum("fresh" in name for name in names) == 6


def test_every_oracle_is_of_one_kind(report: verification.Report) -> None:
    for oracle in report.oracles:
        assert (oracle.standard_error is None) != (oracle.tolerance is None)
        assert (oracle.z is None) == (oracle.standard_error is None)
        assert math.isfinite(oracle.standard_error or oracle.tolerance or 0.0)


def test_names_are_unique(report: verification.Report) -> None:
    names = [oracle.name for oracle in report.oracles]
    assert len(set(names)) == len(names)


def test_the_table_fits_100_columns(report: verification.Report) -> None:
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 100
    assert len({len(line) for line in lines if line.endswith("  pass")}) == 1
    assert lines[0] == f"All {len(report.oracles)} oracles pass."
    for oracle in report.oracles:
        assert sum(line.startswith(f"{oracle.name}  ") for line in lines) == 1


def test_the_limit_of_z_is_bonferronis(report: verification.Report) -> None:
    statistical = sum(oracle.z is not None for oracle in report.oracles)
    assert 2 * statistical * stats.norm.sf(report.z_limit) == pytest.approx(report.false_alarm_rate)
    assert f"<= {report.z_limit:.2f}" in str(report)
    assert f"{report.false_alarm_rate:g}" in str(report)


def test_the_report_as_json(report: verification.Report) -> None:
    shown = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert shown["passed"] is True
    assert all(set(oracle) == KEYS for oracle in shown["oracles"])
    measured = {oracle["name"]: oracle["measured"] for oracle in shown["oracles"]}
    assert measured == {oracle.name: oracle.measured for oracle in report.oracles}


def test_seeds_decide_the_numbers() -> None:
    first, again, other = (rs.verify(1000, only=["generator"], seed=seed) for seed in (1, 1, 2))
    assert first == again
    moment = first.oracles[1]
    assert moment.z != other.oracles[1].z


def test_philox_in_whole_numbers() -> None:
    """Against the tests' own, written apart from it."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        counter, key = (tuple(rng.integers(0, 2**32, size=size).tolist()) for size in (4, 2))
        assert philox.philox(counter, key) == naive.philox(counter, key)
    assert philox.uniforms(naive.stream_words(5, 2, 1, 7)) == naive.uniform_pair(5, 2, 1, 7)


# Planted faults: a copy of the package with one line of a kernel edited, verified in a process of its own.

FAULTS = [
    pytest.param(
        "generator",
        "normal.py",
        "across = radius * sine",
        "across = radius * sine + 0.01",
        {"normals: E z^1"},
        id="a biased normal",
    ),
    pytest.param(
        "eigenvalues",
        "francis.py",
        "lane.store(wr, i, lane.load(h, i * ld + i))",
        "lane.store(wr, i, lane.load(h, i * ld + i) + 1e-9)",
        {"Clement, n = 21: error of λ", "circulant, n = 45: error of λ", "cyclic shift, n = 63: error of λ"},
        id="an eigenvalue off by 1e-9",
    ),
    pytest.param(
        "study-gradients",
        "strides.py",
        "input_map + m * count, count, sum_b, count, (length - 1) * m",
        "input_map, count, sum_b, count, (length - 1) * m",
        {"study, n = 5, T = 150: log‖∂L/∂A‖ vs bptt", "study, n = 33, T = 200: log‖∂L/∂A‖ vs bptt"},
        id="inputs one step late in a stride",
    ),
]


@pytest.mark.parametrize(("family", "file", "line", "fault", "found_by"), FAULTS)
def test_a_planted_fault_fails(
    tmp_path: Path, family: str, file: str, line: str, fault: str, found_by: set[str]
) -> None:
    package = tmp_path / "src" / "rhoscope"
    shutil.copytree(Path(rs.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    kernel = package / "kernels" / file
    source = kernel.read_text()
    assert source.count(line) == 1
    kernel.write_text(source.replace(line, fault))
    ended = subprocess.run(
        [sys.executable, "-c", "from rhoscope.cli import main; main()", "verify", "--json", "--only", family],
        env=os.environ | {"PYTHONPATH": str(package.parent), "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    shown = json.loads(ended.stdout)
    assert shown["passed"] is False
    failed = {oracle["name"] for oracle in shown["oracles"] if not oracle["passed"]}
    assert failed >= found_by
    # The fault is found where it is, and not everywhere.
    assert any(oracle["passed"] for oracle in shown["oracles"])


# How an oracle is judged.


def test_an_exact_oracle_shows_the_entry_furthest_off() -> None:
    oracle = exact("", [1.0, 2.0, 3.0], [1.0, 2.5, 3.6], [0.1, 0.5, 0.7])
    assert (oracle.expected, oracle.measured, oracle.tolerance) == (2.0, 2.5, 0.5)
    assert oracle.passed
    assert not exact("", [1.0, 2.0], [1.2, 2.5], [0.1, 0.5]).passed


@pytest.mark.parametrize(
    ("expected", "measured", "tolerance", "passed"),
    [
        (-np.inf, -np.inf, 0.0, True),
        (-np.inf, -700.0, 1.0, False),
        (1.0, np.inf, np.inf, False),
        (1.0, np.nan, 1.0, False),
        (np.nan, np.nan, 1.0, False),
        ([0.0, 1.0], [0.0, np.nan], 1.0, False),
        (0.0, 0.0, 0.0, True),
        (1.0, 1.0 + 1e-15, 0.0, False),
    ],
)
def test_exact_oracles_at_the_ends(
    expected: float | list[float], measured: float | list[float], tolerance: float, passed: bool
) -> None:
    assert exact("", expected, measured, tolerance).passed is passed


def test_minus_infinity_is_a_string_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, exact("vanished", -np.inf, -np.inf))
    shown = json.loads(rs.verify(only="planted").to_json(), parse_constant=pytest.fail)
    assert shown["oracles"][0] == {
        "name": "vanished",
        "expected": "-inf",
        "measured": "-inf",
        "standard_error": None,
        "z": None,
        "tolerance": 0.0,
        "passed": True,
    }


def test_means_and_shares_are_judged_by_z() -> None:
    values = np.array([1.0, 2.0, 3.0, 6.0])
    oracle = mean("", 2.5, values)
    assert oracle.z == pytest.approx(stats.ttest_1samp(values, 2.5).statistic)
    hits = np.arange(100) < 30
    assert share("", 0.2, hits).z == pytest.approx(2.5)  # (0.3 - 0.2) / sqrt(0.2 * 0.8 / 100)
    assert mean("", 0.0, values, variance=16.0).z == pytest.approx(3.0 / 2.0)


def test_a_sample_that_was_not_computed_fails_its_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    study = rs.Study(samples=1000, horizon=1)
    outcome = np.zeros(1000, dtype=np.uint8)
    outcome[7] = rs.Outcome.NOT_CONVERGED
    result = rs.Result(study, {"outcome": outcome}, {})
    values = np.random.default_rng(3).standard_normal(1000)
    values[7] = np.nan
    oracle = mean("law", 0.0, values, result=result)
    assert oracle.failed == 1
    assert oracle.z is not None
    assert abs(oracle.z) < 3.0
    assert not oracle.passed
    install(monkeypatch, oracle)
    assert "1 samples were not computed" in str(rs.verify(only="planted"))


def test_z_beyond_the_limit_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = stats.norm.isf(1e-3 / 4)
    install(monkeypatch, Oracle("inside", 0.0, limit - 1e-9, 1.0), Oracle("outside", 0.0, -limit - 1e-9, 1.0))
    found = rs.verify(only="planted")
    assert [oracle.passed for oracle in found.oracles] == [True, False]
    assert not found.passed
    assert str(found).startswith("1 of 2 oracles fail: outside.")


def test_no_spread_is_no_agreement() -> None:
    """A generator stuck at one wrong value has a standard error of 0."""
    for expected in (0.0, 1.0):
        assert not replace(mean("", expected, np.ones(1000)), z_limit=1e9).passed


def test_a_family_that_breaks_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(setting: Setting) -> Oracles:
        yield exact("first", 0.0, 0.0)
        raise np.linalg.LinAlgError("did not converge")

    monkeypatch.setattr(
        verification, "FAMILIES", {"broken": broken, "whole": lambda _: iter([exact("second", 0.0, 0.0)])}
    )
    found = rs.verify()
    assert [oracle.passed for oracle in found.oracles] == [True, False, True]
    assert "LinAlgError: did not converge" in str(found)


def install(monkeypatch: pytest.MonkeyPatch, *oracles: Oracle) -> None:
    """One family of these oracles in the place of all."""

    def planted(setting: Setting) -> Iterator[Oracle]:
        return iter(oracles)

    monkeypatch.setattr(verification, "FAMILIES", {"planted": planted})


# Arguments, and the command.


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"samples": 999}, ArgumentError, "samples = 999"),
        ({"samples": 1e4}, ArgumentTypeError, r"samples = 10000\.0"),
        ({"samples": True}, ArgumentTypeError, "samples = True"),
        ({"seed": -1}, ArgumentError, "seed = -1"),
        ({"device": "abacus"}, ArgumentError, "abacus"),
        ({"only": ["eigenvectors"]}, ArgumentError, "'eigenvectors'; 'eigenvalues' would do$"),
        ({"only": 3}, ArgumentTypeError, "only = 3: a list of families"),
    ],
)
def test_wrong_arguments(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rs.verify(**arguments)


def test_a_device_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(device: str) -> None:
        raise DeviceError("device = 'cuda': there is none")

    monkeypatch.setattr(verification, "choose", none)
    with pytest.raises(DeviceError, match="there is none"):
        rs.verify(device="cuda")


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["verify", *arguments])
    return ended.value.code if isinstance(ended.value.code, int) else 0


def test_the_command_prints_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--only", "backpropagation", "--only", "eigenvalues", "--seed", "3") == 0
    printed = capsys.readouterr()
    found = rs.verify(only=["eigenvalues", "backpropagation"], seed=3)
    assert printed.out == f"{found}\n"
    assert "verifying: eigenvalues" in printed.err
    assert command("--only", "backpropagation", "--json") == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown["passed"] is True


def test_samples_of_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        verification, "FAMILIES", {"planted": lambda setting: iter([exact("asked", setting.samples, 0.0)])}
    )
    assert command("--samples", "123456", "--json") == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["oracles"][0]["expected"] == 123456
    assert command("--samples", "5") == 1
    assert "samples = 5" in capsys.readouterr().err
