"""The study that a command line describes: a file or the default, changed by the options given."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rhoscope.errors import ArgumentError

if TYPE_CHECKING:
    from rhoscope.ensembles import Ensemble
    from rhoscope.study import Study

# Beyond either, a run says beforehand what it will cost.
LARGE_SECONDS = 60
LARGE_BYTES = 1e9


def study_from(file: Path | None, *, ensemble: str | None, **changes: Any) -> "Study":
    """The study in `file`, or the default study, with those changes that are not None."""
    from rhoscope.study import Study

    study = Study() if file is None else Study.from_toml(file)
    given = {name: value for name, value in changes.items() if value is not None}
    if ensemble is not None:
        given["ensemble"] = parse_ensemble(ensemble)
    return study.replace(**given) if given else study


def cost_if_large(study: "Study", threads: int | None) -> str | None:
    """What a large run will cost, in a sentence; None for a small one."""
    from rhoscope.plan import estimate

    cost = estimate(study, cores=threads)
    large = cost.seconds > LARGE_SECONDS or cost.disk_bytes > LARGE_BYTES
    return f"a large run: {cost}" if large else None


def parse_ensemble(text: str) -> "Ensemble":
    """Read "KIND" or "KIND:param=value,param=value"; a value that is not TOML is taken as a string."""
    from rhoscope.ensembles import from_table

    kind, _, parameters = text.partition(":")
    table: dict[str, Any] = {"kind": kind}
    for part in filter(None, parameters.split(",")):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise ArgumentError(
                f"--ensemble: got {text!r}; write KIND or KIND:param=value,..., such as Elliptic:tau=0.5"
            )
        table[name.strip()] = _toml_value(value.strip())
    return from_table(table)


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
