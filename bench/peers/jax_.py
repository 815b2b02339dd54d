"""JAX on the CPU: jit(vmap(...)) on chunks dealt to one host device per core."""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.base import RESCALE, STEPS_TO, Variant, chunk_sizes, few_squares
from bench.peers.jax_bptt import backpropagation
from bench.peers.jax_devices import on_devices
from bench.peers.jax_study import study
from bench.pool import Pool

__all__ = ["backpropagation", "eigvals", "log_norms_by_ladder", "log_norms_by_steps", "normals", "study"]

name = "JAX"


def eigvals(matrices: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """linalg.eigvals, one chunk after the other on one device: in JAX 0.10 two at once hang for good.

    The batch of a chunk is shared between the threads of XLA, and LAPACK is SciPy's.
    """
    count, n, _ = matrices.shape
    compiled = jax.jit(jnp.linalg.eigvals)
    device = jax.devices("cpu")[0]
    for chunk in chunk_sizes(count, 8 * n * n, 1, (1.5e6, 1e9)):
        parts = [jax.device_put(matrices[at : at + chunk], device) for at in range(0, count, chunk)]
        yield Variant(
            f"linalg.eigvals, chunks of {chunk}",
            lambda parts=parts: np.concatenate([np.asarray(compiled(part)) for part in parts]),
        )


def log_norms_by_steps(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """jit(vmap(scan)), the product written as einsum, and as broadcast and sum, which only small n ever favour.

    Chunks down to what the first-level cache holds: XLA loops over the steps within a chunk.
    """
    count, n = delta.shape
    products = {
        "einsum": lambda d, a: jnp.einsum("i,ij->j", d, a),
        "broadcast and sum": lambda d, a: jnp.sum(d[:, None] * a, axis=0),
    }
    if n > 16:
        del products["broadcast and sum"]
    for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (3e4, 1.2e5, 5e5, 1.5e6)):
        for label, product in products.items():
            scan = jax.vmap(partial(steps, product, tuple(int(lag) for lag in lags)))
            run = on_devices(scan, (A, delta), pool, chunk)
            yield Variant(f"scan of {label}, chunks of {chunk}", run)


def _rescaled(values: jax.Array) -> tuple[jax.Array, jax.Array]:
    shift = jnp.frexp(jnp.max(jnp.abs(values)))[1]
    return jnp.ldexp(values, -shift), shift


def steps(product: Callable, lags: tuple[int, ...], a: jax.Array, d: jax.Array) -> jax.Array:
    """From lag to lag in scans of at most RESCALE steps, so that the inner scan is the product alone."""

    def block(carry: tuple[jax.Array, jax.Array], steps: int) -> tuple[jax.Array, jax.Array]:
        d, exponent = carry
        d, _ = jax.lax.scan(lambda d, _: (product(d, a), None), d, None, length=steps)
        d, shift = _rescaled(d)
        return d, exponent + shift

    carry = d, jnp.zeros((), jnp.int32)
    log_norms, reached = [], 0
    for lag in lags:
        blocks, rest = divmod(lag - reached, RESCALE)
        if blocks:
            carry, _ = jax.lax.scan(lambda c, _: (block(c, RESCALE), None), carry, None, length=blocks)
        if rest:
            carry = block(carry, rest)
        reached = lag
        log_norms.append(jnp.log(jnp.linalg.norm(carry[0])) + carry[1] * jnp.log(2.0))
    return jnp.stack(log_norms)


def log_norms_by_ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """Binary powers: P holds A^(2^j), scaled; every lag with bit j set takes one product with it.

    Or few of them and steps with the last; or, where lags are not too far, steps alone.
    """
    count, n = delta.shape
    highest = int(max(lags))
    bits = jnp.asarray([[int(lag) >> bit & 1 for lag in lags] for bit in range(highest.bit_length())], bool)
    ways: dict[str, Callable] = {"binary powers in a scan": partial(_ladder, bits)}
    for squares in few_squares(n, highest):
        ways[f"{squares} squares, then steps"] = partial(
            _few_squares, squares, tuple(int(lag) for lag in lags)
        )
    for label, way in ways.items():
        for chunk in chunk_sizes(count, 8 * n * n, pool.threads, (5e5, 1.5e6, 1e9)):
            run = on_devices(jax.vmap(way), (A, delta), pool, chunk)
            yield Variant(f"{label}, chunks of {chunk}", run)
    if highest <= STEPS_TO:
        yield from log_norms_by_steps(A, delta, lags, pool)


def _few_squares(squares: int, lags: tuple[int, ...], a: jax.Array, delta: jax.Array) -> jax.Array:
    """With P = a^(2^squares): a vector goes on by P, and lags branch off by the lower powers."""
    powers, shifts = [a], [jnp.zeros((), jnp.int32)]
    for _ in range(squares):
        P, shift = _rescaled(powers[-1] @ powers[-1])
        powers.append(P)
        shifts.append(2 * shifts[-1] + shift)
    most = RESCALE >> squares or 1

    def ahead(carry: tuple[jax.Array, jax.Array], steps: int) -> tuple[jax.Array, jax.Array]:
        d, exponent = carry
        d, _ = jax.lax.scan(lambda d, _: (d @ powers[-1], None), d, None, length=steps)
        d, shift = _rescaled(d)
        return d, exponent + shift + steps * shifts[-1]

    carry = delta, jnp.zeros((), jnp.int32)
    log_norms, reached = [], 0
    for lag in lags:
        blocks, rest = divmod((lag >> squares) - reached, most)
        if blocks:
            carry, _ = jax.lax.scan(lambda c, _: (ahead(c, most), None), carry, None, length=blocks)
        if rest:
            carry = ahead(carry, rest)
        reached = lag >> squares
        branch, apart = carry
        for bit in range(squares):
            if lag >> bit & 1:
                branch, apart = branch @ powers[bit], apart + shifts[bit]
        log_norms.append(jnp.log(jnp.linalg.norm(branch)) + apart * jnp.log(2.0))
    return jnp.stack(log_norms)


def _ladder(bits: jax.Array, a: jax.Array, delta: jax.Array) -> jax.Array:
    def rung(carry: tuple, taken: jax.Array) -> tuple[tuple, None]:
        P, power, d, exponent = carry
        moved, shift = jax.vmap(_rescaled)(d @ P)
        d = jnp.where(taken[:, None], moved, d)
        exponent = jnp.where(taken, exponent + power + shift, exponent)
        P, shift = _rescaled(P @ P)
        return (P, 2 * power + shift, d, exponent), None

    count = bits.shape[1]
    start = a, jnp.zeros((), jnp.int32), jnp.tile(delta, (count, 1)), jnp.zeros(count, jnp.int32)
    _, _, d, exponent = jax.lax.scan(rung, start, bits)[0]
    return jnp.log(jnp.linalg.norm(d, axis=1)) + exponent * jnp.log(2.0)


def normals(count: int, n: int, pool: Pool) -> Iterator[Variant]:
    """Threefry, and the faster generator that XLA brings."""
    devices = jax.devices("cpu")[: pool.threads]
    share = -(-count // len(devices))
    for kind in ("threefry2x32", "unsafe_rbg"):
        keys = [jax.device_put(jax.random.key(i, impl=kind), device) for i, device in enumerate(devices)]
        draw = jax.jit(lambda key: jax.random.normal(key, (share, n, n), jnp.float64) / jnp.sqrt(n))

        def run(keys: list[jax.Array] = keys, draw: Callable = draw) -> np.ndarray:
            pending = [draw(key) for key in keys]
            return np.concatenate([np.asarray(part) for part in pending])[:count]

        yield Variant(f"random.normal from {kind}", run)
