"""rhoscope as a contender, through its public API alone."""

from collections.abc import Iterator

import numpy as np

import rhoscope as rs
from bench.peers.base import Variant
from bench.pool import Pool

name = "rhoscope"


def eigvals(matrices: np.ndarray, pool: Pool) -> Iterator[Variant]:
    yield Variant("eigvals", lambda: rs.eigvals(matrices, threads=pool.threads))


def log_norms_by_steps(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    yield Variant("step", lambda: rs.gradient_norms(A, delta, lags, method="step", threads=pool.threads))


def log_norms_by_ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    yield Variant("ladder", lambda: rs.gradient_norms(A, delta, lags, method="ladder", threads=pool.threads))


def normals(count: int, n: int, pool: Pool) -> Iterator[Variant]:
    yield Variant("RealGinibre().sample", lambda: rs.ensembles.RealGinibre().sample(n, count, seed=539))
