"""Reading a finished run: each column from disk, when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa

from rhoscope import shards
from rhoscope.errors import StoreError
from rhoscope.manifest import Record
from rhoscope.run_folder import has_its_size, plan_of, records_of, shard_path
from rhoscope.study import Study

Content = TypeVar("Content")


class StoredColumns(Mapping[str, np.ndarray]):
    """The columns of a finished run, each read from disk, shard after shard, when it is asked for.

    The first reading of a shard also holds the whole file against its SHA-256.
    """

    def __init__(self, folder: Path, study: Study) -> None:
        records = records_of(folder, study)
        self._folder = folder
        self._plan = plan_of(study, records)
        self._records = {record.shard: record for record in records}
        missing = [shard for shard in self._plan if shard.index not in self._records]
        if missing:
            done = len(self._plan) - len(missing)
            raise StoreError(
                f"{folder} is not finished: {done} of {len(self._plan)} shards are done; "
                f"go on with `rhoscope resume {folder}`"
            )
        for record in self._records.values():
            if not has_its_size(folder, record):
                raise self._damaged(record.shard, "is missing or has the wrong size")
        self._verified: set[int] = set()
        self._names = self._read(0, shards.column_names)

    @property
    def records(self) -> list[Record]:
        """The manifest's records, in the order of the samples."""
        return [self._records[shard.index] for shard in self._plan]

    def __contains__(self, name: object) -> bool:
        return name in self._names  # Mapping's own would read the column to know

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
