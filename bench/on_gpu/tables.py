"""What was measured on a GPU as Markdown: ratios first, times beside them, what was left out at the end."""

from typing import Any

from bench.race import OURS
from bench.tables import markdown

Record = dict[str, Any]


def text(machine: Record, records: list[Record]) -> str:
    """The whole report so far."""
    roof = next((record for record in records if record["kind"] == "roof"), {})
    lines = [
        f"{machine['device']}, driver {machine['driver']}, {machine['cores']} cores of the host ({machine['cpu']}).",
        ", ".join(f"{name} {version}" for name, version in machine["versions"].items()) + ".",
    ]
    if roof:
        lines += ["", roof_line(roof)]
    lines += _checks([record for record in records if record["kind"] == "check"])
    lines += _forms([record for record in records if record["kind"] == "forms"])
    lines += _oracles([record for record in records if record["kind"] == "oracles"])
    races = {(record["job"], record["size"]): record for record in records if record["kind"] == "race"}
    for job in dict.fromkeys(job for job, _ in races):
        lines += _races([record for record in races.values() if record["job"] == job], roof)
    notes = [record["text"] for record in records if record["kind"] == "note"]
    if notes:
        lines += ["", "Left out or cut:", "", *(f"- {note}" for note in notes)]
    return "\n".join(lines)


def roof_line(roof: Record) -> str:
    """The roof in one line."""
    return (
        f"Roof of this GPU: {roof['gigaflops']:,.0f} GFLOP/s fused multiply-add in float64; "
        f"{roof['shared_gigabytes']:,.0f} GB/s read from shared memory; {roof['copy_gigabytes']:,.0f} GB/s moved by "
        "a copy."
    )


def _checks(checks: list[Record]) -> list[str]:
    if not checks:
        return []
    failed = sum(not check["passed"] for check in checks)
    numbers, equal = (sum(check[key] for check in checks) for key in ("numbers", "equal"))
    lines = [
        "",
        "### Kernels against the CPU",
        "",
        f"{len(checks) - failed} of {len(checks)} checks passed; {equal:,} of {numbers:,} numbers have the same bits.",
    ]
    differing = [check for check in checks if check["equal"] < check["numbers"]]
    if differing:
        head = ["check", "numbers", "same bits", "largest difference", "of", "passed"]
        lines += ["", markdown(head), markdown(["-"] * len(head))]
        for check in differing:
            cells = [check["what"], f"{check['numbers']:,}", f"{check['equal']:,}", f"{check['worst']:.1e}"]
            lines.append(markdown([*cells, check["column"], "yes" if check["passed"] else "**no**"]))
    return lines


def _forms(records: list[Record]) -> list[str]:
    if not records:
        return []
    head = ["job", "n", "thread, µs", "block, µs", "thread / block (range)", "faster", "the same"]
    lines = ["", "### A thread or a block a matrix", "", markdown(head), markdown(["-"] * len(head))]
    for record in sorted(records, key=lambda record: ("ERF".index(record["job"]), record["size"])):
        each, ratio = record["microseconds_each"], record["ratio"]
        cells = [record["job"], str(record["size"]), f"{each['lanes']:.3g}", f"{each['blocks']:.3g}"]
        cells.append(f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})")
        cells.append("block" if ratio["low"] > 1.0 else "thread" if ratio["high"] < 1.0 else "not told apart")
        lines.append(markdown([*cells, "yes" if record["passed"] else "**no**"]))
    return lines


def _oracles(families: list[Record]) -> list[str]:
    if not families:
        return []
    asked, failed = (
        sum(record["count"] for record in families),
        [name for record in families for name in record["failed"]],
    )
    lines = ["", "### Oracles", "", f"{asked - len(failed)} of {asked} passed in {len(families)} families."]
    return [*lines, *(f"- **failed**: {name}" for name in failed)]


def _races(records: list[Record], roof: Record) -> list[str]:
    peers = list(dict.fromkeys(name for record in records for name in record["contenders"] if name != OURS))
    head = [
        "n",
        "ratio to the strongest (range)",
        "strongest",
        f"{OURS}, µs",
        "a second",
        "GFLOP/s (share of peak)",
    ]
    head += [f"{peer}, µs (ratio)" for peer in peers]
    lines = [
        "",
        f"### {records[0]['job']}: {records[0]['what']}",
        "",
        markdown(head),
        markdown(["-"] * len(head)),
    ]
    return lines + [markdown(_cells(record, peers, roof)) for record in records]


def _cells(record: Record, peers: list[str], roof: Record) -> list[str]:
    found, strongest = record["contenders"], record["strongest_peer"]
    cells = [str(record["size"]), "", "", "", "", ""]
    if strongest:
        best = found[strongest]["ratio"]
        cells[1] = f"**{best['median']:.1f}** ({best['low']:.1f} to {best['high']:.1f})"
        cells[2] = f"{strongest}, {found[strongest]['variant']}"
    if OURS in found:
        ours = found[OURS]["microseconds_each"]
        each = record["size"] ** 2 if record["job"] == "G" else 1  # numbers drawn, not matrices
        cells[3:5] = f"{ours:.3g}", f"{each * 1e6 / ours:.3g}"
        if record["operations_each"]:
            rate = record["operations_each"] / ours / 1e3
            cells[5] = f"{rate:,.0f}" + (f" ({rate / roof['gigaflops']:.0%})" if roof else "")
    for peer in peers:
        theirs = found.get(peer)
        ratio = f" ({theirs['ratio']['median']:.1f})" if theirs and "ratio" in theirs else ""
        cells.append(f"{theirs['microseconds_each']:.3g}{ratio}" if theirs else "")
    return cells
