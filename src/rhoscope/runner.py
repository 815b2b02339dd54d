"""Study -> plan -> executor -> store -> Result: the one place that knows them all."""

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from rhoscope.errors import ArgumentError, ArgumentTypeError, StudyError
from rhoscope.manifest import Record, provenance
from rhoscope.plan import Plan, Shard
from rhoscope.progress import Progress
from rhoscope.result import Result
from rhoscope.run_folder import stored_study
from rhoscope.store import Store
from rhoscope.stored_columns import StoredColumns
from rhoscope.study import Study

Callback = Callable[[Progress], None]


def run(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Callback | None = None,
    shard_size: int | None = None,
) -> Result:
    """Draw the matrices of a study, take gradients back through time for each, and collect the columns.

    The bits of the result are the same for any number of threads, any shard size and any executor, and
    whether or not the run was interrupted and resumed.

    Parameters
    ----------
    study
        The question.
    out
        Folder of the run; what it already holds of this study is not computed again, and memory then holds
        a bounded number of shards. None keeps all columns in memory.
    device
        "auto", "cpu" or "cuda"; where "auto" takes a GPU, the logger "rhoscope" says so at INFO.
    threads
        Threads of the device; None means every core this process may use, but one in a worker of an executor.
    executor
        Any `concurrent.futures.Executor`, to whose workers shards are handed; None computes in this process.
    progress
        Called with a `rhoscope.progress.Progress` at the start and after each shard.
    shard_size
        Samples in a shard; by default one or two seconds of work of the device. A begun folder keeps its own.

    Returns
    -------
    Result
        In memory, or reading its columns from `out` when they are asked for.

    Raises
    ------
    StoreError
        If `out` belongs to another study, is in use, or cannot be written.
    DeviceError
        If the device cannot be had, or a worker died.
    KeyboardInterrupt
        On Ctrl-C, with a message that says how to go on; finished shards are kept.

    Examples
    --------
    >>> import rhoscope as rs
    >>> result = rs.run(rs.Study(size=4, horizon=20, samples=100))
    >>> result.log_gradient.shape == (100, len(result.lags))
    True
    """
    _check_study(study)
    if shard_size is not None:
        _check_shard_size(shard_size)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentTypeError(f"executor = {executor!r}: give a concurrent.futures.Executor, or None")
    if progress is not None and not callable(progress):
        raise ArgumentTypeError(f"progress = {progress!r}: give a function of one Progress, or None")
    folder = None if out is None else _folder("out", out)
    from rhoscope.execution import (
        Workers,
        compute,
        shard_size_for,
    )  # here: a result is loaded without a compiler

    workers = Workers(device, threads, executor)
    shard_size = shard_size or shard_size_for(study, device)
    if folder is None:
        memory = _Memory(study, shard_size)
        compute(
            study, memory, workers, progress, how_to_go_on="nothing is kept without a folder: give out=FOLDER"
        )
        return Result(study, memory.columns, provenance(study, memory.records))
    with Store(folder, study, shard_size) as store:
        compute(store.study, store, workers, progress, how_to_go_on=f"go on with `rhoscope resume {folder}`")
    return load(folder)


def resume(
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Callback | None = None,
) -> Result:
    """Finish the run in a folder: compute the shards that are missing, torn or damaged, and no others.

    Parameters and errors are those of `run`; the study is read from the folder.

    Raises
    ------
    StudyFileNotFoundError
        If the folder holds no run.

    Examples
    --------
    >>> import rhoscope as rs, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> result = rs.run(rs.Study(size=4, horizon=20, samples=100), out=folder)
    >>> len(rs.resume(folder))
    100
    """
    study = stored_study(_folder("folder", folder))
    return run(study, folder, device=device, threads=threads, executor=executor, progress=progress)


def load(folder: str | os.PathLike[str]) -> Result:
    """Open the finished run in a folder; its columns are read when they are asked for.

    Parameters
    ----------
    folder
        The folder that was given as `out`.

    Returns
    -------
    Result
        Reads each column from disk, and holds each file against its SHA-256 when it is first read.

    Raises
    ------
    StudyFileNotFoundError
        If the folder holds no run.
    StoreError
        If the run is not finished, or a file is not what the manifest says.

    Examples
    --------
    >>> import rhoscope as rs, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> result = rs.run(rs.Study(size=4, horizon=20, samples=100), out=folder)
    >>> rs.load(folder).spectral_radius.shape
    (100,)
    """
    folder = _folder("folder", folder)
    study = stored_study(folder)
    columns = StoredColumns(folder, study)
    return Result(study, columns, provenance(study, columns.records) | {"folder": str(folder)})


def sweep(
    study: Study,
    *,
    out: str | os.PathLike[str] | None = None,
    device: str = "auto",
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Callback | None = None,
    **fields: Iterable[Any],
) -> list[Result]:
    """Run a study once for each combination of the values listed for some of its fields.

    Parameters
    ----------
    study
        The study whose other fields all runs share; lags left to their default follow the horizon.
    out
        Folder under which each run has its own, such as `out/size=16,horizon=1000`; None: memory.
    device, threads, executor, progress
        As in `run`.
    **fields
        Lists of values by name of field, as `size=[16, 32], horizon=[100, 1000]`.

    Returns
    -------
    list of Result
        In the order of nested loops over the lists, the last one innermost; each knows its `study`.

    Raises
    ------
    StudyError
        If a name or a value is impossible; nothing is run then.

    Examples
    --------
    >>> import rhoscope as rs
    >>> results = rs.sweep(rs.Study(samples=50, horizon=10), size=[2, 4])
    >>> [result.study.size for result in results]
    [2, 4]
    """
    _check_study(study)
    under = None if out is None else _folder("out", out)
    for name, values in fields.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise StudyError(f"{name} = {values!r}: a sweep takes a list of values, {name}=[{values!r}]")
    points = [dict(zip(fields, values, strict=True)) for values in itertools.product(*fields.values())]
    if not points:
        raise StudyError(f"{fields!r}: each list of a sweep needs at least one value")
    studies = [study.replace(**point) for point in points]
    folders = [None if under is None else under / _label(point) for point in points]
    return [
        run(study, folder, device=device, threads=threads, executor=executor, progress=progress)
        for study, folder in zip(studies, folders, strict=True)
    ]


def _check_study(study: Any) -> None:
    if not isinstance(study, Study):
        raise ArgumentTypeError(f"study = {study!r}: give a rhoscope.Study, or Study.from_toml(path)")


def _check_shard_size(shard_size: Any) -> None:
    would_do = f"shard_size = {shard_size!r}: give an integer >= 1, or None"
    if isinstance(shard_size, bool) or not isinstance(shard_size, int | np.integer):
        raise ArgumentTypeError(would_do)
    if shard_size < 1:
        raise ArgumentError(would_do)


def _folder(name: str, path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise ArgumentTypeError(f"{name} = {path!r}: give the path of a folder") from None


def _label(point: dict[str, Any]) -> str:
    """A folder's name that says which point of a sweep it holds."""
    values = ",".join(f"{name}={value}" for name, value in point.items())
    label = re.sub(r"[^\w.=,()+-]", "_", values) or "study"
    if len(label.encode()) <= 255:  # what a file system takes, and a list of lags has soon
        return label
    digest = hashlib.sha256(values.encode()).hexdigest()[:12]
    return f"{label.encode()[:240].decode(errors='ignore')}-{digest}"


class _Memory:
    """Shards put side by side in whole columns."""

    def __init__(self, study: Study, shard_size: int) -> None:
        self.plan = Plan(study.samples, shard_size)
        self.missing = list(self.plan)
        self.columns: dict[str, np.ndarray] = {}
        self.records: list[Record] = []
        self._study = study

    @property
    def finished(self) -> int:
        """How many shards are kept."""
        return len(self.records)

    def commit(self, shard: Shard, columns: Mapping[str, np.ndarray], *, device: str, seconds: float) -> None:
        for name, part in columns.items():
            if name not in self.columns:
                self.columns[name] = np.empty((self.plan.samples, *part.shape[1:]), part.dtype)
            self.columns[name][shard.start : shard.stop] = part
        self.records.append(
            Record.of(
                self._study, self.plan.shard_size, shard, device=device, seconds=seconds, data=b"", sha256=""
            )
        )
