"""The count of cores follows the affinity mask and the control group, whichever is tighter."""

import os
from pathlib import Path

import pytest

from rhoscope import cores
from rhoscope.cores import available_cores


@pytest.fixture
def affinity(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine that gives this process sixteen cores."""
    monkeypatch.setattr(cores, "_affinity", lambda: 16)
    return 16


def _group(root: Path, line: str, files: dict[str, str]) -> tuple[Path, Path]:
    process, controllers = root / "proc", root / "cgroup"
    process.mkdir()
    (process / "cgroup").write_text(line + "\n")
    for name, text in files.items():
        file = controllers / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return process, controllers


@pytest.mark.parametrize(
    ("line", "files", "count"),
    [
        ("0::/", {"cpu.max": "300000 100000"}, 3),
        ("0::/job", {"job/cpu.max": "150000 100000"}, 2),
        ("0::/job", {"job/cpu.max": "max 100000", "cpu.max": "400000 100000"}, 4),
        ("0::/a/b", {"a/b/cpu.max": "800000 100000", "a/cpu.max": "200000 100000"}, 2),
        ("0::/", {"cpu.max": "10000 100000"}, 1),
        ("0::/", {"cpu.max": "9900000 100000"}, 16),
        ("0::/elsewhere", {}, 16),
        (
            "4:cpu,cpuacct:/job",
            {"cpu/job/cpu.cfs_quota_us": "250000", "cpu/job/cpu.cfs_period_us": "100000"},
            3,
        ),
        ("4:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ("4:cpuset:/", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 16),
    ],
)
def test_quota(tmp_path: Path, affinity: int, line: str, files: dict[str, str], count: int) -> None:
    assert available_cores(*_group(tmp_path, line, files)) == count


def test_without_control_groups_the_affinity_counts(tmp_path: Path, affinity: int) -> None:
    assert available_cores(tmp_path / "proc", tmp_path / "cgroup") == affinity


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity mask")
def test_affinity_mask(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert available_cores(tmp_path / "proc", tmp_path / "cgroup") == 1
    finally:
        os.sched_setaffinity(0, before)
