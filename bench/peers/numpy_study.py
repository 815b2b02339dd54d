"""NumPy: the default study, from the draws to the tables, chunk by chunk in a pool of threads."""

from collections.abc import Iterator

import numpy as np

from bench.jobs import GAIN, SEED, lags_to
from bench.peers.base import Variant, bptt_bytes, chunk_sizes
from bench.peers.numpy_bptt import MatricesLast, Rows, backpropagate
from bench.peers.verdict import assemble, tables
from bench.pool import Pool


def study(size: int, horizon: int, count: int, pool: Pool) -> Iterator[Variant]:
    """The columns named in `verdict`, its tables having been made too."""
    lags = lags_to(horizon)
    layout = MatricesLast if size <= 8 else Rows
    for chunk in chunk_sizes(count, bptt_bytes(size), pool.threads, (1e6, 4e6)):

        def run(chunk: int = chunk) -> np.ndarray:
            columns = np.empty((count, len(lags) + 6))

            def work(part: slice) -> None:
                columns[part] = _columns(size, horizon, part, layout, lags)

            pool.over_chunks(work, count, chunk)
            tables(columns, lags)
            return columns

        yield Variant(f"linalg.eigvals and {layout.__name__}, chunks of {chunk}", run)


def _columns(
    n: int, horizon: int, part: slice, layout: type[Rows] | type[MatricesLast], lags: np.ndarray
) -> np.ndarray:
    generator = np.random.Generator(np.random.SFC64([SEED, part.start]))
    count = part.stop - part.start
    gain = generator.uniform(*GAIN, count)
    A = generator.standard_normal((count, n, n))
    A *= (gain / np.sqrt(n))[:, None, None]
    B, h0, y = (
        generator.standard_normal(shape) / np.sqrt(n) for shape in ((count, n, 1), (count, n), (count, n))
    )
    x = generator.standard_normal((count, horizon, 1))
    gradients = np.empty((count, len(lags) + 3))
    backpropagate(layout(A, B, x), h0, y, lags, gradients)
    radius = np.abs(np.linalg.eigvals(A)).max(axis=1)
    return assemble(gain, radius, np.linalg.norm(A, axis=(1, 2)), gradients)
