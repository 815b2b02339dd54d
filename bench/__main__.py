"""`python -m bench race | study | memory | coverage | gain_table | ptx`: see README.md in this folder."""

import argparse
import json
import os
from pathlib import Path
from typing import Any


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Races between rhoscope and its peers."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    race = commands.add_parser("race", help="kernels against NumPy, SciPy, PyTorch and JAX")
    race.add_argument(
        "--job",
        nargs="+",
        choices="ERLG",
        default=list("ERLG"),
        help="E eigenvalues, R log norms by steps, L by the ladder, G draws",
    )
    race.add_argument("--sizes", nargs="+", type=int, help="sizes n; by default those of each job")
    race.add_argument("--threads", type=int, default=2, help="cores that every contender uses")
    study = commands.add_parser("study", help="the default study in fresh processes, cold and warm")
    memory = commands.add_parser("memory", help="peak memory against the number of samples")
    memory.add_argument("--samples", nargs="+", type=int, default=[10**4, 10**6])
    ptx = commands.add_parser("ptx", help="what each CUDA kernel takes of a GPU, found without one")
    ptx.add_argument("--kernel", nargs="+", help="names of kernels; by default all")
    for command, repeats in ((race, 7), (study, 3)):
        command.add_argument("--repeats", type=int, default=repeats)
    coverage = commands.add_parser(
        "coverage", help="how often the intervals of a verdict hold the truth, in about 10 minutes"
    )
    coverage.add_argument("--study", nargs="+", help="names in bench.coverage.STUDIES; by default CHECKED")
    coverage.add_argument(
        "--samples", type=int, default=1000, help="of a repeat; the truth has 100 times as many"
    )
    coverage.add_argument("--repeats", type=int, default=10_000)
    coverage.add_argument("--threads", type=int, default=2, help="processes")
    for command in (race, study, memory, coverage, ptx):
        command.add_argument("--json", type=Path, metavar="PATH", help="write the records here too")
    commands.add_parser(
        "gain_table", help="remake the table of rs.theory.calibrated_gain, in about 5 minutes"
    )
    return parser.parse_args()


def _one_thread_each(threads: int) -> None:
    """Every library computes with one thread under our pool; libraries read this when they are imported."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    os.environ |= {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={threads}"


def _race(arguments: argparse.Namespace) -> dict[str, Any]:
    _one_thread_each(arguments.threads)
    from bench import race, roof, tables

    measured = roof.roof(arguments.threads)
    records = race.races(arguments.job, arguments.sizes, arguments.repeats, arguments.threads)
    print(tables.roof_line(measured), tables.race_table(records, measured["gigaflops"]), sep="\n\n")
    if "L" in arguments.job:
        print("\n" + tables.horizon_lines([record for record in records if record["job"] == "L"]))
    return {"threads": arguments.threads, "roof": measured, "races": records}


def _processes(arguments: argparse.Namespace) -> dict[str, Any]:
    from bench import processes, tables

    if arguments.command == "study":
        records = processes.study(arguments.repeats)
    else:
        records = processes.memory(arguments.samples, size=8)
    print(tables.process_table(records))
    return {"processes": records}


def _ptx(arguments: argparse.Namespace) -> dict[str, Any]:
    from bench import ptx, tables

    if missing := ptx.missing():
        raise SystemExit(f"python -m bench ptx: {missing}")
    records = ptx.measure(arguments.kernel)
    print(tables.ptx_table(records))
    return {"kernels": records}


def _coverage(arguments: argparse.Namespace) -> dict[str, Any]:
    _one_thread_each(arguments.threads)
    from bench import coverage, tables

    names = arguments.study or coverage.CHECKED
    if unknown := set(names) - set(coverage.STUDIES):
        raise SystemExit(f"--study {' '.join(unknown)}: give one of {', '.join(coverage.STUDIES)}")
    checks = coverage.coverage(names, arguments.samples, arguments.repeats, arguments.threads)
    failed = sum(not check.passed for check in checks)
    print(tables.coverage_table(checks))
    print(f"\n{failed} of {len(checks)} checks failed; false alarm of any: {coverage.FALSE_ALARM:.0%}.")
    return {"failed": failed, "samples": arguments.samples, "checks": [check.to_dict() for check in checks]}


def _machine() -> dict[str, Any]:
    import rhoscope as rs

    found = rs.info().to_dict()
    return {key: found[key] for key in ("cpu", "cpu_features", "cores", "platform", "python", "versions")}


def main() -> None:
    arguments = _arguments()
    if arguments.command == "gain_table":
        from bench import gain_table

        gain_table.write(gain_table.make())
        return
    commands = {"race": _race, "study": _processes, "memory": _processes, "coverage": _coverage, "ptx": _ptx}
    measured = commands[arguments.command](arguments)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": _machine()} | measured, indent=1) + "\n", encoding="utf-8"
        )
    if measured.get("failed"):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
