"""JAX: the default study, from the draws to the tables; draws and gradients in chunks dealt to the host devices."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from bench.jobs import GAIN, SEED, lags_to
from bench.peers.base import Variant, bptt_bytes, chunk_sizes
from bench.peers.jax_bptt import CHUNK_BYTES, methods
from bench.peers.verdict import assemble, tables
from bench.pool import Pool


def study(size: int, horizon: int, count: int, pool: Pool) -> Iterator[Variant]:
    """The columns named in `verdict`, its tables having been made too."""
    lags = lags_to(horizon)
    devices = jax.devices("cpu")[: pool.threads]
    eigvals = jax.jit(jnp.linalg.eigvals)
    by_hand = {label: method for label, method in methods(size, lags).items() if "by hand" in label}
    for chunk in chunk_sizes(count, bptt_bytes(size), pool.threads, CHUNK_BYTES):
        for label, method in by_hand.items():
            compiled = jax.jit(_sample_columns(size, horizon, chunk, method))

            def run(chunk: int = chunk, compiled: Callable = compiled) -> np.ndarray:
                pending = []
                for i in range(-(-count // chunk)):
                    seed = jax.random.key(SEED + i, impl="unsafe_rbg")
                    pending.append(compiled(jax.device_put(seed, devices[i % len(devices)])))
                gain, A, gradients = (
                    np.concatenate([np.asarray(part) for part in parts])[:count]
                    for parts in zip(*pending, strict=True)
                )
                # On one device: in JAX 0.10 two calls at once hang for good.
                values = np.asarray(eigvals(jax.device_put(A, devices[0])))
                radius = np.abs(values).max(axis=1)
                columns = assemble(gain, radius, np.linalg.norm(A, axis=(1, 2)), gradients)
                tables(columns, lags)
                return columns

            yield Variant(f"linalg.eigvals and {label}, chunks of {chunk}", run)


def _sample_columns(n: int, horizon: int, chunk: int, method: Callable[..., jax.Array]) -> Callable:
    def columns(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        keys = jax.random.split(key, 6)
        gain = jax.random.uniform(keys[0], (chunk,), minval=GAIN[0], maxval=GAIN[1])
        A = jax.random.normal(keys[1], (chunk, n, n)) * (gain / n**0.5)[:, None, None]
        B = jax.random.normal(keys[2], (chunk, n, 1)) / n**0.5
        x = jax.random.normal(keys[3], (chunk, horizon, 1))
        h0, y = (jax.random.normal(key, (chunk, n)) / n**0.5 for key in keys[4:])
        return gain, A, jax.vmap(method)(A, B, x, h0, y)

    return columns
