"""Records as Markdown: ratios first, times beside them, the strongest peer named."""

import math
import statistics
from typing import TYPE_CHECKING, Any

from bench.race import OURS

if TYPE_CHECKING:
    from bench.coverage import Check

REACH = {"L1": 32 << 10, "L2": 512 << 10}
"""Bytes up to which a matrix is taken to lie in a cache of one core."""


def roof_line(roof: dict[str, float]) -> str:
    """The roof in one line."""
    levels = ", ".join(
        f"{name.removesuffix('_gigabytes')} {rate:.0f} GB/s"
        for name, rate in roof.items()
        if name != "gigaflops"
    )
    return f"Roof of these cores: {roof['gigaflops']:.0f} GFLOP/s fused multiply-add; reads: {levels}."


def race_table(records: list[dict[str, Any]], roof: dict[str, float]) -> str:
    """One table a job: a row a size, a column a contender; (x) is how many times faster than it we are."""
    return "\n".join(
        line for i, record in enumerate(records) for line in race_lines(record, records[:i], roof)
    )


def race_lines(record: dict[str, Any], before: list[dict[str, Any]], roof: dict[str, float]) -> list[str]:
    """The row of a record, after a heading if it begins another table than those before it."""
    block = [earlier for earlier in before if earlier["what"] == record["what"]]
    first = (block or [record])[0]
    peers = [name for name in first["contenders"] if name != OURS]
    steps = first["bytes_each"] is not None
    row = markdown(_row(record, peers, roof, steps))
    if block:
        return [row]
    head = ["n", "ratio to the strongest (range)", "strongest peer", f"{OURS}, µs"]
    head += ["GFLOP/s (share of peak)", "A read, GB/s (share)"]
    head += ["ratio of steps at the peak"] if steps else []
    head += ["float32, µs (times as fast as float64)"] if record.get("single") else []
    head += [f"{peer}, µs (ratio)" for peer in peers]
    heading = f"### {record['job']}: {record['what']}"
    return [*([""] if before else []), heading, "", markdown(head), markdown(["-"] * len(head)), row]


def markdown(cells: list[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"


def _row(record: dict[str, Any], peers: list[str], roof: dict[str, float], steps: bool) -> list[str]:
    found, strongest = record["contenders"], record["strongest_peer"]
    best = found[strongest]["ratio"]
    ours = found[OURS]["microseconds_each"]
    cells = [
        str(record["size"]),
        f"**{best['median']:.2f}** ({best['low']:.2f} to {best['high']:.2f})",
        f"{strongest}, {found[strongest]['variant']}",
        f"{ours:.3g}",
        _share(record["operations_each"], ours, "", roof.get("gigaflops", math.inf)),
        "",
    ]
    if record["bytes_each"]:
        level = _level(8 * record["size"] ** 2)
        cells[-1] = _share(record["bytes_each"], ours, f" of {level}", roof[f"{level}_gigabytes"])
    if steps:
        # No kernel that makes all these multiply-adds, whoever writes it, has a higher ratio.
        least = record["operations_each"] / roof["gigaflops"] / 1e3
        cells.append(f"{best['median'] * ours / least:.1f}")
    if single := record.get("single"):
        cells.append(f"{single['microseconds_each']:.3g} ({single['ratio']['median']:.2f})")
    for peer in peers:
        theirs = found.get(peer)
        cells.append(f"{theirs['microseconds_each']:.3g} ({theirs['ratio']['median']:.2f})" if theirs else "")
    return cells


def _share(amount: float | None, microseconds: float, of: str, limit: float) -> str:
    rate = amount / microseconds / 1e3 if amount else 0.0
    return f"{rate:.1f} ({rate / limit:.0%}{of})" if rate else ""


def _level(size: int) -> str:
    """The level of memory that holds a matrix of so many bytes on most processors."""
    return next((level for level, reach in REACH.items() if size <= reach), "memory")


def pipeline_lines(record: dict[str, Any]) -> str:
    """What the ratios of a pipeline are of, and where our own time goes."""
    counts = ", ".join(f"{name} {contender['count']:,}" for name, contender in record["contenders"].items())
    middle = {
        name: statistics.median(part[name] for part in record[group])
        for group in ("parts", "kernels")
        for name in record[group][0]
    }
    times = ", ".join(f"{name} {taken:.3g} s" for name, taken in middle.items())
    over_run, over_whole = record["run_over_kernels"], record["whole_over_kernels"]
    return (
        f"n = {record['size']}, samples: {counts}; times are of one sample, in proportion to the whole.\n"
        f"{OURS}: {times}; the run takes {over_run['median']:.2f} ({over_run['low']:.2f} to "
        f"{over_run['high']:.2f}) times its kernels, with the verdict {over_whole['median']:.2f} "
        f"({over_whole['low']:.2f} to {over_whole['high']:.2f})."
    )


def scaling_table(records: list[dict[str, Any]]) -> str:
    """A table an axis: time and peak memory against it."""
    return "\n".join(line for i, record in enumerate(records) for line in scaling_lines(record, records[:i]))


def scaling_lines(record: dict[str, Any], before: list[dict[str, Any]]) -> list[str]:
    """The row of a record, after a heading if it begins another table than those before it."""
    axis = record["axis"]
    taken = sorted(record["seconds"])
    middle = statistics.median(taken)
    row = markdown(
        [
            f"{record[axis]:,}",
            f"n = {record['size']}, T = {record['horizon']:,}, {record['samples']:,} samples",
            str(record["threads"]),
            f"{middle:.3g} ({taken[0]:.3g} to {taken[-1]:.3g})",
            f"{middle / record['samples'] * 1e6:.3g}",
            f"{record['peak_bytes'] / 1e6:.0f}",
        ]
    )
    if any(earlier["axis"] == axis for earlier in before):
        return [row]
    head = [axis, "study", "threads", "seconds, median (range)", "µs a sample", "peak memory, MB"]
    return [*([""] if before else []), f"### {axis}", "", markdown(head), markdown(["-"] * len(head)), row]


def horizon_lines(records: list[dict[str, Any]]) -> str:
    """What the longest horizon of the ladder costs relative to the shortest, for each contender and size."""
    lines = []
    ladder = [record for record in records if record["job"] == "L"]
    for size in dict.fromkeys(record["size"] for record in ladder):
        horizons = [record["contenders"] for record in ladder if record["size"] == size]
        if len(horizons) < 2:
            continue
        short, long = horizons[0], horizons[-1]
        costs = {name: long[name]["microseconds_each"] / short[name]["microseconds_each"] for name in short}
        parts = ", ".join(f"{name} {cost:.2f}" for name, cost in costs.items())
        lines.append(f"Cost of T = 10⁶ over T = 10³ at n = {size}: {parts}.")
    return "\n".join(lines)


def race_notes(records: list[dict[str, Any]]) -> str:
    """What is said below the tables of a race."""
    whole = [pipeline_lines(record) for record in records if record["job"] == "P"]
    return "\n\n".join(filter(None, [horizon_lines(records), *whole]))


def process_table(records: list[dict[str, Any]]) -> str:
    """Fresh processes: seconds and peak memory."""
    lines = ["| what | seconds, median (range) | peak memory, MB |", "| - | - | - |"]
    for record in records:
        taken = sorted(record["seconds"])
        middle = taken[len(taken) // 2]
        spread = f"{middle:.1f} ({taken[0]:.1f} to {taken[-1]:.1f})"
        lines.append(f"| {record['what']} | {spread} | {max(record['peak_bytes']) / 1e6:.0f} |")
    return "\n".join(lines)


def ptx_table(records: list[dict[str, Any]]) -> str:
    """A row a kernel and compute capability: what ptxas says that it takes."""
    head = list(records[0])
    rows = [head, ["-"] * len(head), *([str(record[key]) for key in head] for record in records)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def coverage_table(checks: "list[Check]") -> str:
    """Coverage in per cent for each study and kind of number, and below it each check that needs a word."""
    lines = ["| study | kind | checks | measured, % | should be, % | band, % | failed |", "| - " * 7 + "|"]
    for study, kind in dict.fromkeys((check.study, check.kind) for check in checks):
        rows = [check for check in checks if (check.study, check.kind) == (study, kind)]
        always = [check for check in rows if check.quoted == check.repeats or kind == "accuracy"]
        cells = [
            _range([check.held / check.quoted for check in always]),
            _range([check.expected for check in always]),
            _range([end / check.quoted for check in always for end in (check.low, check.high)]),
        ]
        failed = sum(not check.passed for check in rows)
        lines.append(f"| {study} | {kind} | {len(rows)} | {' | '.join(cells)} | {failed or ''} |")
    lines.append("")
    for check in checks:
        name = f"{check.study}, {' '.join(map(str, check.number))} = {check.truth:.5f}"
        if check.quoted < check.repeats and check.kind != "accuracy":
            share = f"quoted in {check.quoted} of {check.repeats} repeats, {check.quoted - check.held} missed"
            lines.append(f"- {name}: {share}{'' if check.passed else ', FAILED'}")
        elif not check.passed:
            lines.append(f"- {name}: {check.held} held, not {check.low} to {check.high}: FAILED")
    return "\n".join(lines)


def _range(values: list[float]) -> str:
    if not values:
        return ""
    low, high = f"{100 * min(values):.2f}", f"{100 * max(values):.2f}"
    return low if low == high else f"{low} to {high}"
