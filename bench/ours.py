"""rhoscope as a contender, through its public API; for job F, of which that has no batch, by the kernels of a study."""

from collections.abc import Iterator

import numpy as np

import rhoscope as rs
from bench.jobs import SEED
from bench.peers.base import Variant
from bench.pool import Pool
from bench.study_kernels import gradients

name = "rhoscope"


def eigvals(matrices: np.ndarray, pool: Pool, dtype: str = "float64") -> Iterator[Variant]:
    yield Variant("eigvals", lambda: rs.eigvals(matrices, threads=pool.threads, dtype=dtype))


def log_norms_by_steps(
    A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool, dtype: str = "float64"
) -> Iterator[Variant]:
    options = {"method": "step", "threads": pool.threads, "dtype": dtype}
    yield Variant("step", lambda: rs.gradient_norms(A, delta, lags, **options))


def log_norms_by_ladder(A: np.ndarray, delta: np.ndarray, lags: np.ndarray, pool: Pool) -> Iterator[Variant]:
    yield Variant("auto", lambda: rs.gradient_norms(A, delta, lags, method="auto", threads=pool.threads))


def backpropagation(
    A: np.ndarray,
    B: np.ndarray,
    x: np.ndarray,
    h0: np.ndarray,
    y: np.ndarray,
    lags: np.ndarray,
    pool: Pool,
    dtype: str = "float64",
) -> Iterator[Variant]:
    """The gradients of a study of these matrices, without their spectra.

    A study takes B, x, h_0 and y from its generator: it draws those that the others were given again each time.
    """
    study = rs.Study(
        ensemble=rs.ensembles.Given(A),
        size=A.shape[-1],
        gain=1.0,
        horizon=int(max(lags)),
        samples=len(A),
        seed=SEED,
        inputs=x.shape[-1],
        lags=tuple(lags),
        dtype=dtype,
    )
    yield Variant("gradients of a study", lambda: gradients(study, pool.threads))


def normals(count: int, n: int, pool: Pool) -> Iterator[Variant]:
    yield Variant("RealGinibre().sample", lambda: rs.ensembles.RealGinibre().sample(n, count, seed=539))
