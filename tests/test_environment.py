"""rs.info() tells the truth about this process."""

import json
import os
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from rhoscope import environment


def test_versions_are_those_imported() -> None:
    versions = environment.info().versions
    assert versions["numpy"] == np.__version__
    assert versions["rhoscope"] == metadata.version("rhoscope")


def test_versions_leave_out_the_extras() -> None:
    versions = environment.info().versions
    assert "pyarrow" in versions
    assert not {"pytest", "torch", "numba-cuda"} & versions.keys()


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="this system has no /proc/cpuinfo")
def test_features_are_the_processors() -> None:
    flags = Path("/proc/cpuinfo").read_text().split()
    assert all(name.replace("sse4.2", "sse4_2") in flags for name in environment.info().cpu_features)
    assert ("avx2" in flags) == ("avx2" in environment.info().cpu_features)


def test_json_has_every_field() -> None:
    described = environment.info().to_dict()
    assert json.loads(json.dumps(described)) == described
    assert set(described) == set(environment.Environment.__dataclass_fields__)


def test_text_shows_cores_and_cache() -> None:
    found = environment.info()
    lines = str(found).splitlines()
    assert f"cores         {found.cores} of {os.cpu_count()}" in lines
    assert f"kernel cache  {found.kernel_cache}" in lines


def test_cuda_is_told_by_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "numba_cuda-9.9.dist-info"
    fake.mkdir()
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: numba-cuda\nVersion: 9.9\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert "numba-cuda 9.9" in environment.info().cuda
