"""PyTorch with a GPU: the default study; draws and gradients on the device, spectra on the host's cores meanwhile."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from bench.jobs import GAIN, SEED, lags_to
from bench.peers.base import Variant
from bench.peers.torch_bptt import backpropagate
from bench.peers.torch_cuda import captured, device, wait
from bench.peers.verdict import assemble
from bench.pool import Pool

name = "PyTorch"

BATCHES = (512, 1024, 2048)
EIGENVALUES = 32
"""Matrices of a call to LAPACK, of which a thread makes one after another."""


def study(size: int, horizon: int, count: int, pool: Pool) -> Iterator[Variant]:
    """The columns named in `verdict`; no tables are made of them."""
    lags = lags_to(horizon)
    for length in BATCHES:
        length = min(length, count)
        batch = _Batch(size, horizon, length, lags)

        def run(batch: _Batch = batch, length: int = length) -> np.ndarray:
            torch.manual_seed(SEED)
            parts = [batch.columns(pool) for _ in range(-(-count // length))]
            return np.concatenate(parts)[:count]

        yield Variant(f"graph of baddbmm and bmm, batches of {length}; linalg.eigvals on the host", run)


class _Batch:
    """Memory for a batch of samples, and the graph of its gradients."""

    def __init__(self, n: int, horizon: int, length: int, lags: np.ndarray) -> None:
        self._n = n
        shapes = (length, n, n), (length, n, 1), (length, horizon, 1), (length, n), (length, n)
        self._given = [torch.zeros(shape, dtype=torch.float64, device=device()) for shape in shapes]
        self._draw()

        def whole() -> torch.Tensor:
            with torch.inference_mode(), device():
                A, B, x, h0, y = self._given
                return backpropagate(A, B, x, h0, y, lags)

        self._replay: Callable[[], object]
        self._replay, self._result = captured(whole)

    def _draw(self) -> torch.Tensor:
        A, B, x, h0, y = self._given
        low, high = GAIN
        gain = low + (high - low) * torch.rand(len(A), dtype=torch.float64, device=device())
        for part in (A, B, h0, y):
            part.normal_().div_(self._n**0.5)
        x.normal_()
        A.mul_(gain[:, None, None])
        return gain

    def columns(self, pool: Pool) -> np.ndarray:
        """Of a new batch."""
        gain = self._draw()
        A = self._given[0].cpu()
        self._replay()  # on the device, while the host finds the spectra
        radius = torch.empty(len(A), dtype=torch.float64)

        def work(part: slice) -> None:
            torch.set_num_threads(1)
            radius[part] = torch.linalg.eigvals(A[part]).abs().amax(dim=1)

        pool.over_chunks(work, len(A), EIGENVALUES)
        frobenius = torch.linalg.vector_norm(A, dim=(1, 2))
        wait()
        return assemble(gain.cpu().numpy(), radius.numpy(), frobenius.numpy(), self._result.cpu().numpy())
