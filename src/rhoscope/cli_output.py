"""What the commands tell the user: messages and figures on the way, the verdict, and how to go on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rhoscope import strict_json
from rhoscope.errors import ArgumentError

if TYPE_CHECKING:
    from rhoscope.result import Result
    from rhoscope.verdict import Verdict

INTERRUPTED = 130


def say(text: str) -> None:
    """Tell the user what a program that reads stdout should not see."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def interruptible(folder: Path | None) -> Iterator[None]:
    """On Ctrl-C, say how to go on and end with the code for it."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        kept = f"stopped; go on with `rhoscope resume {folder}`" if folder and folder.exists() else "stopped"
        say(f"rhoscope: {str(interrupt) or kept}")
        raise typer.Exit(INTERRUPTED) from None


def conclude(result: "Result", folder: Path, *, figures: bool, json: bool) -> None:
    """The verdict on stdout, the figures in the folder."""
    import rhoscope as rs

    verdict = rs.criterion(result)
    if not json:
        print(verdict)
    paths = draw(result, folder, verdict) if figures else []
    if json:
        shown = {
            "folder": str(folder),
            "figures": [str(path) for path in paths],
            "verdict": verdict.to_dict(),
        }
        print(strict_json.dumps(shown))
    say(f"result in {folder}")


def draw(
    result: "Result",
    folder: Path,
    verdict: "Verdict | None" = None,
    *,
    lag: int | None = None,
    formats: list[str] | None = None,
) -> list[Path]:
    """Save every figure into the folder's `figures`."""
    import rhoscope as rs

    paths = []
    for name, figure in rs.plots.all_figures(result, verdict, lag=lag).items():
        paths += rs.plots.save(figure, folder / "figures" / name, formats=formats)
    say(f"figures in {folder / 'figures'}")
    return paths


def run_preset(context: typer.Context, preset: str, out: Path | None, **output: bool) -> None:
    """Print what a preset finds in place of a study."""
    from rhoscope.cli_preset import check_preset, run_counterexamples

    given = [name for name in context.params if "COMMANDLINE" in str(context.get_parameter_source(name))]
    try:
        check_preset(preset, given)
    except ArgumentError as error:
        raise typer.BadParameter(str(error), param_hint="--preset") from None
    with interruptible(None):
        text, paths = run_counterexamples(out or Path("rhoscope-run") / preset, **output)
    print(text)
    for path in paths[:1]:
        say(f"figures in {path.parent}")
