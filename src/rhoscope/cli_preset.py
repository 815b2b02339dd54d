"""What `rhoscope run --preset NAME` runs in place of a study."""

from collections.abc import Iterable
from pathlib import Path

from rhoscope import strict_json
from rhoscope.errors import ArgumentError
from rhoscope.nearest import nearest

PRESETS = ("counterexamples",)

# A preset is a fixed set of systems: what describes a study or its hardware has no meaning there.
_TAKES = {"preset", "out", "no_figures", "json"}


def check_preset(name: str, given: Iterable[str]) -> None:
    """Refuse a preset that does not exist, and parameters of the command line that it does not take."""
    if name not in PRESETS:
        raise ArgumentError(f"{name!r} is no preset; {nearest(name, PRESETS)} would do")
    other = sorted(set(given) - _TAKES)
    if other:
        shown = ["STUDY.toml" if parameter == "study" else f"--{parameter}" for parameter in other]
        raise ArgumentError(f"{name} takes --out, --no-figures and --json; leave out {', '.join(shown)}")


def run_counterexamples(folder: Path, *, figures: bool, json: bool) -> tuple[str, list[Path]]:
    """The counterexamples as text or JSON, and the files of their figure."""
    import rhoscope as rs

    found = rs.counterexamples()
    paths = []
    if figures:
        paths = rs.plots.save(rs.plots.counterexamples(found), folder / "figures" / "counterexamples")
    shown = {"figures": [str(path) for path in paths], **found.to_dict()}
    return strict_json.dumps(shown) if json else str(found), paths
