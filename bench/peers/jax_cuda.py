"""JAX on a GPU: jit(vmap(scan)) in batches that the second-level cache holds, and more."""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from bench.on_gpu.data import CHECKED, Data, Entry
from bench.peers.base import bptt_bytes, chunk_sizes
from bench.peers.jax_ import steps
from bench.peers.jax_bptt import methods

name = "JAX"

EIGENVALUES = 256
"""Matrices of job E: the solver takes them one by one, in about a millisecond each."""
BATCH_BYTES = (4e7, 4e8)
"""Of matrices: what a second-level cache of 40 to 60 MB holds, and what streams from memory."""


def eigvals(data: Data) -> Iterator[Entry]:
    """linalg.eigvals of a batch on the device; older releases have it on the host alone, and say so."""
    count = min(EIGENVALUES, data.block)
    A = jax.device_put(data.A[:count])
    compiled = jax.jit(jnp.linalg.eigvals)
    yield Entry(
        "linalg.eigvals on the device",
        count,
        lambda: jax.block_until_ready(compiled(A)),
        lambda: np.asarray(compiled(A))[:CHECKED],
    )


def _batches(
    label: str,
    method: Callable[..., jax.Array],
    arrays: tuple[np.ndarray, ...],
    data: Data,
    bytes_each: int,
) -> Iterator[Entry]:
    compiled = jax.jit(jax.vmap(method))
    for length in chunk_sizes(data.many, bytes_each, 1, BATCH_BYTES):
        length = min(length, data.block)
        batches = [
            [jax.device_put(array[start : start + length]) for array in arrays]
            for start in range(0, data.block - length + 1, length)
        ]
        count = max(1, data.many // length // 8)

        def run(batches: list = batches, count: int = count) -> None:
            jax.block_until_ready([compiled(*batches[i % len(batches)]) for i in range(count)])

        def answer(batches: list = batches) -> np.ndarray:
            return np.asarray(compiled(*batches[0]))[:CHECKED]

        yield Entry(f"{label}, batches of {length}", count * length, run, answer)


def log_norms(data: Data) -> Iterator[Entry]:
    """A scan of the product, written as einsum, and as broadcast and sum at sizes that may favour it."""
    lags = tuple(data.lags.tolist())
    products: dict[str, Callable] = {"einsum": lambda d, a: jnp.einsum("i,ij->j", d, a)}
    if data.n <= 16:
        products["broadcast and sum"] = lambda d, a: jnp.sum(d[:, None] * a, axis=0)
    for label, product in products.items():
        arrays = data.A, data.y
        yield from _batches(f"scan of {label}", partial(steps, product, lags), arrays, data, 8 * data.n**2)


def backpropagation(data: Data) -> Iterator[Entry]:
    """The adjoint by hand, and the gradient of a scan."""
    given = data.A, data.B, data.x, data.h0, data.y
    for label, method in methods(data.n, data.lags).items():
        yield from _batches(label, method, given, data, bptt_bytes(data.n))


def normals(data: Data) -> Iterator[Entry]:
    """The faster generator that XLA brings, and Threefry."""
    shape = data.many, data.n, data.n
    for kind in ("unsafe_rbg", "threefry2x32"):
        key = jax.random.key(539, impl=kind)
        draw = jax.jit(lambda key: jax.random.normal(key, shape, jnp.float64) / jnp.sqrt(shape[-1]))
        yield Entry(
            f"random.normal from {kind}",
            data.many,
            lambda draw=draw, key=key: jax.block_until_ready(draw(key)),
            lambda draw=draw, key=key: np.asarray(draw(key)[:CHECKED]),
        )
