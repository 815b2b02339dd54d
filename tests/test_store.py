"""A run folder loses nothing, mixes nothing, and says what is wrong with it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fake_device import FakeDevice

import rhoscope as rs
from rhoscope import manifest, shards, store, versions
from rhoscope.errors import StoreError, StudyFileNotFoundError
from rhoscope.run_folder import shard_path, stored_study
from rhoscope.store import Store
from rhoscope.stored_columns import StoredColumns

STUDY = rs.Study(size=2, horizon=6, samples=70, measure="eigenvalues")
SHARD_SIZE = 20


def fill(folder: Path, study: rs.Study = STUDY) -> None:
    """Compute what is missing in a folder."""
    with Store(folder, study, SHARD_SIZE) as open_store:
        for shard in open_store.missing:
            columns = FakeDevice().columns(study, shard.start, shard.stop)
            open_store.commit(shard, columns, device="fake", seconds=0.5)


def missing(folder: Path) -> list[int]:
    with Store(folder, STUDY) as open_store:
        return [shard.index for shard in open_store.missing]


def flip_in_first_page(path: Path) -> None:
    """Flip a bit in the last byte of the first column's data."""
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "run")
    return tmp_path / "run"


def test_columns_come_back_bit_for_bit(folder: Path) -> None:
    columns = StoredColumns(folder, STUDY)
    expected = FakeDevice().columns(STUDY, 0, STUDY.samples)
    assert list(columns) == list(expected)
    for name, column in expected.items():
        assert columns[name].dtype == column.dtype
        assert columns[name].tobytes() == np.ascontiguousarray(column).tobytes()
    assert "nonsense" not in columns


def test_other_tools_read_the_shards(folder: Path) -> None:
    import pandas

    frame = pandas.read_parquet(folder / "shards")
    assert list(frame["sample"]) == list(range(STUDY.samples))
    assert [len(row) for row in frame["log_gradient"]] == [len(STUDY.lags)] * STUDY.samples
    assert {"leading_eigenvalue_real", "leading_eigenvalue_imag"} <= set(frame)


def test_provenance_tells_versions_devices_and_shards(folder: Path) -> None:
    found = manifest.provenance(STUDY, StoredColumns(folder, STUDY).records)
    assert found["study_hash"] == STUDY.hash
    assert (found["device"], found["shards"], found["shard_size"], found["seconds"]) == ("fake", 4, 20, 2.0)
    assert found["sampler_version"] == versions.SAMPLER_VERSION
    assert found["numerics_version"] == versions.NUMERICS_VERSION


def test_a_begun_folder_keeps_its_shard_size(folder: Path) -> None:
    with Store(folder, STUDY, 7) as again:
        assert again.plan.shard_size == SHARD_SIZE
        assert again.missing == []


def test_every_flipped_bit_is_detected_on_resume_and_on_load(folder: Path) -> None:
    path = shard_path(folder, 1)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in [0, len(whole) - 1, *rng.integers(len(whole), size=60)]:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        assert missing(folder) == [1]
        with pytest.raises(StoreError, match=rf"000000001\.parquet .*rhoscope resume {folder}"):
            StoredColumns(folder, STUDY)["gain"]
    fill(folder)
    assert missing(folder) == []
    assert StoredColumns(folder, STUDY)["sample"].tolist() == list(range(STUDY.samples))


def test_a_page_that_rots_after_the_first_reading_is_detected(folder: Path) -> None:
    columns = StoredColumns(folder, STUDY)
    for name in columns:
        columns[name]
    flip_in_first_page(shard_path(folder, 0))
    with pytest.raises(StoreError, match=rf"000000000\.parquet .*rhoscope resume {folder}"):
        columns["sample"]


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_truncated_shard_is_detected(folder: Path, length: int) -> None:
    path = shard_path(folder, 2)
    path.write_bytes(path.read_bytes()[:length])
    assert missing(folder) == [2]
    with pytest.raises(StoreError, match=rf"000000002\.parquet .*rhoscope resume {folder}"):
        StoredColumns(folder, STUDY)


def test_a_lost_shard_is_detected(folder: Path) -> None:
    shard_path(folder, 3).unlink()
    assert missing(folder) == [3]
    with pytest.raises(StoreError, match="000000003"):
        StoredColumns(folder, STUDY)


def test_a_torn_line_of_the_manifest_costs_one_shard(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    assert missing(folder) == [3]
    with pytest.raises(StoreError, match="3 of 4 shards are done"):
        StoredColumns(folder, STUDY)
    fill(folder)  # over the file that has the shard's name, after the torn line
    assert missing(folder) == []
    assert len(StoredColumns(folder, STUDY)["gain"]) == STUDY.samples


def test_a_damaged_line_of_the_manifest_is_no_line(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    whole = path.read_bytes()
    end_of_first = whole.index(b"\n")
    for position in range(0, end_of_first, 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert missing(folder) == [0]
        assert [record.shard for record in manifest.read(path)][-3:] == [1, 2, 3]


def test_a_line_of_a_later_format_is_refused(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    content = {"new": 1}
    path.write_text(f'{{"crc32": {manifest._checksum(content)}, "new": 1}}\n')
    with pytest.raises(StoreError, match="another version of rhoscope"):
        manifest.read(path)


def test_a_folder_of_another_study_is_refused_with_both_hashes(folder: Path) -> None:
    other = STUDY.replace(seed=1)
    with pytest.raises(StoreError) as caught:
        Store(folder, other)
    assert STUDY.hash[:16] in str(caught.value)
    assert other.hash[:16] in str(caught.value)
    assert missing(folder) == []


def test_an_edited_study_does_not_claim_the_shards_of_the_old_one(folder: Path) -> None:
    other = STUDY.replace(seed=1)
    (folder / "study.toml").write_text(other.to_toml())
    with pytest.raises(StoreError, match="belongs to another study"):
        Store(folder, other)
    with pytest.raises(StoreError, match="belongs to another study"):
        StoredColumns(folder, other)


@pytest.mark.parametrize("name", ["SAMPLER_VERSION", "NUMERICS_VERSION"])
def test_shards_of_other_numbers_are_read_but_never_mixed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    there = getattr(versions, name)
    monkeypatch.setattr(store, name, there + 1)
    with pytest.raises(StoreError, match=rf"version {there}.*has .*{there + 1}"):
        Store(folder, STUDY)
    assert len(StoredColumns(folder, STUDY)["gain"]) == STUDY.samples


def test_a_folder_in_use_is_refused_until_its_holder_leaves(folder: Path) -> None:
    holder = Store(folder, STUDY)
    with pytest.raises(StoreError, match=rf"in use by another process \(pid {os.getpid()}\)"):
        Store(folder, STUDY)
    holder.close()
    assert missing(folder) == []


def test_a_folder_in_use_by_another_process_is_free_once_that_is_killed(folder: Path) -> None:
    code = (
        "import time\nfrom pathlib import Path\n"
        "from rhoscope.run_folder import stored_study\nfrom rhoscope.store import Store\n"
        f"folder = Path({str(folder)!r})\nheld = Store(folder, stored_study(folder))\n"
        "print('held', flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"pid {process.pid}"):
            Store(folder, STUDY)
        process.kill()
    assert missing(folder) == []


def test_a_refused_folder_is_not_left_locked(folder: Path) -> None:
    with pytest.raises(StoreError, match="another study"):
        Store(folder, STUDY.replace(seed=1))
    assert missing(folder) == []


def test_leftovers_of_a_kill_are_swept_up(folder: Path) -> None:
    leftover = folder / "shards" / ".000000009.parquet.123.tmp"
    leftover.write_bytes(b"half a shard")
    assert missing(folder) == []
    assert not leftover.exists()


@pytest.mark.parametrize("step", ["write", "fsync", "link and replace", "manifest"])
@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.ENOSPC, "disk is full.*free space, then `rhoscope resume"), (errno.EROFS, "may not be written")],
)
def test_a_failing_disk_leaves_finished_shards_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int, remedy: str
) -> None:
    shard_path(folder, 1).unlink()

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with Store(folder, STUDY) as open_store:
        (shard,) = open_store.missing
        columns = FakeDevice().columns(STUDY, shard.start, shard.stop)
        with monkeypatch.context() as broken:
            if step == "write":
                broken.setattr("builtins.open", fail)
            elif step == "fsync":
                broken.setattr(os, "fsync", fail)
            elif step == "link and replace":
                broken.setattr(os, "link", fail)
                broken.setattr(os, "replace", fail)
            else:
                broken.setattr(manifest, "append", fail)
            with pytest.raises(StoreError, match=remedy):
                open_store.commit(shard, columns, device="fake", seconds=0.0)
        assert [left.index for left in open_store.missing] == [1]
    assert list(folder.glob("shards/.*")) == []
    fill(folder)
    assert StoredColumns(folder, STUDY)["sample"].tolist() == list(range(STUDY.samples))


def test_a_disk_that_is_full_from_the_start_leaves_nothing_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="the disk is full; free space, then run it again"):
        Store(tmp_path / "run", STUDY)


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    fill(tmp_path)
    assert missing(tmp_path) == []


def test_a_read_only_folder_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)  # as the system would, but to the superuser too
    with pytest.raises(StoreError, match=r"cannot write in .*run .*change its permissions, or give another"):
        Store(tmp_path / "run", STUDY)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="not a folder: give another name"):
        Store(tmp_path / "file", STUDY)
    with pytest.raises(StoreError, match="not a folder: give another name"):
        Store(tmp_path / "file" / "run", STUDY)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyFileNotFoundError, match=f"no run in {tmp_path}"):
        stored_study(tmp_path)


def test_a_damaged_study_is_named(folder: Path) -> None:
    (folder / "study.toml").write_text("size = ")
    with pytest.raises(StoreError, match=r"study\.toml is damaged"):
        stored_study(folder)


def test_pages_carry_checksums(folder: Path) -> None:
    # Without them pyarrow would read a flipped bit as data.
    path = shard_path(folder, 0)
    flip_in_first_page(path)
    with pytest.raises(OSError, match=r"(?i)crc"):
        shards.read_column(path, "sample")


@pytest.mark.parametrize("kept_as", ["array", "file"])
def test_a_run_on_given_matrices_can_be_resumed_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_as: str
) -> None:
    matrices = np.arange(20.0).reshape(5, 2, 2) + 1j
    monkeypatch.chdir(tmp_path)
    np.save("mine.npy", matrices)
    given = rs.ensembles.Given(matrices if kept_as == "array" else "mine.npy")
    study = rs.Study(ensemble=given, size=2, samples=5, horizon=4)
    fill(Path("run"), study)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").rename(tmp_path / "elsewhere" / "run")
    monkeypatch.chdir("/")
    again = stored_study(tmp_path / "elsewhere" / "run")
    assert again == study
    np.testing.assert_array_equal(np.asarray(np.load(again.ensemble.to_table()["matrices"])), matrices)
    fill(tmp_path / "elsewhere" / "run", again)


def test_matrices_that_are_gone_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.npy"
    np.save(path, np.ones((5, 2, 2)))
    fill(tmp_path / "run", rs.Study(ensemble=rs.ensembles.Given(path), size=2, samples=5, horizon=4))
    path.unlink()
    with pytest.raises(StudyFileNotFoundError, match=r"mine\.npy"):
        stored_study(tmp_path / "run")
