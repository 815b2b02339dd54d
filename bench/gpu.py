"""`python -m bench gpu`, or `python bench/gpu.py`: all there is to know of rhoscope on a GPU, in under 8 minutes.

Correctness, then speed beside the peers, and the roof. Each part runs in a process of its own and within a time of its
own, so that neither a peer that hangs nor a device that fails takes the others along.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # and not this folder, whose modules have the names of others
    sys.path.insert(1, str(ROOT / "src"))

from bench.on_gpu import tables  # noqa: E402
from bench.results import FOLDER, Results  # noqa: E402
from rhoscope.cores import available_cores  # noqa: E402

Record = dict[str, Any]

SECONDS = 465.0
PARTS = {
    "roof": 20,
    "kernels": 110,
    "forms": 30,
    "oracles": 55,
    "E": 65,
    "R": 60,
    "F": 55,
    "G": 20,
    "study": 60,
}
"""In this order, each with its share of the time; what one leaves over goes to those after it.

The roof, which takes seconds, goes first, so that the tables of the others can say what share of it they reach.
"""
GRACE = 3.0
"""Seconds that a part gets to end by itself once its time is over."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="by default all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that all parts together may take")
    parser.add_argument(
        "--small", action="store_true", help="tiny sizes, to try the command itself, in Numba's simulator too"
    )
    parser.add_argument("--threads", type=int, help="of peers on the host; by default one a core")
    parser.add_argument(
        "--save",
        type=Path,
        nargs="?",
        const=FOLDER,
        metavar="FOLDER",
        help="write JSON and Markdown, named by date, device and command; by default to bench/results",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the records here too")


def measure(given: argparse.Namespace) -> bool:
    """Run the parts and keep what they find as it comes; whether all were right and whole."""
    ends = time.monotonic() + given.seconds
    threads = given.threads or available_cores()
    command = [str(threads), *(["--small"] if given.small else [])]
    machine = next(_found("machine", given.seconds / 4, command))
    if not machine.get("usable"):
        raise SystemExit(f"python -m bench gpu: there is no GPU to measure: {machine['text']}")
    results = Results("gpu", given.save, given.json, describe=lambda: machine)
    records: list[Record] = []
    print(tables.text(machine, records), flush=True)
    right = True
    for done, part in enumerate(given.parts):
        after = sum(PARTS[name] for name in given.parts[done:])
        seconds = max(0.0, ends - time.monotonic()) * PARTS[part] / after
        print(f"\n{part}, {seconds:.0f} s at most", file=sys.stderr, flush=True)
        began = time.monotonic()
        for record in _found(part, seconds, command):
            records.append(record | {"part": part, "after": round(time.monotonic() - began, 1)})
            right &= _right(record)
            print(_line(record), file=sys.stderr, flush=True)
            results.keep({"records": records}, tables.text(machine, records))
    print("\n" + tables.text(machine, records))
    return right


def _right(record: Record) -> bool:
    return record.get("passed", True) and not record.get("failed")


def _line(record: Record) -> str:
    kept = {key: value for key, value in record.items() if key != "contenders"}
    return json.dumps(kept, ensure_ascii=False)


def _found(part: str, seconds: float, command: list[str]) -> Iterator[Record]:
    """The records of a part, each as it comes; a note where the part was cut or broke."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH")))
        ),
        # Pools of threads drive the libraries on the host, and the frameworks share the device's memory.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "JAX_ENABLE_X64": "1",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    program = [sys.executable, "-m", "bench.on_gpu.part", part, f"{seconds:.1f}", *command]
    process = subprocess.Popen(program, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    ends = time.monotonic() + seconds + GRACE
    try:
        while (line := lines.get(timeout=max(0.0, ends - time.monotonic()))) is not None:
            yield json.loads(line)
        _ended(process, max(GRACE, ends - time.monotonic()))  # what lies on the device is given back first
    except queue.Empty:
        yield {"kind": "note", "text": f"{part}: cut after {seconds:.0f} s"}
        return
    finally:
        if process.poll() is None and not _ended(process, GRACE):
            process.kill()
            _ended(process, GRACE)  # one that waits for the driver does not end before that answers
        reader.join(GRACE)
    if process.returncode:
        text = f"{part}: ended with exit code {process.returncode}; its last words are above"
        yield {"kind": "note", "text": text, "failed": [part]}


def _read(process: subprocess.Popen, lines: queue.Queue) -> None:
    assert process.stdout is not None
    with process.stdout as printed:
        for line in printed:
            lines.put(line)
    lines.put(None)


def _ended(process: subprocess.Popen, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/gpu.py", description=__doc__)
    add_arguments(parser)
    if not measure(parser.parse_args()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
