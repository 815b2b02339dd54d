"""JAX on the CPU: a batch in chunks, dealt to one host device per core."""

from collections.abc import Callable

import jax
import numpy as np

from bench.pool import Pool


def on_devices(
    function: Callable[..., jax.Array], arrays: tuple[np.ndarray, ...], pool: Pool, chunk: int
) -> Callable[[], np.ndarray]:
    """Run `function` on chunks of the arrays, which lie on their devices before the clock starts.

    A chunk that divides the batch is taken if there is one not much shorter: each length compiles anew.
    """
    count = len(arrays[0])
    chunk = next((length for length in range(chunk, chunk // 2, -1) if count % length == 0), chunk)
    devices = jax.devices("cpu")[: pool.threads]
    placed = [
        [jax.device_put(array[start : start + chunk], devices[i % len(devices)]) for array in arrays]
        for i, start in enumerate(range(0, count, chunk))
    ]
    compiled = jax.jit(function)

    def run() -> np.ndarray:
        pending = [compiled(*part) for part in placed]
        return np.concatenate([np.asarray(part) for part in pending])

    return run
