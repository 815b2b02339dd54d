"""NumPy: backpropagation through time, the whole horizon of a chunk in one thread.

Time runs in blocks of RESCALE steps. A block has one exponent a matrix for its states and one for its adjoints, so the
steps are products alone, and its terms of ∂L/∂A are one product of matrices.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from bench.peers.base import RESCALE, Variant, bptt_bytes, chunk_sizes
from bench.pool import Pool

LOG_2 = np.log(2.0)


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
    layouts = {"matmul": Rows, "einsum, matrices last": MatricesLast} if n <= 16 else {"matmul": Rows}
    for chunk in chunk_sizes(count, bptt_bytes(n), pool.threads, (2.5e5, 1e6, 4e6)):
        for label, layout in layouts.items():

            def run(chunk: int = chunk, layout: type[Rows] | type[MatricesLast] = layout) -> np.ndarray:
                out = np.empty((count, len(lags) + 3))

                def work(part: slice) -> None:
                    backpropagate(layout(A[part], B[part], x[part]), h0[part], y[part], lags, out[part])

                pool.over_chunks(work, count, chunk)
                return out

            yield Variant(f"{label}, chunks of {chunk}", run)


class Rows:
    """Vectors as (chunk, n): BLAS for every product."""

    def __init__(self, A: np.ndarray, B: np.ndarray, x: np.ndarray) -> None:
        self.A, self.B, self.x = A, B, x
        self.spare = np.empty((*A.shape[:2], 1))

    def to_layout(self, vectors: np.ndarray) -> np.ndarray:
        return vectors

    def times_power(self, values: np.ndarray, exponent: np.ndarray) -> np.ndarray:
        """values 2^exponent, an exponent a matrix."""
        return np.ldexp(values, exponent.reshape(-1, *(1,) * (values.ndim - 1)))

    def largest(self, vector: np.ndarray) -> np.ndarray:
        return np.abs(vector).max(axis=1)

    def log_norm(self, values: np.ndarray) -> np.ndarray:
        return np.log(np.linalg.norm(values.reshape(len(values), -1), axis=1))

    def put_inputs(self, start: int, stop: int, exponent: np.ndarray, h: np.ndarray) -> None:
        """B x_t 2^-exponent for t = start + 1..stop into h."""
        x = self.times_power(self.x[:, start:stop], -exponent)
        np.matmul(x, self.B.transpose(0, 2, 1), out=h.transpose(1, 0, 2))

    def add_step(self, h: np.ndarray, out: np.ndarray) -> None:
        """out += A h"""
        np.matmul(self.A, h[:, :, None], out=self.spare)
        out += self.spare[:, :, 0]

    def step_back(self, d: np.ndarray, out: np.ndarray) -> None:
        """out = A^T d"""
        np.matmul(d[:, None, :], self.A, out=out[:, None, :])

    def sum_of_states(self, d: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The sum of d_t h_t^T."""
        return np.matmul(d.transpose(1, 2, 0), h.transpose(1, 0, 2))

    def sum_of_inputs(self, d: np.ndarray, start: int, stop: int) -> np.ndarray:
        """The sum of d_t x_t^T over t = start + 1..stop."""
        return np.matmul(d.transpose(1, 2, 0), self.x[:, start:stop])


class MatricesLast:
    """Vectors as (n, chunk): at small n long inner loops over the chunk beat many small calls of BLAS."""

    def __init__(self, A: np.ndarray, B: np.ndarray, x: np.ndarray) -> None:
        self.A, self.B = (np.array(np.moveaxis(part, 0, -1), order="C") for part in (A, B))
        self.x = np.array(np.moveaxis(x, 0, -1), order="C")
        self.spare = np.empty(self.A.shape[1:])

    def to_layout(self, vectors: np.ndarray) -> np.ndarray:
        return np.array(vectors.T, order="C")

    def times_power(self, values: np.ndarray, exponent: np.ndarray) -> np.ndarray:
        return np.ldexp(values, exponent)

    def largest(self, vector: np.ndarray) -> np.ndarray:
        return np.abs(vector).max(axis=0)

    def log_norm(self, values: np.ndarray) -> np.ndarray:
        return np.log(np.linalg.norm(values.reshape(-1, values.shape[-1]), axis=0))

    def put_inputs(self, start: int, stop: int, exponent: np.ndarray, h: np.ndarray) -> None:
        np.einsum("imc,tmc->tic", self.B, self.times_power(self.x[start:stop], -exponent), out=h)

    def add_step(self, h: np.ndarray, out: np.ndarray) -> None:
        np.einsum("ijc,jc->ic", self.A, h, out=self.spare)
        out += self.spare

    def step_back(self, d: np.ndarray, out: np.ndarray) -> None:
        np.einsum("ic,ijc->jc", d, self.A, out=out)

    def sum_of_states(self, d: np.ndarray, h: np.ndarray) -> np.ndarray:
        return np.einsum("tic,tjc->ijc", d, h)

    def sum_of_inputs(self, d: np.ndarray, start: int, stop: int) -> np.ndarray:
        return np.einsum("tic,tmc->imc", d, self.x[start:stop])


Layout = Rows | MatricesLast


class _Sum:
    """A sum of terms, each with an exponent of its own."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.value: np.ndarray | None = None
        self.exponent = np.empty(0)

    def add(self, term: np.ndarray, exponent: np.ndarray) -> None:
        if self.value is None:
            self.value, self.exponent = term, exponent
            return
        top = np.maximum(self.exponent, exponent)
        times = self.layout.times_power
        self.value = times(self.value, self.exponent - top) + times(term, exponent - top)
        self.exponent = top

    def log_norm(self) -> np.ndarray:
        assert self.value is not None
        return self.layout.log_norm(self.value) + self.exponent * LOG_2


def backpropagate(layout: Layout, h0: np.ndarray, y: np.ndarray, lags: np.ndarray, out: np.ndarray) -> None:
    """Both passes for one chunk; writes its rows of the answer."""
    T = int(max(lags))
    blocks = list(pairwise([*range(0, T, RESCALE), T]))
    first = layout.to_layout(h0)
    h = np.empty((T + 1, *first.shape))
    h[0] = first
    exponents = [np.zeros(len(h0), dtype=np.int64)]
    for start, stop in blocks:
        # The inputs stay what they are while the state is small, so its exponent is never negative.
        shift = np.maximum(np.frexp(layout.largest(h[start]))[1], -exponents[-1])
        h[start] = layout.times_power(h[start], -shift)
        exponents.append(exponents[-1] + shift)
        layout.put_inputs(start, stop, exponents[-1], h[start + 1 : stop + 1])
        for t in range(start, stop):
            layout.add_step(h[t], h[t + 1])

    columns = {T - int(lag): column for column, lag in enumerate(lags)}
    exponent = exponents[-1]
    delta = h[T] - layout.times_power(layout.to_layout(y), -exponent)
    out[:, -3] = layout.log_norm(delta) + exponent * LOG_2
    sum_a, sum_b = _Sum(layout), _Sum(layout)
    d = np.empty((RESCALE + 1, *first.shape))
    for (start, stop), state_exponent in zip(reversed(blocks), reversed(exponents), strict=False):
        shift = np.frexp(layout.largest(delta))[1]
        exponent = exponent + shift
        steps = stop - start
        d[steps] = layout.times_power(delta, -shift)
        for j in range(steps, 0, -1):
            layout.step_back(d[j], d[j - 1])
        for t in columns.keys() & range(start, stop):
            out[:, columns[t]] = layout.log_norm(d[t - start]) + exponent * LOG_2
        terms = d[1 : steps + 1]
        sum_a.add(layout.sum_of_states(terms, h[start:stop]), exponent + state_exponent)
        sum_b.add(layout.sum_of_inputs(terms, start, stop), exponent)
        delta = d[0].copy()
    out[:, -2], out[:, -1] = sum_a.log_norm(), sum_b.log_norm()
