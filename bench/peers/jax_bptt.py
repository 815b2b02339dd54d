"""JAX: backpropagation through time by its gradient of a scan, and by a scan written by hand.

In blocks as in `numpy_bptt`, which says why; here all of one length, which divides the horizon.
"""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.base import RESCALE, Variant, bptt_bytes, chunk_sizes
from bench.peers.jax_devices import on_devices
from bench.pool import Pool

Product = Callable[[jax.Array, jax.Array], jax.Array]
Block = Callable[..., tuple[jax.Array, jax.Array, jax.Array]]

CHUNK_BYTES = (2.5e5, 1e6)
"""Of matrices, states and adjoints of a block, in one chunk; XLA loops over the steps within it."""


def backpropagation(
    A: np.ndarray,
    B: np.ndarray,
    x: np.ndarray,
    h0: np.ndarray,
    y: np.ndarray,
    lags: np.ndarray,
    pool: Pool,
) -> Iterator[Variant]:
    """Log norms of the gradients: at the lags, at lag 0, of A, of B (count, K + 3)."""
    count, n = h0.shape
    for chunk in chunk_sizes(count, bptt_bytes(n), pool.threads, CHUNK_BYTES):
        for label, method in methods(n, lags).items():
            run = on_devices(jax.vmap(method), (A, B, x, h0, y), pool, chunk)
            yield Variant(f"{label}, chunks of {chunk}", run)


def methods(n: int, lags: np.ndarray) -> dict[str, Callable[..., jax.Array]]:
    """Functions of one (A, B, x, h0, y); broadcast and sum only at sizes that may favour it."""
    products: dict[str, Product] = {
        "einsum": lambda a, v: jnp.einsum("ij,j->i", a, v),
        "broadcast and sum": lambda a, v: jnp.sum(a * v, axis=1),
    }
    if n > 16:
        del products["broadcast and sum"]
    ways: dict[str, Callable[[Product], Block]] = {
        "scan, adjoint by hand": lambda product: partial(_block_by_hand, product),
        "gradient of a scan": lambda product: partial(_block_by_vjp, product),
    }
    return {
        f"{way} of {label}": partial(_backpropagate, product, block(product), tuple(int(lag) for lag in lags))
        for label, product in products.items()
        for way, block in ways.items()
    }


def _rescaled(values: jax.Array, floor: jax.Array | float = -np.inf) -> tuple[jax.Array, jax.Array]:
    shift = jnp.maximum(jnp.frexp(jnp.max(jnp.abs(values)))[1].astype(jnp.float64), floor)
    return _times_power(values, -shift), shift


def _times_power(values: jax.Array, exponent: jax.Array) -> jax.Array:
    # ldexp takes integers; twice the range of a float64 is as far as it can act
    return jnp.ldexp(values, jnp.clip(exponent, -3000, 3000).astype(jnp.int32))


def _march(
    product: Product, a: jax.Array, b: jax.Array, h: jax.Array, x: jax.Array, nudge: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """The last state, and the states before each step; a nudge is added to each state that is returned."""
    inputs = x @ b.T if nudge is None else x @ b.T + nudge
    return jax.lax.scan(lambda h, bx: (product(a, h) + bx, h), h, inputs)


def _block_by_hand(
    product: Product, a: jax.Array, b: jax.Array, h: jax.Array, x: jax.Array, states: jax.Array, d: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Adjoint before the block, adjoints after each of its steps, and its terms of ∂L/∂A."""
    before, adjoints = jax.lax.scan(lambda d, _: (product(a.T, d), d), d, None, length=len(x), reverse=True)
    return before, adjoints, adjoints.T @ states


def _block_by_vjp(
    product: Product, a: jax.Array, b: jax.Array, h: jax.Array, x: jax.Array, states: jax.Array, d: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The same by reverse-mode differentiation, the adjoints as gradients by a nudge of each state."""

    def last(a: jax.Array, h: jax.Array, nudge: jax.Array) -> jax.Array:
        return _march(product, a, b, h, x, nudge)[0]

    _, back = jax.vjp(last, a, h, jnp.zeros((len(x), len(h))))
    to_a, before, adjoints = back(d)
    return before, adjoints, to_a


def _add(total: tuple[jax.Array, jax.Array], term: jax.Array, exponent: jax.Array) -> tuple:
    value, old = total
    top = jnp.maximum(old, exponent)
    return _times_power(value, old - top) + _times_power(term, exponent - top), top


def _backpropagate(
    product: Product,
    block: Block,
    lags: tuple[int, ...],
    a: jax.Array,
    b: jax.Array,
    x: jax.Array,
    h0: jax.Array,
    y: jax.Array,
) -> jax.Array:
    T, m = x.shape
    steps = max(length for length in range(1, RESCALE + 1) if T % length == 0)

    def forward(carry: tuple, x: jax.Array) -> tuple:
        h, exponent = carry
        # Inputs stay what they are while the state is small, so its exponent is never negative.
        h, shift = _rescaled(h, -exponent)
        exponent = exponent + shift
        scaled_x = _times_power(x, -exponent)
        after, states = _march(product, a, b, h, scaled_x)
        return (after, exponent), (h, scaled_x, x, states, exponent)

    def backward(carry: tuple, kept: tuple) -> tuple:
        d, exponent, sum_a, sum_b = carry
        h, scaled_x, x, states, state_exponent = kept
        d, shift = _rescaled(d)
        exponent = exponent + shift
        before, adjoints, to_a = block(a, b, h, scaled_x, states, d)
        sum_a = _add(sum_a, to_a, exponent + state_exponent)
        sum_b = _add(sum_b, adjoints.T @ x, exponent)
        norms = jnp.log(jnp.linalg.norm(adjoints, axis=1)) + exponent * jnp.log(2.0)
        return (before, exponent, sum_a, sum_b), norms

    (h, exponent), kept = jax.lax.scan(forward, (h0, jnp.zeros(())), x.reshape(-1, steps, m))
    delta = h - _times_power(y, -exponent)
    empty = [(jnp.zeros_like(total), -jnp.inf * jnp.ones(())) for total in (a, b)]
    (d, exponent, *sums), norms = jax.lax.scan(backward, (delta, exponent, *empty), kept, reverse=True)
    log_norm = [jnp.log(jnp.linalg.norm(value)) + e * jnp.log(2.0) for value, e in ((d, exponent), *sums)]
    after = jnp.concatenate([log_norm[0][None], norms.reshape(-1)])  # at times 0..T
    return jnp.concatenate([after[T - np.array((*lags, 0))], jnp.stack(log_norm[1:])])
