"""The ratio to the strongest peer against n, a line a job, from the records of a race."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

STYLES = {
    "E": ("#0072B2", "o", "eigenvalues"),
    "R": ("#D55E00", "s", "norms by steps"),
    "F": ("#009E73", "^", "backpropagation"),
    "L": ("#CC79A7", "D", "norms by the ladder"),
    "G": ("#E69F00", "v", "draws"),
    "P": ("#000000", "*", "studies end to end"),
}
"""Colours told apart by all readers (Okabe and Ito, 2008), and a marker beside them."""

DASHES = ("-", "--", ":")


def read(paths: list[Path]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records of races in files, and the machine of the first."""
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [record for content in contents for record in content.get("races", [])], contents[0]["machine"]


def draw(records: list[dict[str, Any]], machine: dict[str, Any]) -> Figure:
    """A line a job with the range of its ratios, on logarithmic axes."""
    figure = Figure(figsize=(7.0, 4.8), layout="constrained")
    axes = figure.add_subplot()
    dashes: dict[str, int] = {}
    for what in dict.fromkeys(record["what"] for record in records):
        rows = sorted((row for row in records if row["what"] == what), key=lambda row: row["size"])
        job = rows[0]["job"]
        colour, marker, label = STYLES[job]
        turn = dashes[job] = dashes.get(job, -1) + 1
        if job == "L":
            label = what.removeprefix("log norms at log-spaced ").replace("by binary powers", "by the ladder")
        ratios = [row["contenders"][row["strongest_peer"]]["ratio"] for row in rows]
        axes.errorbar(
            [row["size"] for row in rows],
            [ratio["median"] for ratio in ratios],
            yerr=[
                [ratio["median"] - ratio["low"] for ratio in ratios],
                [ratio["high"] - ratio["median"] for ratio in ratios],
            ],
            color=colour,
            marker=marker,
            markersize=5,
            linestyle=DASHES[turn % len(DASHES)],
            linewidth=1.2,
            elinewidth=0.8,
            capsize=2,
            label=f"{job}: {label}",
        )
    axes.axhline(1.0, color="0.5", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    sizes = sorted({record["size"] for record in records})
    axes.set_xticks(sizes, [str(size) for size in sizes], fontsize=8)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlabel("n")
    axes.set_ylabel("times faster than the strongest peer")
    axes.set_title(f"Median and range, {machine['cpu']}, cores: {machine['cores']}", fontsize=9)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)  # no curve runs beneath it
    return figure
