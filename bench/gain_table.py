"""The quantiles of the spectral radius of real Ginibre matrices that `rs.theory.calibrated_gain` reads."""

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

import rhoscope as rs
from rhoscope.versions import NUMERICS_VERSION, SAMPLER_VERSION

PATH = Path(__file__).parents[1] / "src" / "rhoscope" / "theory" / "gain_table.json"
SEED = 53_900_000  # a size adds itself to it, so that sizes are independent
SAMPLES = {
    **dict.fromkeys((2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64), 200_000),
    96: 100_000,
    128: 60_000,
}
PROBABILITIES = (0.001, 0.002, 0.005, *(percent / 100 for percent in range(1, 100)), 0.995, 0.998, 0.999)
_CHUNK = 1 << 22  # matrix entries held at once: 32 MB


def make(samples: dict[int, int] = SAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Draw, find the radii, and take their quantiles, a size at a time."""
    rows = []
    for size, count in samples.items():
        begun = time.perf_counter()
        radius, error = quantiles(radii(size, count, seed + size), PROBABILITIES)
        rows.append({"size": size, "samples": count, "radius": radius, "standard_error": error})
        print(f"n = {size}: {count:,} matrices, {time.perf_counter() - begun:.0f} s", flush=True)
    return {
        "what": "quantiles of the spectral radius of RealGinibre at gain 1, and their standard errors",
        "command": "python -m bench gain_table",
        "seed": f"{seed} + size",
        "sampler_version": SAMPLER_VERSION,
        "numerics_version": NUMERICS_VERSION,
        "probabilities": list(PROBABILITIES),
        "sizes": rows,
    }


def radii(size: int, samples: int, seed: int) -> np.ndarray:
    """Spectral radii of samples 0 to `samples` - 1, (samples,)."""
    chunk = max(1, _CHUNK // size**2)
    ensemble = rs.ensembles.RealGinibre()
    return np.concatenate(
        [
            rs.spectral_radius(ensemble.sample(size, min(chunk, samples - start), seed=seed, start=start))
            for start in range(0, samples, chunk)
        ]
    )


def quantiles(values: np.ndarray, probabilities: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """Order statistics at N p, and half the distance of those one binomial standard deviation either side."""
    ordered, count = np.sort(values), len(values)
    found, errors = [], []
    for p in probabilities:
        spread = math.sqrt(count * p * (1.0 - p))
        low, middle, high = (math.ceil(count * p + side * spread) - 1 for side in (-1, 0, 1))
        found.append(round(float(ordered[middle]), 6))
        errors.append(round(float(ordered[high] - ordered[low]) / 2, 6))
    return found, errors


def write(table: dict[str, Any], path: Path = PATH) -> None:
    """Write the table, a line a size."""
    rows = ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in table["sizes"])
    head = ",\n".join(
        f" {json.dumps(key)}: {json.dumps(value)}" for key, value in table.items() if key != "sizes"
    )
    path.write_text(f'{{\n{head},\n "sizes": [\n{rows}\n ]\n}}\n', encoding="utf-8")
