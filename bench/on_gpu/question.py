"""A study as the kernels ask for it, where the packages that check one may be missing."""

from dataclasses import dataclass
from typing import Any

from rhoscope.ensembles import Ensemble


@dataclass(frozen=True)
class Question:
    """The fields of `rhoscope.Study` that a device reads, under their names."""

    ensemble: Ensemble
    size: int
    samples: int
    horizon: int = 1000
    lags: tuple[int, ...] = (1, 10, 100, 1000)
    gain: float | tuple[float, float] = (0.6, 1.4)
    seed: int = 539
    inputs: int = 1
    delta: str = "error"
    mode: str = "fixed"
    dtype: str = "float64"
    measure: tuple[str, ...] = ()
    cutoff: float = 0.9


def worker_of(question: Question, device: str, start: int, count: int) -> tuple[Any, dict[str, Any]]:
    """What computes samples start.. of a study, on the GPU or on one core of the host, and the columns to fill."""
    from rhoscope.devices.cpu import LAPACK_FROM
    from rhoscope.devices.study_columns import empty_columns

    study: Any = question
    columns = empty_columns(study, start, start + count)
    if device == "cuda":
        from rhoscope.devices.study_cuda import CudaWorker

        return CudaWorker(study, count, LAPACK_FROM, columns, start, None), columns
    from rhoscope.devices.study_cpu import CpuWorker
    from rhoscope.kernels.vector import WIDTH

    return CpuWorker(study, -(-count // WIDTH), LAPACK_FROM, None), columns
