"""A run folder: study.toml, a lock, a manifest, and one immutable Parquet file a shard.

A shard is committed by: temporary file in the same folder, fsync, link to the final name, fsync of the
folder, line in the manifest. Killed at any moment, a run finds every shard either in the manifest and whole, or to be
done again. Completeness comes from the plan and the manifest, never from listing files.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import pyarrow as pa

from rhoscope import manifest, shards
from rhoscope.errors import StoreError, StudyError, StudyFileNotFoundError
from rhoscope.locking import FolderLock
from rhoscope.manifest import Record
from rhoscope.plan import Plan, Shard, default_shard_size
from rhoscope.study import Study
from rhoscope.versions import NUMERICS_VERSION, SAMPLER_VERSION

Content = TypeVar("Content")


class Store:
    """A folder held for writing by this process alone; leave it by `close`, or use it in a `with` block.

    Opening takes the lock, refuses a folder of another study or of other versions of the numbers, and reads
    every shard in the manifest against its SHA-256: `missing` is what remains to be done.
    """

    def __init__(self, folder: Path, study: Study, shard_size: int | None = None) -> None:
        self.folder = folder
        with _explained(folder):
            _shard_folder(folder).mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(folder)
        try:
            with _explained(folder):
                self._claim(study)
                records = _records(folder, study)
                _refuse_other_versions(folder, records)
                for leftover in [*folder.glob(".*.toml.*.tmp"), *_shard_folder(folder).glob(".*.tmp")]:
                    leftover.unlink()
            self._study = study
            self.plan = _plan(study, records, shard_size or default_shard_size(study))
            self._whole = {record.shard: record for record in records if _is_whole(folder, record)}
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process write in the folder."""
        self._lock.release()

    @property
    def missing(self) -> list[Shard]:
        """The shards that are not whole, in order."""
        return [shard for shard in self.plan if shard.index not in self._whole]

    def commit(self, shard: Shard, columns: Mapping[str, np.ndarray], *, device: str, seconds: float) -> None:
        """Make one shard durable; raises StoreError, and leaves every other shard as it was, if it cannot."""
        data = shards.encode(columns)
        digest = hashlib.sha256(data).hexdigest()
        record = Record.of(
            self._study, self.plan.shard_size, shard, device=device, seconds=seconds, data=data, sha256=digest
        )
        with _explained(self.folder):
            _write_durably(shard_path(self.folder, shard.index), data)
            manifest.append(_manifest_path(self.folder), record)
        self._whole[shard.index] = record

    def _claim(self, study: Study) -> None:
        """Write study.toml in a new folder; refuse a folder that already answers another study."""
        path = _study_path(self.folder)
        if path.exists():
            _refuse_other_study(self.folder, stored_study(self.folder).hash, study)
        else:  # the manifest first, so that the fsync of the folder makes both names durable
            _manifest_path(self.folder).touch()
            _write_durably(path, study.to_toml().encode())


class StoredColumns(Mapping[str, np.ndarray]):
    """The columns of a finished run, each read from disk, shard after shard, when it is asked for.

    The first reading of a shard also holds the whole file against its SHA-256.
    """

    def __init__(self, folder: Path, study: Study) -> None:
        records = _records(folder, study)
        self._folder = folder
        self._plan = _plan(study, records, default_shard_size(study))
        self._records = {record.shard: record for record in records}
        missing = [shard for shard in self._plan if shard.index not in self._records]
        if missing:
            done = len(self._plan) - len(missing)
            raise StoreError(
                f"{folder} is not finished: {done} of {len(self._plan)} shards are done; "
                f"go on with `rhoscope resume {folder}`"
            )
        for record in self._records.values():
            if not _has_its_size(folder, record):
                raise self._damaged(record.shard, "is missing or has the wrong size")
        self._verified: set[int] = set()
        self._names = self._read(0, shards.column_names)

    @property
    def records(self) -> list[Record]:
        """The manifest's records, in the order of the samples."""
        return [self._records[shard.index] for shard in self._plan]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        column = np.empty(0)
        for shard in self._plan:
            part = self._read(shard.index, lambda path: shards.read_column(path, name))
            if shard.index == 0:
                column = np.empty((self._plan.samples, *part.shape[1:]), part.dtype)
            column[shard.start : shard.stop] = part
        return column

    def _read(self, index: int, read: Callable[[Path], Content]) -> Content:
        path = shard_path(self._folder, index)
        try:
            if index not in self._verified:
                if shards.sha256(path) != self._records[index].sha256:
                    raise self._damaged(index, "does not have the SHA-256 of the manifest")
                self._verified.add(index)
            return read(path)
        except StoreError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(index, f"cannot be read ({error})") from None

    def _damaged(self, index: int, how: str) -> StoreError:
        path = shard_path(self._folder, index)
        return StoreError(f"{path} {how}: compute it again with `rhoscope resume {self._folder}`")


def stored_study(folder: Path) -> Study:
    """The study that a run folder answers.

    Raises
    ------
    StudyFileNotFoundError
        If the folder holds no study.
    StoreError
        If its study.toml cannot be read.
    """
    try:
        return Study.from_toml(_study_path(folder))
    except StudyFileNotFoundError:
        message = f"no run in {folder}: give the folder that was named when the run was started"
        raise StudyFileNotFoundError(message) from None
    except StudyError as error:
        raise StoreError(f"{_study_path(folder)} is damaged: {error}") from None


def shard_path(folder: Path, index: int) -> Path:
    """The file of a shard; names sort in the order of the samples."""
    return _shard_folder(folder) / f"{index:09}.parquet"


def _shard_folder(folder: Path) -> Path:
    return folder / "shards"


def _study_path(folder: Path) -> Path:
    return folder / "study.toml"


def _manifest_path(folder: Path) -> Path:
    return folder / "manifest.jsonl"


def _records(folder: Path, study: Study) -> list[Record]:
    records = manifest.read(_manifest_path(folder))
    for record in records:
        _refuse_other_study(folder, record.study, study)
    return records


def _plan(study: Study, records: list[Record], shard_size: int) -> Plan:
    """A folder keeps the shard size it was begun with."""
    return Plan(study.samples, records[0].shard_size if records else shard_size)


def _refuse_other_study(folder: Path, found: str, study: Study) -> None:
    if found != study.hash:
        raise StoreError(
            f"{folder} belongs to another study (hash {found[:16]}) than this one (hash {study.hash[:16]}): "
            "give another folder"
        )


def _refuse_other_versions(folder: Path, records: list[Record]) -> None:
    for record in records:
        if (record.sampler, record.numerics) != (SAMPLER_VERSION, NUMERICS_VERSION):
            raise StoreError(
                f"{folder} was computed by rhoscope {record.rhoscope} with sampler version {record.sampler} "
                f"and numerics version {record.numerics}; this rhoscope has {SAMPLER_VERSION} and "
                f"{NUMERICS_VERSION}: go on with that rhoscope, or give another folder"
            )


def _has_its_size(folder: Path, record: Record) -> bool:
    path = shard_path(folder, record.shard)
    return path.is_file() and path.stat().st_size == record.bytes


def _is_whole(folder: Path, record: Record) -> bool:
    try:
        return (
            _has_its_size(folder, record) and shards.sha256(shard_path(folder, record.shard)) == record.sha256
        )
    except OSError:  # a file that cannot be read is done again
        return False


def _write_durably(path: Path, data: bytes) -> None:
    """All of a file or none of it: its name appears only once its bytes are on the disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except OSError:  # a damaged shard has the name, or the file system has no hard links
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusal into words that say what would do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = (
                f"the disk is full; finished shards are kept: free space, then `rhoscope resume {folder}`"
            )
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "it may not be written: change its permissions, or give another folder"
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            remedy = "it is not a folder: give another name"
        else:
            remedy = "finished shards are kept"
        raise StoreError(f"cannot write in {folder} ({error.strerror or error}): {remedy}") from error
