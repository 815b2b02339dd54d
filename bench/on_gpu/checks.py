"""Every kernel of the GPU against the CPU's, on the same samples; then the oracles of `rhoscope verify`."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.jobs import lags_to
from bench.on_gpu.budget import Budget, words
from bench.on_gpu.question import Question, worker_of
from rhoscope import ensembles

SIZES = (1, 2, 3, 5, 8, 9, 12, 16, 17, 24, 31, 32, 33, 48, 64, 96, 128)
"""With those at which the CPU changes its layout, and a warp is full."""

TOLERANCE = 1e-9
"""Of every number, relative where it is above 1, where the bits are not the same."""
# The departure is the square root of a difference of squares, of which little is left for nearly normal matrices.
TOLERANCES = {"departure": 1e-6}
EXACT = ("sample", "gain", "matrix", "outcome", "read", "kept", "norms read", "norms kept")

LAWS = (
    ensembles.RealGinibre(),
    ensembles.ComplexGinibre(),
    ensembles.Symmetric(),
    ensembles.Elliptic(tau=-0.4),
    ensembles.Sparse(density=0.4),
    ensembles.Diagonal(inner=0.3, outer=0.8),
    ensembles.Triangular(strength=3.0),
    ensembles.HaarOrthogonal(),
    ensembles.LowRankPlusNoise(rank=2, strength=1.7),
)

Record = dict[str, Any]


def kernels(budget: Budget) -> Iterator[Record]:
    """A record for each study and each size of matrices given, until the time is over."""
    cases = [*_studies(budget.small), *_given(budget.small)]
    if not budget.small:
        cases += _arrays()
    for done, (what, compare) in enumerate(cases):
        if not budget.left:
            yield {
                "kind": "note",
                "text": f"out of time: {len(cases) - done} of {len(cases)} checks left out",
            }
            return
        try:
            found = compare()
        except Exception as error:  # of one kernel, which must not hide what there is to know of the others
            yield {"kind": "note", "text": f"{what}: {words(error)}", "failed": [what]}
            continue
        yield {"kind": "check", "what": what} | found


def _studies(small: bool) -> Iterator[tuple[str, Any]]:
    """All columns of a study, for every law, then at every size, then in its other forms."""
    size, count = (3, 3) if small else (17, 70)
    short: dict[str, Any] = {"horizon": 12, "lags": (1, 2, 8, 12)}
    plain = ensembles.RealGinibre()
    for law in LAWS:
        yield _study(law.kind, count, Question(law, size, count, **short))
    for n in () if small else SIZES:
        lags = tuple(lags_to(200).tolist())
        yield _study(f"n = {n}", 70, Question(plain, n, 70, horizon=200, lags=lags))
    yield _study("independent delta", count, Question(plain, size, count, delta="independent", **short))
    yield _study("no inputs", count, Question(plain, size, count, inputs=0, **short))
    yield _study("five inputs", count, Question(plain, size, count, inputs=5, **short))
    yield _study("fresh matrices", count, Question(plain, size, count, mode="fresh", **short))
    # The gains leave float64 within a block of steps, which is then done again step by step.
    wide = Question(plain, 3, count, horizon=70, lags=(1, 64, 70), gain=(1e-60, 1e60))
    yield _study("out of range", count, wide)
    if not small:
        yield _study("many inputs to n = 64", 40, Question(plain, 64, 40, inputs=8, **short))
        yield _study("a long horizon", 32, Question(plain, 32, 32, horizon=20_000, lags=(1, 100, 20_000)))


def _study(what: str, count: int, question: Question) -> tuple[str, Any]:
    return f"study, {what}", lambda: compared(
        *(_columns(question, device, count) for device in ("cpu", "cuda"))
    )


def _columns(question: Question, device: str, count: int) -> dict[str, np.ndarray]:
    """The columns, and the matrices of a few samples, from sample 2³³ on: both words of its number count."""
    start = 2**33 + 5
    worker, columns = worker_of(question, device, start, count)
    step = min(count, worker.launcher.lanes) if device == "cuda" else count
    for first in range(0, count, step):
        last = min(first + step, count)
        if device == "cuda":
            worker.begin(first, last)
        worker.fill(columns, first, start + first, start + last)
        if first == 0 and question.mode == "fixed":  # else the CPU has drawn others over them
            columns["matrix"] = np.stack([worker.matrix(row) for row in range(min(last, 3))])
    return columns


def _given(small: bool) -> Iterator[tuple[str, Any]]:
    """Eigenvalues, and log norms by steps, of matrices given."""
    for n in (2, 3) if small else SIZES:
        count = 3 if small else 70
        matrices = np.random.default_rng(n).normal(size=(count, n, n)) / np.sqrt(n)
        deltas = np.random.default_rng([n, 1]).normal(size=(count, n))
        lags = np.array([0, 1, 7, 33, 64] if small else lags_to(1000))
        yield f"eigenvalues, n = {n}", lambda m=matrices: compared(*(_eigenvalues(m, d) for d in DEVICES))
        yield (
            f"log norms, n = {n}",
            lambda m=matrices, v=deltas, k=lags: compared(*(_log_norms(m, v, k, d) for d in DEVICES)),
        )


DEVICES = ("cpu", "cuda")


def _arrays() -> Iterator[tuple[str, Any]]:
    """Arrays of other libraries, that live on the GPU, against those of host memory."""
    for library, there, back in _libraries():
        yield f"arrays of {library}", lambda there=there, back=back: _exchanged(there, back)


def _exchanged(there: Callable[[np.ndarray], Any], back: Callable[[Any], np.ndarray]) -> Record:
    import rhoscope as rs

    matrices = np.random.default_rng(3).normal(size=(100, 5, 5))
    deltas, lags = matrices[:, 0].copy(), [0, 1, 30]
    given, vectors = there(matrices), there(deltas)
    norms = rs.gradient_norms(matrices, deltas, lags, device="cuda")
    values = rs.eigvals(matrices, device="cuda")
    return compared(
        {"read": values, "kept": values, "norms read": norms, "norms kept": norms},
        {
            "read": rs.eigvals(given),
            "kept": back(rs.eigvals(given, on_device=True)),
            "norms read": rs.gradient_norms(given, vectors, lags),
            "norms kept": back(rs.gradient_norms(given, vectors, lags, on_device=True)),
        },
    )


class _Exported:
    """An array that nothing but DLPack tells of."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__dlpack__, self.__dlpack_device__ = array.__dlpack__, array.__dlpack_device__


def _libraries() -> Iterator[tuple[str, Callable[[np.ndarray], Any], Callable[[Any], np.ndarray]]]:
    """How each library that is installed takes an array to the GPU, and back from what rhoscope left there."""
    from numba import cuda

    yield "Numba", cuda.to_device, lambda kept: kept.copy_to_host()
    with contextlib.suppress(ImportError):
        import cupy

        yield "CuPy", cupy.asarray, lambda kept: cupy.asnumpy(cupy.asarray(kept))
        yield (
            "DLPack alone",
            lambda a: _Exported(cupy.asarray(a)),
            lambda kept: cupy.asnumpy(cupy.asarray(kept)),
        )
    with contextlib.suppress(ImportError):
        import torch

        if torch.cuda.is_available():
            on_gpu = torch.device("cuda")
            yield (
                "PyTorch",
                lambda a: torch.from_numpy(a).to(on_gpu),
                lambda kept: torch.as_tensor(kept, device=on_gpu).cpu().numpy(),
            )
    with contextlib.suppress(ImportError):
        import jax

        if jax.default_backend() == "gpu":
            yield "JAX", jax.device_put, lambda kept: kept.copy_to_host()


def _device(name: str) -> Any:
    from rhoscope.devices.choose import choose

    return choose(name, 1)


def _eigenvalues(matrices: np.ndarray, device: str) -> dict[str, np.ndarray]:
    values, failed = _device(device).eigenvalues(matrices)
    return {"failed": failed, "eigenvalues": values}


def _log_norms(
    matrices: np.ndarray, deltas: np.ndarray, lags: np.ndarray, device: str
) -> dict[str, np.ndarray]:
    pairs = np.stack([np.arange(len(deltas))] * 2, axis=1)
    return {"log_norms": _device(device).log_norms(matrices, deltas, pairs, lags, "step")}


def compared(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> Record:
    """How many numbers have the same bits, which column differs most, and whether that is too much."""
    numbers = equal = 0
    worst, column, passed = 0.0, "", expected.keys() == found.keys()
    for name, truth in expected.items():
        same = (truth == found[name]) | ((truth != truth) & (found[name] != found[name]))
        numbers += truth.size
        equal += int(same.sum())
        if same.all():
            continue
        apart = _apart(name, truth, found[name])
        passed &= apart <= (0.0 if name in EXACT else TOLERANCES.get(name, TOLERANCE))
        if apart >= worst:
            worst, column = apart, name
    return {"numbers": numbers, "equal": equal, "worst": worst, "column": column, "passed": bool(passed)}


def _apart(name: str, truth: np.ndarray, found: np.ndarray) -> float:
    if name == "eigenvalues":
        # In no promised order: each to the nearest of the other's.
        distance = np.abs(truth[:, :, None] - found[:, None, :])
        return float(max(distance.min(axis=1).max(), distance.min(axis=2).max()))
    with np.errstate(invalid="ignore"):
        difference = np.abs(truth.astype(complex) - found.astype(complex)) / np.maximum(1.0, np.abs(truth))
    same = (truth == found) | ((truth != truth) & (found != found))
    return float(np.max(np.where(same, 0.0, np.where(np.isnan(difference), np.inf, difference))))


def oracles(budget: Budget) -> Iterator[Record]:
    """A record for each family of `rhoscope verify` on the GPU."""
    import rhoscope as rs

    report = rs.verify(1000 if budget.small else None, device="cuda")
    for family, asked in report.families.items():
        failed = [f"{oracle.name}: {oracle.measured}" for oracle in asked if not oracle.passed]
        yield {"kind": "oracles", "what": family, "count": len(asked), "failed": failed}
