"""What a run shows of itself, on a terminal and elsewhere."""

import io

from rhoscope.progress import LINE_SECONDS, PlainLines, Progress, show_progress


def event(done: int, elapsed: float, message: str = "") -> Progress:
    rate = done / elapsed if done else None
    remaining = (10_000 - done) / rate if rate else None
    return Progress(done, 10_000, done // 1000, 10, elapsed, rate, remaining, message)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_event_reads_as_a_line() -> None:
    assert str(event(0, 0.0)) == "0 of 10,000 samples"
    assert str(event(2000, 1.0)) == "2,000 of 10,000 samples, 2,000 a second, 4 s left"
    assert str(event(10_000, 4.0)) == "10,000 of 10,000 samples, 2,500 a second"
    assert str(event(0, 1.0, "compiling francis")) == "0 of 10,000 samples, compiling francis"


def test_plain_lines_come_at_intervals_and_at_both_ends() -> None:
    stream = io.StringIO()
    with show_progress(stream) as show:
        assert isinstance(show, PlainLines)
        for done, elapsed in [(0, 0.0), (1000, 1.0), (2000, LINE_SECONDS), (3000, LINE_SECONDS + 1)]:
            show(event(done, elapsed))
        show(event(3000, LINE_SECONDS + 2, "compiling"))
        show(event(10_000, LINE_SECONDS + 3))
    counts = [line.split(" of ")[0] for line in stream.getvalue().splitlines()]
    assert counts == ["0", "2,000", "3,000", "10,000"]
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_has_a_bar_with_rate_and_message() -> None:
    stream = Terminal()
    with show_progress(stream) as show:
        show(event(2000, 1.0, "compiling francis"))
        show(event(10_000, 2.0))
    shown = stream.getvalue()
    assert "10000/10000" in shown
    assert "5,000/s" in shown
