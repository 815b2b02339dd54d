"""The race: do all contenders answer the same question, and do its tables say what was measured. Nothing is timed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import ginibre

import rhoscope as rs
from bench import jobs, race, scaling, tables
from bench.peers import verdict
from bench.pipeline import TOLERANCE, disagreement
from bench.pool import Pool
from bench.results import Results
from rhoscope import criterion

PEERS = ("numpy", "torch", "jax")
ROOF = {"gigaflops": 100.0, "L1_gigabytes": 200.0, "L2_gigabytes": 50.0, "memory_gigabytes": 10.0}


@pytest.fixture
def pool():
    pool = Pool(2)
    yield pool
    pool.close()


def contender(name: str):
    if name == "rhoscope":
        return importlib.import_module("bench.ours")
    peer = pytest.importorskip(name)
    if name == "jax":
        peer.config.update("jax_enable_x64", True)
    return importlib.import_module(f"bench.peers.{name}_")


def system(n: int, count: int, horizon: int) -> tuple[np.ndarray, ...]:
    """What job F gives its contenders, of a shorter horizon; the last gain takes a gradient past 10^308."""
    A, B, x, h0, y, _ = jobs.JOBS["F"][0].arguments(n, count)
    A[-1] *= 40.0
    return A, B, x[:, :horizon], h0, y, jobs.lags_to(horizon)


@pytest.mark.parametrize("name", ["rhoscope", *PEERS])
@pytest.mark.parametrize("n", [2, 5, 17])
def test_backpropagation_of_every_contender_is_that_of_bptt(name, n, pool):
    """Horizons that are no multiple of a block, and states out of range: 1e-9 is what the race allows."""
    horizon = 130
    A, B, x, h0, y, lags = arguments = system(n, 6, horizon)
    found = rs.bptt(A, B, x, h0, y)
    expected = np.column_stack(
        [
            found.log_norm_dh[:, horizon - lags],
            found.log_norm_dh[:, -1],
            found.log_norm_dA,
            found.log_norm_dB,
        ]
    )
    assert expected.max() > 710
    variants = list(contender(name).backpropagation(*arguments, pool))
    for variant in variants:
        np.testing.assert_allclose(variant.run(), expected, rtol=1e-9, atol=1e-9, err_msg=variant.label)
    assert variants


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("letter", ["E", "R", "L"])
def test_peers_agree_on_eigenvalues_and_norms(name, letter, pool):
    job = jobs.JOBS[letter][0]
    arguments = job.arguments(6, 8)
    reference = next(getattr(contender("rhoscope"), job.method)(*arguments, pool)).run()
    for variant in getattr(contender(name), job.method)(*arguments, pool):
        assert job.disagreement(reference, variant.run(), arguments) < job.tolerance, variant.label


@pytest.mark.parametrize("name", PEERS)
def test_a_pipeline_draws_the_study_and_says_the_same_of_it(name, pool):
    """Means of 400 samples; 6 standard errors are a false alarm less than once in 10^7."""
    horizon = 60
    result = rs.run(rs.Study(size=6, horizon=horizon, samples=400, seed=1))
    gradients = np.column_stack(
        [result.log_gradient, result.log_error, result.log_gradient_A, result.log_gradient_B]
    )
    ours = verdict.assemble(result.gain, result.spectral_radius, result.frobenius_norm, gradients)
    for variant in contender(name).study(6, horizon, 400, pool):
        answer = variant.run()
        assert disagreement(ours, answer, horizon) < TOLERANCE, variant.label
        unscaled = answer.copy()
        unscaled[:, 1] *= 1.2
        assert disagreement(ours, unscaled, horizon) > TOLERANCE


def test_the_tables_of_the_pipelines_are_those_of_a_verdict():
    result = ginibre(samples=500, horizon=64)
    tied = {"radius_low": result.spectral_radius, "radius_high": result.spectral_radius}
    result = rs.result.Result(
        result.study, {name: getattr(result, name) for name in result.columns} | tied, {}
    )
    gradients = np.column_stack([result.log_gradient, result.log_error, np.zeros((len(result), 2))])
    columns = verdict.assemble(result.gain, result.spectral_radius, result.frobenius_norm, gradients)
    judged = criterion(result)
    for table in verdict.tables(columns, result.lags):
        expected = judged[table["lag"]]
        assert table["accuracy"][0] == pytest.approx(expected.accuracy.value, nan_ok=True)
        assert table["decided"][0] == pytest.approx(expected.decided.value)


def record(size: int, what: str = "all eigenvalues", job: str = "E", **more) -> dict:
    found = {
        "rhoscope": {"variant": "eigvals", "microseconds_each": 10.0},
        "NumPy": {
            "variant": "x",
            "microseconds_each": 50.0,
            "ratio": {"median": 5.0, "low": 4.5, "high": 5.5},
        },
        "JAX": {"variant": "y", "microseconds_each": 30.0, "ratio": {"median": 3.0, "low": 2.5, "high": 3.5}},
    }
    return {
        "job": job,
        "what": what,
        "size": size,
        "operations_each": 5e5,
        "bytes_each": None,
        "contenders": found,
        "strongest_peer": race.strongest(found),
    } | more


def test_a_race_tells_float32_against_float64():
    single = {"microseconds_each": 12.5, "ratio": {"median": 1.9, "low": 1.8, "high": 2.0}}
    lines = tables.race_lines(record(8) | {"single": single}, [], ROOF)
    head, row = (line.split(" | ") for line in (lines[-3], lines[-1]))
    assert row[head.index("float32, µs (times as fast as float64)")] == "12.5 (1.90)"
    assert len(head) == len(row)


def test_a_race_is_printed_row_by_row_as_it_is_in_the_end():
    """A heading before the first row of each job alone, and ratios, rates and shares as measured."""
    records = [record(8), record(64, bytes_each=1e5), record(8, what="norms", job="R", bytes_each=1e5)]
    lines = [line for i, row in enumerate(records) for line in tables.race_lines(row, records[:i], ROOF)]
    assert "\n".join(lines) == tables.race_table(records, ROOF)
    assert [line for line in lines if line.startswith("#")] == ["### E: all eigenvalues", "### R: norms"]
    rows = [line for line in lines if line.startswith(("| 8 ", "| 64 "))]
    assert len(rows) == 3
    assert "| **3.00** (2.50 to 3.50) | JAX, y | 10 | 50.0 (50%) |  | 50 (5.00) | 30 (3.00) |" in rows[0]
    assert "10.0 (5% of L1)" in rows[1]
    head, row = (line.split(" | ") for line in (lines[-3], lines[-1]))
    assert row[head.index("ratio of steps at the peak")] == "6.0"
    assert len(head) == len(row)


def test_a_peer_that_misses_one_size_leaves_its_cell_empty():
    later = record(16)
    del later["contenders"]["NumPy"]
    assert tables.race_table([record(8), later], ROOF).splitlines()[-1].endswith("|  |  | 30 (3.00) |")


def test_results_are_named_by_day_and_processor_and_rewritten_whole(tmp_path):
    results = Results("race", tmp_path / "results", tmp_path / "also.json")
    for count in (1, 2):
        results.keep({"races": [record(8)] * count}, "text")
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == [f"{results.day}-{results.machine['cpu']}-race.{end}" for end in ("json", "md")]
    for path in (tmp_path / "also.json", tmp_path / "results" / names[0]):
        assert len(json.loads(path.read_text(encoding="utf-8"))["races"]) == 2
    assert results.machine["cpu"] in (tmp_path / "results" / names[1]).read_text(encoding="utf-8")


def test_the_figure_has_a_line_a_job_with_its_ratios(tmp_path):
    from bench import figure

    records = [record(8), record(64), record(8, what="norms", job="R")]
    path = tmp_path / "race.json"
    path.write_text(json.dumps({"machine": {"cpu": "z", "cores": 2}, "races": records}), encoding="utf-8")
    drawn = figure.draw(*figure.read([path]))
    # The other lines are ends of ranges, and the one where we are as fast.
    lines = [line for line in drawn.axes[0].get_lines() if str(line.get_marker()) in "osD^v*"]
    assert [np.array(line.get_data()).T.tolist() for line in lines] == [[[8, 3], [64, 3]], [[8, 3]]]
    assert len({line.get_color() for line in lines}) == len({str(line.get_marker()) for line in lines}) == 2
    drawn.savefig(tmp_path / "race.svg")


def test_scaling_measures_each_study_in_a_process_of_its_own():
    (found,) = scaling.scaling(["samples"], samples=[32], repeats=2)
    assert len(found["seconds"]) == 2
    assert found["peak_bytes"] > 20e6  # an interpreter with NumPy takes more
    assert "| 32 | n = 8, T = 1,000, 32 samples |" in tables.scaling_table([found])


def test_the_names_of_the_commands_in_the_readme_are_those_there_are():
    root = Path(__file__).parents[1]
    text = (root / "bench" / "README.md").read_text(encoding="utf-8")
    named = {line.split()[3] for line in text.splitlines() if line.startswith("python -m bench ")}
    shown = subprocess.run(
        [sys.executable, "-m", "bench", "--help"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    listed = set(shown[shown.index("{") + 1 : shown.index("}")].replace("\n", "").replace(" ", "").split(","))
    assert named == listed
