"""The division of a study into shards, ranges of sample indices, and what a study will cost."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rhoscope.cores import available_cores
from rhoscope.kernels import double, single
from rhoscope.kernels.recurrence_space import stride_doublings, stride_work

if TYPE_CHECKING:
    from rhoscope.study import Study

# Rough speed of one core, for estimates and for the default size of a shard; results never depend on it.
FLOPS_PER_CORE = 3e10
SINGLE_SPEED = 1.8  # of float32, as a multiple
SECONDS_PER_SAMPLE = 1e-5
SECONDS_PER_INPUT = 3e-9
# With a fresh matrix at every step, drawing it takes most of the time: by a kernel, or in NumPy.
FRESH_SECONDS_PER_STEP = 3e-8
FRESH_SECONDS_PER_ENTRY = 5.5e-9
NUMPY_SECONDS_PER_MATRIX = 2e-5
# A GPU is not full below some thousands of samples; how fast it is, only to within a factor of ten.
GPU_FLOPS = 2e12
GPU_SAMPLES = 1024, 1 << 17
SHARD_SECONDS = 1.5  # of two cores: long against the cost of a commit, short against a user's patience
SCALAR_BYTES = 12 * 8 + 16 + 1  # twelve real or integer columns, the leading eigenvalue, the outcome


@dataclass(frozen=True)
class Shard:
    """Samples start .. stop-1 of a study."""

    index: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Plan:
    """Samples 0 .. samples-1 in shards of `shard_size`, the last one possibly shorter."""

    samples: int
    shard_size: int

    def __len__(self) -> int:
        return -(-self.samples // self.shard_size)

    def __iter__(self) -> Iterator[Shard]:
        return map(self.shard, range(len(self)))

    def shard(self, index: int) -> Shard:
        """The shard with this index, 0 <= index < len(plan)."""
        start = index * self.shard_size
        return Shard(index, start, min(start + self.shard_size, self.samples))


@dataclass(frozen=True)
class Estimate:
    """What a study will cost, to within a factor of a few."""

    samples: int
    seconds: float
    memory_bytes: int
    disk_bytes: int

    def __str__(self) -> str:
        disk = f", {_bytes(self.disk_bytes)} on disk" if self.disk_bytes else ""
        memory = f"{_bytes(self.memory_bytes)} of memory"
        return f"{self.samples:,} samples, about {duration(self.seconds)}, {memory}{disk}"


def estimate(study: "Study", *, cores: int | None = None, stored: bool = True) -> Estimate:
    """What running a study will cost.

    Parameters
    ----------
    study
        The study.
    cores
        Cores that will work on it; None means every core this process may use.
    stored
        Whether the run writes to a folder; if not, all its columns stay in memory.

    Examples
    --------
    >>> import rhoscope as rs
    >>> from rhoscope.plan import estimate
    >>> estimate(rs.Study(samples=1000), cores=2).samples
    1000
    """
    cores = cores or available_cores()
    row = row_bytes(study)
    held = 4 * default_shard_size(study) if stored else study.samples  # computed, waiting, being encoded
    groups = 8 * 8 * cores  # eight matrices a group on each core, eight arrays of n x n apiece
    return Estimate(
        samples=study.samples,
        seconds=study.samples * sample_seconds(study) / cores,
        memory_bytes=held * row + groups * 8 * study.ensemble.real_size(study.size) ** 2,
        disk_bytes=study.samples * row if stored else 0,
    )


def sample_operations(study: "Study") -> float:
    """Floating-point operations of one sample by single steps: the spectrum 15n^3; 6n^2T both ways if A is fixed."""
    n = study.ensemble.real_size(study.size)
    steps = 6.0 * n**2 * study.horizon if study.mode == "fixed" else 0.0
    return 15.0 * n**3 + steps


def sample_seconds(study: "Study") -> float:
    """Seconds of one core for one sample: its products and draws."""
    n, m, horizon = study.ensemble.real_size(study.size), study.inputs, study.horizon
    precision, speed = (single, SINGLE_SPEED) if study.dtype == "float32" else (double, 1.0)
    speed *= FLOPS_PER_CORE
    once = 15.0 * n**3 / speed + SECONDS_PER_SAMPLE
    if study.mode == "fixed":
        work = stride_work(n, m, horizon, stride_doublings(n, m, horizon, precision), precision)
        return once + 2.0 * work / speed + horizon * m * SECONDS_PER_INPUT
    step = FRESH_SECONDS_PER_STEP + FRESH_SECONDS_PER_ENTRY * n**2
    if study.ensemble.law is None:
        step += NUMPY_SECONDS_PER_MATRIX
    passes = 2 if study.delta == "error" else 1
    return once + passes * study.horizon * step


def row_bytes(study: "Study") -> int:
    """Bytes of the columns of one sample."""
    measured = {"eigenvalues": 16 * study.size, "numerical_radius": 8}
    return SCALAR_BYTES + 8 * len(study.lags) + sum(measured[name] for name in study.measure)


def default_shard_size(study: "Study", gpu: bool = False) -> int:
    """Samples in a shard: a multiple of 64, for a second or two on two cores or on a GPU, within bounds."""
    if gpu:
        samples = SHARD_SECONDS * GPU_FLOPS / sample_operations(study)
        return min(max(64 * math.floor(samples / 64), GPU_SAMPLES[0]), GPU_SAMPLES[1])
    samples = 2 * SHARD_SECONDS / sample_seconds(study)
    return min(max(64 * math.floor(samples / 64), 64), 16384)


def duration(seconds: float) -> str:
    """A span of time in the two largest units that matter: "42 s", "3 min 20 s", "2 h 05 min"."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _bytes(count: int) -> str:
    """A number of bytes in decimal units."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"
