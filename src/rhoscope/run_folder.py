"""What is where in a run folder, and whose it is."""

from pathlib import Path

from rhoscope import manifest
from rhoscope.errors import StoreError, StudyError, StudyFileNotFoundError
from rhoscope.manifest import Record
from rhoscope.plan import Plan, default_shard_size
from rhoscope.study import Study


def stored_study(folder: Path) -> Study:
    """The study that a run folder answers.

    Raises
    ------
    StudyFileNotFoundError
        If the folder holds no study, or the matrices of the study are gone.
    StoreError
        If its study.toml cannot be read.
    """
    if not study_path(folder).is_file():
        message = f"no run in {folder}: give the folder that was named when the run was started"
        raise StudyFileNotFoundError(message)
    try:
        return Study.from_toml(study_path(folder))
    except StudyError as error:
        raise StoreError(f"{study_path(folder)} is damaged: {error}") from None


def shard_path(folder: Path, index: int) -> Path:
    """The file of a shard; names sort in the order of the samples."""
    return shard_folder(folder) / f"{index:09}.parquet"


def shard_folder(folder: Path) -> Path:
    """Where the shards are, and nothing else but what is about to become one."""
    return folder / "shards"


def study_path(folder: Path) -> Path:
    """The study, written once, when the folder is begun."""
    return folder / "study.toml"


def manifest_path(folder: Path) -> Path:
    """The list of finished shards."""
    return folder / "manifest.jsonl"


def records_of(folder: Path, study: Study) -> list[Record]:
    """What the manifest holds, all of it of this study."""
    records = manifest.read(manifest_path(folder))
    for record in records:
        refuse_other_study(folder, record.study, study)
    return records


def plan_of(study: Study, records: list[Record], shard_size: int | None = None) -> Plan:
    """The plan of a folder, which keeps the shard size it was begun with."""
    return Plan(study.samples, records[0].shard_size if records else shard_size or default_shard_size(study))


def refuse_other_study(folder: Path, found: str, study: Study) -> None:
    """Raise if the hash found in a folder is not the study's."""
    if found != study.hash:
        raise StoreError(
            f"{folder} belongs to another study (hash {found[:16]}) than this one (hash {study.hash[:16]}): "
            "give another folder"
        )


def has_its_size(folder: Path, record: Record) -> bool:
    """Whether a shard's file is there at its full length: cheap, and enough to notice most accidents."""
    path = shard_path(folder, record.shard)
    return path.is_file() and path.stat().st_size == record.size
