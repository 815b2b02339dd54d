"""`python -m bench COMMAND`: see README.md in this folder."""

import argparse
import itertools
import os
from pathlib import Path

from bench import arguments as command_line
from bench.results import Results


def _one_thread_each(threads: int) -> None:
    """Every library computes with one thread under our pool; libraries read this when they are imported."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    os.environ |= {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={threads}"


def _race(arguments: argparse.Namespace, results: Results) -> None:
    _one_thread_each(arguments.threads)
    from bench import pipeline, race, roof, tables

    measured = roof.roof(arguments.threads)
    print(tables.roof_line(measured), end="\n\n", flush=True)
    letters = [letter for letter in arguments.job if letter != "P"]
    running = race.races(letters, arguments.sizes, arguments.repeats, arguments.threads)
    if "P" in arguments.job:
        whole = pipeline.pipelines(arguments.sizes, arguments.repeats, arguments.threads)
        running = itertools.chain(running, whole)
    records = []
    for record in running:
        print("\n".join(tables.race_lines(record, records, measured)), flush=True)
        records.append(record)
        text = f"{tables.roof_line(measured)}\n\n{tables.race_table(records, measured)}"
        if notes := tables.race_notes(records):
            text += f"\n\n{notes}"
        results.keep({"threads": arguments.threads, "roof": measured, "races": records}, text)
    if notes := tables.race_notes(records):
        print(f"\n{notes}")


def _pipeline(arguments: argparse.Namespace, results: Results) -> None:
    _one_thread_each(arguments.threads)
    from bench import pipeline, tables

    record = pipeline.pipeline(
        arguments.size,
        arguments.horizon,
        arguments.samples,
        arguments.peer_samples,
        arguments.repeats,
        arguments.threads,
    )
    text = f"{tables.race_table([record], {})}\n\n{tables.pipeline_lines(record)}"
    print(text)
    results.keep({"threads": arguments.threads, "races": [record]}, text)


def _scaling(arguments: argparse.Namespace, results: Results) -> None:
    from bench import scaling, tables

    names = ("samples", "horizons", "sizes", "threads", "size")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    records = []
    for record in scaling.scaling(arguments.axes or scaling.AXES, repeats=arguments.repeats, **given):
        print("\n".join(tables.scaling_lines(record, records)), flush=True)
        records.append(record)
        results.keep({"scaling": records}, tables.scaling_table(records))


def _processes(arguments: argparse.Namespace, results: Results) -> None:
    from bench import processes, tables

    if arguments.command == "study":
        records = processes.study(arguments.repeats)
    else:
        records = processes.memory(arguments.samples, size=8)
    text = tables.process_table(records)
    print(text)
    results.keep({"processes": records}, text)


def _ptx(arguments: argparse.Namespace, results: Results) -> None:
    from bench import ptx, tables

    if missing := ptx.missing():
        raise SystemExit(f"python -m bench ptx: {missing}")
    records = ptx.measure(arguments.kernel)
    text = tables.ptx_table(records)
    print(text)
    results.keep({"kernels": records}, text)


def _coverage(arguments: argparse.Namespace, results: Results) -> None:
    _one_thread_each(arguments.threads)
    from bench import coverage, tables

    names = arguments.study or coverage.CHECKED
    if unknown := set(names) - set(coverage.STUDIES):
        raise SystemExit(f"--study {' '.join(unknown)}: give one of {', '.join(coverage.STUDIES)}")
    checks = coverage.coverage(names, arguments.samples, arguments.repeats, arguments.threads)
    failed = sum(not check.passed for check in checks)
    text = tables.coverage_table(checks)
    print(text)
    print(f"\n{failed} of {len(checks)} checks failed; false alarm of any: {coverage.FALSE_ALARM:.0%}.")
    records = [check.to_dict() for check in checks]
    results.keep({"failed": failed, "samples": arguments.samples, "checks": records}, text)
    if failed:
        raise SystemExit(1)


def _figure(paths: list[Path], out: Path | None) -> None:
    from bench import figure

    path = out or paths[0].with_suffix(".svg")
    figure.draw(*figure.read(paths)).savefig(path)
    print(path)


def main() -> None:
    arguments = command_line.parse()
    if arguments.command == "figure":
        _figure(arguments.results, arguments.out)
    elif arguments.command == "gpu":
        from bench import gpu

        if not gpu.measure(arguments):
            raise SystemExit(1)
    elif arguments.command == "gain_table":
        from bench import gain_table

        gain_table.write(gain_table.make())
    else:
        commands = {
            "race": _race,
            "pipeline": _pipeline,
            "scaling": _scaling,
            "study": _processes,
            "memory": _processes,
            "coverage": _coverage,
            "ptx": _ptx,
        }
        results = Results(arguments.command, getattr(arguments, "save", None), arguments.json)
        commands[arguments.command](arguments, results)


if __name__ == "__main__":
    main()
