"""How far a run has come: the event that a callback receives, and two ways of showing it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rhoscope.plan import duration

LINE_SECONDS = 10.0  # between two plain lines


@dataclass(frozen=True)
class Progress:
    """How far a run has come. Counts include what an earlier run left done; the rate does not."""

    done: int  # samples
    total: int
    shards_done: int
    shards_total: int
    elapsed: float  # seconds since this call began
    rate: float | None  # samples a second, None before the first shard of this call
    remaining: float | None  # seconds
    message: str = ""

    def __str__(self) -> str:
        parts = [f"{self.done:,} of {self.total:,} samples"]
        if self.rate is not None:
            parts.append(f"{self.rate:,.0f} a second")
        if self.remaining:
            parts.append(f"{duration(self.remaining)} left")
        return ", ".join(parts + [self.message] * bool(self.message))


@contextmanager
def show_progress(stream: TextIO | None = None) -> Iterator[Callable[[Progress], None]]:
    """A callback for `run`: on a terminal a bar with rate and remaining time, else a line at intervals."""
    terminal = stream or sys.stderr
    if not terminal.isatty():
        yield PlainLines(terminal)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}"),
    )
    with RichProgress(*columns, console=Console(file=terminal)) as bar:
        task = bar.add_task("samples", total=None, rate="", message="")

        def show(event: Progress) -> None:
            rate = "" if event.rate is None else f"{event.rate:,.0f}/s"
            bar.update(task, total=event.total, completed=event.done, rate=rate, message=event.message)

        yield show


class PlainLines:
    """Prints the first event, the last, those with a message, and between them one every ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0

    def __call__(self, event: Progress) -> None:
        if event.elapsed >= self._next or event.done == event.total or event.message:
            print(event, file=self._stream, flush=True)
            self._next = event.elapsed + LINE_SECONDS
