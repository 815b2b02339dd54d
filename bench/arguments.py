"""The command line of `python -m bench`."""

import argparse
from pathlib import Path

from bench import gpu
from bench.results import FOLDER

RACE_HELP = (
    "Every contender in its best variant, answers compared first, timed in turn. With all jobs at their default "
    "sizes about an hour and a half on two cores; one job at one size takes 10 to 60 s, most of it JAX compiling and "
    "the slower peers. Each row of the table is printed, and the file of --save or --json written anew, as soon as it "
    "is measured, so that an interrupted race is not lost."
)
PIPELINE_HELP = (
    "The default study (50,000 samples of n = 32, T = 1,000): rs.run and rs.criterion against draws, eigenvalues, "
    "gradients and tables as a good user of NumPy, PyTorch or JAX would write them. Peers take fewer samples, and "
    "times are per sample. About 5 minutes on two cores; with --samples 2000 --peer-samples 200 half a minute."
)
SCALING_HELP = (
    "rs.run in processes of its own: samples 10³ to 10⁶ at n = 8, horizon 10² to 10⁶, n from 2 to 512, threads. About "
    "15 minutes on two cores; a minute with --samples 1000 10000 --horizons 100 10000 --sizes 8 32 --repeats 1."
)


def parse() -> argparse.Namespace:
    """The arguments given."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Races between rhoscope and its peers, and other measurements."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    timed = _races(commands)
    coverage, ptx = _others(commands)
    for command in timed:
        command.add_argument(
            "--save",
            type=Path,
            nargs="?",
            const=FOLDER,
            metavar="FOLDER",
            help="write JSON and Markdown, named by date, processor and command; by default to bench/results",
        )
    for command in (*timed, coverage, ptx):
        command.add_argument("--json", type=Path, metavar="PATH", help="write the records here too")
    return parser.parse_args()


def _races(commands: "argparse._SubParsersAction") -> list[argparse.ArgumentParser]:
    race = commands.add_parser(
        "race", help="kernels against NumPy, SciPy, PyTorch and JAX", description=RACE_HELP
    )
    race.add_argument(
        "--job",
        nargs="+",
        choices="ERFLGP",
        default=list("ERFLGP"),
        help="E eigenvalues, R log norms by steps, F backpropagation through time, L the ladder, G draws, P a study "
        "from draws to verdict",
    )
    race.add_argument("--sizes", nargs="+", type=int, help="sizes n; by default those of each job")
    pipeline = commands.add_parser(
        "pipeline", help="the default study against the peers", description=PIPELINE_HELP
    )
    pipeline.add_argument("--size", type=int, default=32)
    pipeline.add_argument("--horizon", type=int, default=1000)
    pipeline.add_argument("--samples", type=int, default=50_000)
    pipeline.add_argument("--peer-samples", type=int, default=2_000)
    for command in (race, pipeline):
        command.add_argument("--threads", type=int, default=2, help="cores that every contender uses")
    scaling = commands.add_parser(
        "scaling", help="time and memory against samples, horizon, n, threads", description=SCALING_HELP
    )
    scaling.add_argument("--axes", nargs="+", choices=("samples", "horizon", "size", "threads"))
    for values in ("samples", "horizons", "sizes", "threads"):
        scaling.add_argument(f"--{values}", nargs="+", type=int)
    scaling.add_argument(
        "--size", type=int, help="of the studies whose horizon or threads grow, by default 32"
    )
    study = commands.add_parser("study", help="the default study in fresh processes, cold and warm")
    memory = commands.add_parser("memory", help="peak memory against the number of samples")
    memory.add_argument("--samples", nargs="+", type=int, default=[10**4, 10**6])
    for command, repeats in ((race, 7), (pipeline, 5), (scaling, 3), (study, 3)):
        command.add_argument("--repeats", type=int, default=repeats)
    figure = commands.add_parser("figure", help="the ratios of a race against n, from its JSON")
    figure.add_argument("results", nargs="+", type=Path, help="JSON of races, drawn together")
    figure.add_argument("--out", type=Path, help="by default the first of them with .svg")
    return [race, pipeline, scaling, study, memory]


def _others(
    commands: "argparse._SubParsersAction",
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    ptx = commands.add_parser("ptx", help="what each CUDA kernel takes of a GPU, found without one")
    ptx.add_argument("--kernel", nargs="+", help="names of kernels; by default all")
    coverage = commands.add_parser(
        "coverage", help="how often the intervals of a verdict hold the truth, in about 10 minutes"
    )
    coverage.add_argument("--study", nargs="+", help="names in bench.coverage.STUDIES; by default CHECKED")
    coverage.add_argument(
        "--samples", type=int, default=1000, help="of a repeat; the truth has 100 times as many"
    )
    coverage.add_argument("--repeats", type=int, default=10_000)
    coverage.add_argument("--threads", type=int, default=2, help="processes")
    gpu.add_arguments(
        commands.add_parser(
            "gpu", help="correctness, races and roof on a GPU, in under 8 minutes", description=gpu.__doc__
        )
    )
    commands.add_parser(
        "gain_table", help="remake the table of rs.theory.calibrated_gain, in about 5 minutes"
    )
    return coverage, ptx
