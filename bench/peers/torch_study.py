"""PyTorch: the default study, from the draws to the tables, chunk by chunk in a pool of threads."""

from collections.abc import Iterator

import numpy as np
import torch

from bench.jobs import GAIN, SEED, lags_to
from bench.peers.base import Variant, bptt_bytes, chunk_sizes
from bench.peers.torch_bptt import backpropagate
from bench.peers.verdict import assemble, tables
from bench.pool import Pool


def study(size: int, horizon: int, count: int, pool: Pool) -> Iterator[Variant]:
    """The columns named in `verdict`, its tables having been made too."""
    lags = lags_to(horizon)
    for chunk in chunk_sizes(count, bptt_bytes(size), pool.threads, (4e6, 1.6e7)):

        def run(chunk: int = chunk) -> np.ndarray:
            columns = np.empty((count, len(lags) + 6))

            def work(part: slice) -> None:
                torch.set_num_threads(1)
                columns[part] = _columns(size, horizon, part, lags)

            pool.over_chunks(work, count, chunk)
            tables(columns, lags)
            return columns

        yield Variant(f"linalg.eigvals and baddbmm, chunks of {chunk}", run)


@torch.inference_mode()
def _columns(n: int, horizon: int, part: slice, lags: np.ndarray) -> np.ndarray:
    generator = torch.Generator().manual_seed(SEED + part.start)
    count = part.stop - part.start

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator, dtype=torch.float64)

    low, high = GAIN
    gain = low + (high - low) * torch.rand(count, generator=generator, dtype=torch.float64)
    A = normal(n, n).mul_((gain / n**0.5)[:, None, None])
    B, h0, y = normal(n, 1) / n**0.5, normal(n) / n**0.5, normal(n) / n**0.5
    gradients = backpropagate(A, B, normal(horizon, 1), h0, y, lags)
    radius = torch.linalg.eigvals(A).abs().amax(dim=1)
    frobenius = torch.linalg.vector_norm(A, dim=(1, 2))
    return assemble(gain.numpy(), radius.numpy(), frobenius.numpy(), gradients.numpy())
