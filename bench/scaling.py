"""Time and peak memory of `rs.run` against samples, horizon, size and threads, each run in a process of its own."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from bench.jobs import SIZES
from bench.processes import measure
from rhoscope.cores import available_cores

AXES = ("samples", "horizon", "size", "threads")

SAMPLES = tuple(10**k for k in range(3, 7))
HORIZONS = tuple(10**k for k in range(2, 7))

SMALL = 8
"""The size of the studies that grow in samples."""

_SCRIPT = """
import json, sys, tempfile, time
import rhoscope as rs
fields, threads, repeats = json.loads(sys.argv[1])
study = rs.Study(**fields)
# Kernels are compiled, or loaded, before the clock starts.
rs.run(study.replace(samples=min(study.samples, 16), horizon=min(study.horizon, 256)), device="cpu", threads=threads)
taken = []
for _ in range(repeats):
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        rs.run(study, folder + "/run", device="cpu", threads=threads)
        taken.append(time.perf_counter() - start)
print(json.dumps(taken))
"""


def scaling(
    axes: Sequence[str],
    *,
    samples: Sequence[int] = SAMPLES,
    horizons: Sequence[int] = HORIZONS,
    sizes: Sequence[int] = SIZES,
    threads: Sequence[int] | None = None,
    size: int = 32,
    repeats: int = 3,
) -> Iterator[dict[str, Any]]:
    """A record for every value on every axis; `size` is that of the studies whose horizon or threads grow."""
    cores = available_cores()
    values = {
        "samples": samples,
        "horizon": horizons,
        "size": sizes,
        "threads": threads or [*(2**k for k in range(cores.bit_length() - 1)), cores],
    }
    for axis in axes:
        for value in values[axis]:
            fields = _study(axis, value, size)
            used = value if axis == "threads" else cores
            command = (sys.executable, "-c", _SCRIPT, json.dumps([fields, used, repeats]))
            _, peak, printed = measure(command)
            yield {
                "axis": axis,
                **fields,
                "threads": used,
                "seconds": json.loads(printed),
                "peak_bytes": peak,
            }


def _study(axis: str, value: int, size: int) -> dict[str, int]:
    """Fields of a study that takes some seconds wherever it stands on the axis, unless that is of samples."""
    if axis == "samples":
        return {"size": SMALL, "horizon": 1000, "samples": value}
    if axis == "horizon":
        return {"size": size, "horizon": value, "samples": max(16, min(4096, 20_000_000 // value))}
    n = value if axis == "size" else size
    samples = 20_000_000 // (n * n + 20 * n) // 16 * 16
    return {"size": n, "horizon": 1000, "samples": max(16, min(16_384, samples))}
