"""Writing a run folder: study.toml, a lock, a manifest, and one immutable Parquet file a shard.

A shard is committed by: temporary file in the same folder, fsync, link to the final name, fsync of the
folder, line in the manifest. After a kill at any moment every shard is either in the manifest and whole, or
to be done again. Completeness comes from the plan and the manifest, never from listing files.
"""

import errno
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from rhoscope import manifest, shards, study_toml
from rhoscope.ensembles import Given
from rhoscope.errors import StoreError
from rhoscope.locking import FolderLock
from rhoscope.manifest import Record
from rhoscope.plan import Shard
from rhoscope.run_folder import (
    has_its_size,
    manifest_path,
    plan_of,
    records_of,
    refuse_other_study,
    shard_folder,
    shard_path,
    stored_study,
    study_path,
)
from rhoscope.study import Study
from rhoscope.versions import NUMERICS_VERSION, SAMPLER_VERSION


class Store:
    """A folder held for writing by this process alone; leave it by `close`, or use it in a `with` block.

    Opening takes the lock, refuses a folder of another study or of other versions of the numbers, and reads
    every shard in the manifest against its SHA-256: `missing` is what remains to be done, and `study` what to
    compute it from (matrices given as an array have become a file, which workers open themselves).
    """

    def __init__(self, folder: Path, study: Study, shard_size: int | None = None) -> None:
        self.folder = folder
        with _explained(folder):
            shard_folder(folder).mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(folder)
        try:
            with _explained(folder):
                self.study = self._claim(study)
                records = records_of(folder, study)
                _refuse_other_versions(folder, records)
                for leftover in [*folder.glob(".*.toml.*.tmp"), *shard_folder(folder).glob(".*.tmp")]:
                    leftover.unlink()
            self.plan = plan_of(study, records, shard_size)
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

    @property
    def finished(self) -> int:
        """How many shards the manifest records; also right when an interrupt cut a commit short."""
        return len({record.shard for record in records_of(self.folder, self.study)})

    def commit(self, shard: Shard, columns: Mapping[str, np.ndarray], *, device: str, seconds: float) -> None:
        """Make one shard durable; raises StoreError, and leaves every other shard as it was, if it cannot."""
        data = shards.encode(columns)
        digest = hashlib.sha256(data).hexdigest()
        record = Record.of(
            self.study, self.plan.shard_size, shard, device=device, seconds=seconds, data=data, sha256=digest
        )
        with _explained(self.folder):
            _write_durably(shard_path(self.folder, shard.index), data)
            manifest.append(manifest_path(self.folder), record)
        self._whole[shard.index] = record

    def _claim(self, study: Study) -> Study:
        """Write study.toml in a new folder; refuse a folder that already answers another study."""
        path = study_path(self.folder)
        if path.exists():
            refuse_other_study(self.folder, stored_study(self.folder).hash, study)
        study, text = _resumable(self.folder, study)
        if not path.exists():  # the manifest first, so that the fsync of the folder makes both names durable
            manifest_path(self.folder).touch()
            _write_durably(path, text.encode())
        return study


def _resumable(folder: Path, study: Study) -> tuple[Study, str]:
    """The study, and its TOML, such that it can be read again from anywhere: given matrices have a file."""
    given, table = study.ensemble, study.to_table()
    if isinstance(given, Given) and isinstance(given.matrices, str):
        table["ensemble"]["matrices"] = os.path.abspath(given.matrices)
    elif isinstance(given, Given):
        path = folder / "matrices.npy"
        if not path.exists():
            buffer = io.BytesIO()
            np.save(buffer, np.asarray(given.matrices))
            _write_durably(path, buffer.getvalue())
        study = study.replace(ensemble=Given(path, given.sha256))
        table["ensemble"]["matrices"] = path.name  # so that the folder may be moved
    return study, study_toml.dumps(table)


def _refuse_other_versions(folder: Path, records: list[Record]) -> None:
    for record in records:
        if (record.sampler, record.numerics) != (SAMPLER_VERSION, NUMERICS_VERSION):
            raise StoreError(
                f"{folder} was computed by rhoscope {record.rhoscope} with sampler version {record.sampler} "
                f"and numerics version {record.numerics}; this rhoscope has {SAMPLER_VERSION} and "
                f"{NUMERICS_VERSION}: go on with that rhoscope, or give another folder"
            )


def _is_whole(folder: Path, record: Record) -> bool:
    try:
        return (
            has_its_size(folder, record) and shards.sha256(shard_path(folder, record.shard)) == record.sha256
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
            begun = study_path(folder).exists()
            then = f"finished shards are kept: free space, then `rhoscope resume {folder}`"
            remedy = f"the disk is full; {then if begun else 'free space, then run it again'}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "it may not be written: change its permissions, or give another folder"
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            remedy = "it is not a folder: give another name"
        else:
            remedy = "finished shards are kept"
        raise StoreError(f"cannot write in {folder} ({error.strerror or error}): {remedy}") from error
