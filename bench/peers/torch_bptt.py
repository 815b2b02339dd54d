"""PyTorch: backpropagation through time by its autograd, and with an adjoint written by hand.

In blocks of RESCALE steps, as in `numpy_bptt`, which says why.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from bench.peers.base import RESCALE, Variant, bptt_bytes, chunk_sizes
from bench.pool import Pool

LOG_2 = math.log(2.0)


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
    given = [torch.from_numpy(part) for part in (A, B, x, h0, y)]
    methods = {"baddbmm, adjoint by hand": backpropagate, "autograd of baddbmm": by_autograd}
    for chunk in chunk_sizes(count, bptt_bytes(n), pool.threads, (4e6, 1.6e7)):
        for label, method in methods.items():

            def run(chunk: int = chunk, method=method) -> np.ndarray:
                out = torch.empty((count, len(lags) + 3), dtype=torch.float64)

                def work(part: slice) -> None:
                    torch.set_num_threads(1)
                    out[part] = method(*(whole[part] for whole in given), lags)

                pool.over_chunks(work, count, chunk)
                return out.numpy()

            yield Variant(f"{label}, chunks of {chunk}", run)


def quick_rows(A: torch.Tensor) -> torch.Tensor:
    """A, stored by columns: a row times it is then up to three times as quick at n = 16, and never slower."""
    return A.mT.contiguous().mT


def _times_power(values: torch.Tensor, exponent: torch.Tensor) -> torch.Tensor:
    return torch.ldexp(values, exponent.reshape(-1, *(1,) * (values.ndim - 1)))


def _shift_of(vector: torch.Tensor) -> torch.Tensor:
    """The exponent of the largest entry, in float64: an integer times log 2 would come out in float32."""
    return torch.frexp(vector.abs().amax(dim=1)).exponent.double()


def _log_norm(values: torch.Tensor) -> torch.Tensor:
    return torch.log(torch.linalg.vector_norm(values.flatten(1), dim=1))


class _Sum:
    """A sum of terms, each with an exponent of its own."""

    def __init__(self) -> None:
        self.value = torch.zeros(())
        self.exponent = torch.full((), -math.inf)

    def add(self, term: torch.Tensor, exponent: torch.Tensor) -> None:
        top = torch.maximum(self.exponent, exponent)
        if self.value.ndim == 0:
            self.value = term
        else:
            self.value = _times_power(self.value, self.exponent - top) + _times_power(term, exponent - top)
        self.exponent = top

    def log_norm(self) -> torch.Tensor:
        return _log_norm(self.value) + self.exponent * LOG_2


def _blocks(T: int) -> list[tuple[int, int]]:
    return list(pairwise([*range(0, T, RESCALE), T]))


def _rescaled_state(h: torch.Tensor, exponent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The exponent of a state is never negative: inputs stay what they are while the state is small."""
    shift = torch.maximum(_shift_of(h), -exponent)
    return _times_power(h, -shift), exponent + shift


@torch.inference_mode()
def backpropagate(
    A: torch.Tensor,
    B: torch.Tensor,
    x: torch.Tensor,
    h0: torch.Tensor,
    y: torch.Tensor,
    lags: np.ndarray,
) -> torch.Tensor:
    """The adjoint by hand: each step one call of BLAS a matrix, ∂L/∂A one product of matrices a block.

    States are rows: as columns MKL takes several times as long from n = 32 on.
    """
    T, (chunk, n) = int(max(lags)), h0.shape
    out = torch.empty((chunk, len(lags) + 3), dtype=torch.float64)
    h = torch.empty((T + 1, chunk, n), dtype=torch.float64)
    states = h.unsqueeze(2).unbind(0)
    forward, backward = A.mT, quick_rows(A)
    h[0] = h0
    exponent = torch.zeros(chunk, dtype=torch.float64)
    exponents = []
    for start, stop in _blocks(T):
        h[start], exponent = _rescaled_state(h[start], exponent)
        exponents.append(exponent)
        inputs = torch.bmm(_times_power(x[:, start:stop], -exponent), B.transpose(1, 2))
        h[start + 1 : stop + 1] = inputs.transpose(0, 1)
        for t in range(start, stop):
            states[t + 1].baddbmm_(states[t], forward)

    columns = {T - int(lag): column for column, lag in enumerate(lags)}
    delta = h[T] - _times_power(y, -exponent)
    out[:, -3] = _log_norm(delta) + exponent * LOG_2
    sum_a, sum_b = _Sum(), _Sum()
    d = torch.empty((RESCALE + 1, chunk, n), dtype=torch.float64)
    adjoints = d.unsqueeze(2).unbind(0)
    for (start, stop), state_exponent in zip(reversed(_blocks(T)), reversed(exponents), strict=True):
        shift = _shift_of(delta)
        exponent = exponent + shift
        steps = stop - start
        d[steps] = _times_power(delta, -shift)
        for j in range(steps, 0, -1):
            torch.bmm(adjoints[j], backward, out=adjoints[j - 1])
        for t in columns.keys() & range(start, stop):
            out[:, columns[t]] = _log_norm(d[t - start]) + exponent * LOG_2
        terms = d[1 : steps + 1].permute(1, 2, 0)
        sum_a.add(torch.bmm(terms, h[start:stop].transpose(0, 1)), exponent + state_exponent)
        sum_b.add(torch.bmm(terms, x[:, start:stop]), exponent)
        delta = d[0].clone()
    out[:, -2], out[:, -1] = sum_a.log_norm(), sum_b.log_norm()
    return out


def by_autograd(
    A: torch.Tensor,
    B: torch.Tensor,
    x: torch.Tensor,
    h0: torch.Tensor,
    y: torch.Tensor,
    lags: np.ndarray,
) -> torch.Tensor:
    """The graph of the whole horizon, cut where it is rescaled and taken back a block at a time."""
    T, chunk = int(max(lags)), len(h0)
    out = torch.empty((chunk, len(lags) + 3), dtype=torch.float64)
    columns = {T - int(lag): column for column, lag in enumerate(lags)}
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    h = h0
    exponent = torch.zeros(chunk, dtype=torch.float64)
    kept = []
    for start, stop in _blocks(T):
        h, exponent = _rescaled_state(h.detach(), exponent)
        states = [h.requires_grad_().unsqueeze(1)]
        inputs = torch.bmm(_times_power(x[:, start:stop], -exponent), B.transpose(1, 2))
        for bx in inputs.unsqueeze(2).unbind(1):
            states.append(torch.baddbmm(bx, states[-1], A.mT))
        h = states[-1].squeeze(1)
        kept.append((start, states, exponent))

    delta = h.detach() - _times_power(y, -exponent)
    out[:, -3] = _log_norm(delta) + exponent * LOG_2
    sum_a, sum_b = _Sum(), _Sum()
    for start, states, state_exponent in reversed(kept):
        shift = _shift_of(delta)
        exponent = exponent + shift
        times = sorted(columns.keys() & range(start, start + len(states) - 1))
        wanted = [A, B, states[0], *(states[t - start] for t in times)]
        to_a, to_b, first, *others = torch.autograd.grad(
            states[-1], wanted, _times_power(delta, -shift).unsqueeze(1)
        )
        for t, gradient in zip(times, others, strict=True):
            out[:, columns[t]] = _log_norm(gradient) + exponent * LOG_2
        # Both act on what was scaled with the states.
        sum_a.add(to_a, exponent + state_exponent)
        sum_b.add(to_b, exponent + state_exponent)
        delta = first.squeeze(1)
    out[:, -2], out[:, -1] = sum_a.log_norm(), sum_b.log_norm()
    return out
