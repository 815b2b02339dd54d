"""Shards cover the samples exactly once, and estimates have the right size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rhoscope as rs
from rhoscope.plan import Plan, default_shard_size, duration, estimate, row_bytes


@given(st.integers(1, 5000), st.integers(1, 700))
def test_shards_cover_every_sample_once_in_order(samples: int, shard_size: int) -> None:
    plan = Plan(samples, shard_size)
    shards = list(plan)
    assert [i for shard in shards for i in range(shard.start, shard.stop)] == list(range(samples))
    assert [shard.index for shard in shards] == list(range(len(plan)))
    assert all(0 < len(shard) <= shard_size for shard in shards)


@pytest.mark.parametrize(
    ("size", "horizon", "shard_size"),
    [
        (1, 1, 16384),
        (512, 10**6, 64),
        (64, 1000, 7232),
    ],  # 3 core seconds / ((3.9e6 flop + 2 * 4.0e6) / 3e10 + 1,000 inputs of 3 ns + 10 us) = 7,266
)
def test_default_shard_size_stays_in_bounds(size: int, horizon: int, shard_size: int) -> None:
    assert default_shard_size(rs.Study(size=size, horizon=horizon)) == shard_size


@pytest.mark.parametrize(
    ("size", "horizon", "shard_size"),
    [
        (8, 1000, 1 << 17),
        (64, 10**6, 1024),
        (64, 1000, 105_216),
    ],  # 1.5 s of 2e12 flop/s / 2.85e7 flop = 105,233, in whole pairs of warps
)
def test_default_shard_size_fills_a_gpu(size: int, horizon: int, shard_size: int) -> None:
    assert default_shard_size(rs.Study(size=size, horizon=horizon), gpu=True) == shard_size


def test_a_complex_ensemble_costs_as_the_real_system_of_twice_the_size() -> None:
    shape = {"size": 16, "horizon": 500}
    real = estimate(rs.Study(ensemble=rs.ensembles.RealGinibre(), **shape | {"size": 32}), cores=1)
    assert (
        estimate(rs.Study(ensemble=rs.ensembles.ComplexGinibre(), **shape), cores=1).seconds == real.seconds
    )


def test_more_cores_take_less_time() -> None:
    study = rs.Study()
    assert estimate(study, cores=4).seconds == estimate(study, cores=1).seconds / 4


def test_only_a_run_without_a_folder_needs_memory_for_all_samples() -> None:
    few, many = (rs.Study(size=8, samples=samples) for samples in (10**6, 10**8))
    assert estimate(few, cores=2).memory_bytes == estimate(many, cores=2).memory_bytes
    kept = estimate(many, cores=2, stored=False)
    assert kept.memory_bytes > 10**8 * row_bytes(many)
    assert kept.disk_bytes == 0


def test_bytes_of_a_sample_count_its_columns() -> None:
    study = rs.Study(size=10, horizon=4, lags=(1, 2, 4))
    measured = study.replace(measure=("eigenvalues", "numerical_radius"))
    assert row_bytes(study) == 12 * 8 + 16 + 1 + 3 * 8
    assert row_bytes(measured) - row_bytes(study) == 10 * 16 + 8


def test_an_estimate_reads_as_a_sentence() -> None:
    text = str(estimate(rs.Study(samples=10**6, horizon=1000), cores=1))
    assert text.startswith("1,000,000 samples, about ")
    assert "MB of memory" in text
    assert "MB on disk" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.0, "59 s"), (60.0, "1 min 00 s"), (3599.5, "1 h 00 min"), (7500.0, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
