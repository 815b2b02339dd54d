"""The manifest of a run folder: one line a finished shard, appended and never rewritten.

Each line carries its own checksum, so that a line torn by a crash, or damaged since, counts as not written.
"""

import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rhoscope.errors import StoreError
from rhoscope.plan import Shard
from rhoscope.versions import NUMERICS_VERSION, SAMPLER_VERSION, package_version

if TYPE_CHECKING:
    from rhoscope.study import Study


@dataclass(frozen=True)
class Record:
    """What is known of one finished shard."""

    study: str  # hash
    shard_size: int
    shard: int
    rows: int
    size: int  # bytes
    sha256: str
    device: str
    seconds: float
    finished: str  # ISO 8601, UTC
    sampler: int
    numerics: int
    rhoscope: str

    @classmethod
    def of(
        cls,
        study: "Study",
        shard_size: int,
        shard: Shard,
        *,
        device: str,
        seconds: float,
        data: bytes,
        sha256: str,
    ) -> Self:
        """The record of a shard finished now by this version of rhoscope."""
        return cls(
            study=study.hash,
            shard_size=shard_size,
            shard=shard.index,
            rows=len(shard),
            size=len(data),
            sha256=sha256,
            device=device,
            seconds=seconds,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            sampler=SAMPLER_VERSION,
            numerics=NUMERICS_VERSION,
            rhoscope=package_version(),
        )


def append(path: Path, record: Record) -> None:
    """Add a line and see it to the disk; a line that a crash left torn is ended first."""
    content = asdict(record)
    line = json.dumps({"crc32": _checksum(content), **content}).encode() + b"\n"
    with open(path, "ab+") as file:
        if file.seek(0, os.SEEK_END) > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[Record]:
    """Every whole line, oldest first; of a shard finished twice the last one counts."""
    names = {field.name for field in fields(Record)}
    records = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            content = json.loads(line)
            whole = content.pop("crc32") == _checksum(content)
        except (ValueError, AttributeError, KeyError):  # not JSON, not a table, no checksum
            continue
        if not whole:
            continue
        if content.keys() != names:
            raise StoreError(f"{path} was written by another version of rhoscope: open it with that version")
        records.append(Record(**content))
    return records


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content).encode())


def provenance(study: "Study", records: Iterable[Record]) -> dict[str, Any]:
    """Where a result came from: versions, devices and times, gathered from the records of its shards."""
    records = list(records)
    return {
        "study_hash": study.hash,
        "rhoscope": _distinct(record.rhoscope for record in records),
        "sampler_version": _distinct(record.sampler for record in records),
        "numerics_version": _distinct(record.numerics for record in records),
        "device": _distinct(record.device for record in records),
        "shards": len(records),
        "shard_size": records[0].shard_size,
        "finished": max(record.finished for record in records),
        "seconds": sum(record.seconds for record in records),
    }


def _distinct(values: Iterable[Any]) -> Any:
    """The one value all shards share, or the list of the different ones."""
    found = sorted(set(values))
    return found[0] if len(found) == 1 else found
