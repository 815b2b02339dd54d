"""The command line: each command calls the public API, prints what it returned, and ends with an exit code.

0: done. 1: failed, with one message on stderr, or verified to be wrong. 2: wrong usage. 130: interrupted.
What a program may read goes to stdout; progress and paths of files go to stderr.
"""

import gc
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rhoscope import strict_json
from rhoscope.cli_output import conclude, draw, interruptible, run_preset, say
from rhoscope.errors import ArgumentError, RhoscopeError

app = typer.Typer(
    name="rhoscope",
    help="When do the gradients of a recurrent system vanish or explode, and how well does the "
    "spectral radius foretell it?",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Device = Annotated[str, typer.Option(help='"auto", "cpu" or "cuda".')]
Threads = Annotated[int | None, typer.Option(help="Threads; by default one a core.", show_default=False)]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Do not draw the figures.")]
Format = Annotated[
    list[str] | None,
    typer.Option("--format", help="png, pdf or svg; may be repeated.", show_default=False),
]


def _version(asked: bool) -> None:
    if asked:
        print(metadata.version("rhoscope"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Exists for `--version`."""


@app.command()
def run(
    context: typer.Context,
    study: Annotated[
        Path | None,
        typer.Argument(
            metavar="STUDY.toml", help="The study; without it, the default one.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder to write to; by default rhoscope-run/HASH.", show_default=False
        ),
    ] = None,
    ensemble: Annotated[
        str | None,
        typer.Option(metavar="KIND[:PARAM=VALUE,...]", help="Law of A, such as Elliptic:tau=0.5."),
    ] = None,
    samples: Annotated[int | None, typer.Option(help="How many matrices.")] = None,
    size: Annotated[int | None, typer.Option(help="n, for n x n matrices.")] = None,
    horizon: Annotated[int | None, typer.Option(help="T, time steps.")] = None,
    gain: Annotated[
        tuple[float, float] | None, typer.Option(metavar="LOW HIGH", help="Interval of the gain.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help='"fixed", or "fresh": a new A at every step.')] = None,
    inputs: Annotated[int | None, typer.Option(help="Length of x_t; 0 for no inputs.")] = None,
    dtype: Annotated[str | None, typer.Option(help='Arithmetic, "float64" or "float32".')] = None,
    seed: Annotated[int | None, typer.Option(help="Key of the random generator.")] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="In place of a study: counterexamples.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    no_figures: NoFigures = False,
    json: Json = False,
) -> None:
    """Run a study; end with the verdict, and the figures in DIR/figures.

    A folder that already holds part of the same study is completed.
    """
    if preset is not None:
        run_preset(context, preset, out, figures=not no_figures, json=json)
        return
    import rhoscope as rs
    from rhoscope.cli_study import cost_if_large, study_from
    from rhoscope.progress import show_progress

    question = study_from(
        study,
        ensemble=ensemble,
        samples=samples,
        size=size,
        horizon=horizon,
        gain=gain,
        mode=mode,
        inputs=inputs,
        dtype=dtype,
        seed=seed,
    )
    folder = out or Path("rhoscope-run") / question.hash[:12]
    if large := cost_if_large(question, threads):
        say(large)
    with interruptible(folder):
        with show_progress() as progress:
            result = rs.run(question, folder, device=device, threads=threads, progress=progress)
        conclude(result, folder, figures=not no_figures, json=json)


@app.command()
def resume(
    folder: Folder,
    device: Device = "auto",
    threads: Threads = None,
    no_figures: NoFigures = False,
    json: Json = False,
) -> None:
    """Go on with an interrupted run."""
    import rhoscope as rs
    from rhoscope.progress import show_progress

    with interruptible(folder):
        with show_progress() as progress:
            result = rs.resume(folder, device=device, threads=threads, progress=progress)
        conclude(result, folder, figures=not no_figures, json=json)


@app.command()
def show(folder: Folder, json: Json = False) -> None:
    """Print the study, where the result came from, and the verdict."""
    import rhoscope as rs

    result = rs.load(folder)
    verdict = rs.criterion(result)
    if json:
        shown = {
            "study": result.study.to_table(),
            "provenance": result.provenance,
            "verdict": verdict.to_dict(),
        }
        print(strict_json.dumps(shown))
        return
    print(result.study.to_toml())
    for name, value in result.provenance.items():
        print(f"{name}: {value}")
    print(f"\n{verdict}")


@app.command()
def plot(
    folder: Folder,
    lag: Annotated[
        int | None, typer.Option(help="Lag of the figures at one lag.", show_default=False)
    ] = None,
    format: Format = None,
) -> None:
    """Draw the figures of a run into DIR/figures."""
    import rhoscope as rs

    draw(rs.load(folder), folder, lag=lag, formats=format)


@app.command()
def sample(
    folder: Folder,
    index: Annotated[int, typer.Argument(metavar="INDEX", help="Which sample, from 0.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.npy", help="Save the matrix here.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Print the matrix of one sample, its spectrum, and its columns in the result."""
    import numpy as np

    import rhoscope as rs

    result = rs.load(folder)
    study = result.study
    if not 0 <= index < study.samples:
        raise ArgumentError(f"INDEX: got {index}; {folder} has samples 0 to {study.samples - 1}")
    matrix = study.ensemble.sample(study.size, 1, seed=study.seed, gain=study.gain, start=index)[0]
    columns = {name: getattr(result, name)[index] for name in result.columns}
    spectrum = rs.eigvals(matrix) if np.isfinite(matrix).all() else np.empty(0)
    spectrum = spectrum[np.argsort(-np.abs(spectrum), kind="stable")]
    if out is not None:
        np.save(out, matrix)
    if json:
        shown = {"matrix": matrix, "eigenvalues": spectrum, "lags": result.lags, "columns": columns}
        print(strict_json.dumps(shown))
        return
    with np.printoptions(linewidth=78, precision=6, threshold=100):
        name = "A" if study.mode == "fixed" else "A_1"
        named = {name: matrix, f"eigenvalues of {name}": spectrum, "lags": result.lags, **columns}
        for heading, array in named.items():
            text = str(array)
            print(f"{heading} =\n{text}" if "\n" in text else f"{heading} = {text}")


@app.command()
def verify(
    samples: Annotated[int | None, typer.Option(help="Samples an oracle; by default 20,000.")] = None,
    seed: Annotated[int, typer.Option(help="Key of the random generator.")] = 539,
    only: Annotated[list[str] | None, typer.Option(metavar="FAMILY", help="May be repeated.")] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Hold this installation to what mathematics knows; exit code 1 if it fails any oracle."""
    import rhoscope as rs

    with interruptible(None):
        report = rs.verify(samples, device, seed=seed, only=only, progress=say)
    print(report.to_json() if json else report)
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def info(json: Json = False) -> None:
    """Tell what this installation computes with."""
    import rhoscope as rs

    found = rs.info()
    print(strict_json.dumps(found.to_dict()) if json else found)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line given, by default that of the process, and exit."""
    # A command makes many objects that live until it ends: to search them for garbage took a tenth of its time.
    gc.set_threshold(100_000)
    try:
        app(arguments, prog_name="rhoscope")
    except (RhoscopeError, OSError) as error:
        say(f"rhoscope: {error}")
        sys.exit(1)
    except MemoryError as error:
        say(f"rhoscope: not enough memory ({error}): a smaller size, fewer inputs or fewer threads would do")
        sys.exit(1)
    sys.exit(0)
