"""SciPy: its eigenvalues only; it has no batched product of its own."""

from collections.abc import Iterator

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from bench.peers.base import Variant, chunk_sizes
from bench.pool import Pool

name = "SciPy"


def eigvals(matrices: np.ndarray, pool: Pool) -> Iterator[Variant]:
    """linalg.eigvals on batches, and LAPACK called matrix by matrix."""
    count, n, _ = matrices.shape
    chunk = chunk_sizes(count, 8 * n * n, pool.threads, (1.5e6,))[0]

    def batched(part: slice) -> np.ndarray:
        return linalg.eigvals(matrices[part], check_finite=False)

    def one_by_one(part: slice) -> np.ndarray:
        real_imaginary = [lapack.dgeev(matrix, compute_vl=0, compute_vr=0)[:2] for matrix in matrices[part]]
        return np.array([real + 1j * imaginary for real, imaginary in real_imaginary])

    for label, method in {"linalg.eigvals": batched, "lapack.dgeev": one_by_one}.items():

        def run(method=method) -> np.ndarray:
            out = np.empty((count, n), dtype=complex)

            def work(part: slice) -> None:
                out[part] = method(part)

            pool.over_chunks(work, count, chunk)
            return out

        yield Variant(f"{label}, chunks of {chunk}", run)
