"""Records as Markdown: ratios first, times beside them, the strongest peer named."""

from typing import TYPE_CHECKING, Any

from bench.race import OURS

if TYPE_CHECKING:
    from bench.coverage import Check


def roof_line(roof: dict[str, float]) -> str:
    """The roof in one line."""
    levels = ", ".join(
        f"{name.removesuffix('_gigabytes')} {rate:.0f} GB/s"
        for name, rate in roof.items()
        if name != "gigaflops"
    )
    return f"Roof of these cores: {roof['gigaflops']:.0f} GFLOP/s fused multiply-add; reads: {levels}."


def race_table(records: list[dict[str, Any]], peak: float) -> str:
    """One table a job: a row a size, a column a contender; (x) is how many times faster than it we are."""
    blocks = []
    for what in dict.fromkeys(record["what"] for record in records):
        rows = [record for record in records if record["what"] == what]
        peers = [name for name in dict.fromkeys(n for row in rows for n in row["contenders"]) if name != OURS]
        head = [
            "n",
            "ratio to the strongest (range)",
            "strongest peer",
            f"{OURS}, µs",
            "GFLOP/s (share of peak)",
        ]
        table = [head + [f"{peer}, µs (ratio)" for peer in peers]]
        table += [_row(row, peers, peak) for row in rows]
        table.insert(1, ["-"] * len(table[0]))
        lines = ["| " + " | ".join(cells) + " |" for cells in table]
        blocks.append(f"### {rows[0]['job']}: {what}\n\n" + "\n".join(lines))
    return "\n\n".join(blocks)


def _row(record: dict[str, Any], peers: list[str], peak: float) -> list[str]:
    found, strongest = record["contenders"], record["strongest_peer"]
    best = found[strongest]["ratio"]
    ours = found[OURS]["microseconds_each"]
    rate = record["operations_each"] / ours / 1e3 if record["operations_each"] else None
    cells = [
        str(record["size"]),
        f"**{best['median']:.2f}** ({best['low']:.2f} to {best['high']:.2f})",
        f"{strongest}, {found[strongest]['variant']}",
        f"{ours:.3g}",
        f"{rate:.1f} ({rate / peak:.0%})" if rate else "",
    ]
    for peer in peers:
        theirs = found.get(peer)
        cells.append(f"{theirs['microseconds_each']:.3g} ({theirs['ratio']['median']:.2f})" if theirs else "")
    return cells


def horizon_lines(records: list[dict[str, Any]]) -> str:
    """What the longest horizon of the ladder costs relative to the shortest, for each contender and size."""
    lines = []
    for size in dict.fromkeys(record["size"] for record in records):
        short, *_, long = [record["contenders"] for record in records if record["size"] == size]
        costs = {name: long[name]["microseconds_each"] / short[name]["microseconds_each"] for name in short}
        parts = ", ".join(f"{name} {cost:.2f}" for name, cost in costs.items())
        lines.append(f"Cost of T = 10⁶ over T = 10³ at n = {size}: {parts}.")
    return "\n".join(lines)


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
