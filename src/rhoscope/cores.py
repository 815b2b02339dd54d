"""How many cores this process may use, which in a container is fewer than the machine has."""

import math
import os
import sys
from pathlib import Path


def available_cores(process: Path = Path("/proc/self"), controllers: Path = Path("/sys/fs/cgroup")) -> int:
    """The number of cores the affinity mask and the control group's quota leave to this process, at least 1.

    Parameters
    ----------
    process, controllers
        Where Linux tells of this process and of control groups; without them only the affinity counts.
    """
    return max(1, math.ceil(min(_affinity(), _quota(process, controllers))))


def _affinity() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1  # honours PYTHON_CPU_COUNT too
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(process: Path, controllers: Path) -> float:
    """The tightest quota, in cores, among the process's control group and the groups above it."""
    try:
        lines = (process / "cgroup").read_text().splitlines()
    except OSError:
        return math.inf
    quota = math.inf
    for line in lines:
        _, names, group = line.split(":", 2)
        if names == "":  # version 2: one hierarchy
            quota = min(quota, *(_read(folder / "cpu.max") for folder in _upwards(controllers, group)))
        elif "cpu" in names.split(","):  # version 1: a hierarchy of its own for the cpu controller
            for folder in _upwards(controllers / "cpu", group):
                quota = min(quota, _read(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"))
    return quota


def _upwards(root: Path, group: str) -> list[Path]:
    """The folder of a control group and all above it, down from `root`."""
    folder = root / group.strip("/")
    return [folder, *(parent for parent in folder.parents if parent == root or root in parent.parents)]


def _read(*files: Path) -> float:
    """Quota over period, in cores; infinite where the group sets none or does not exist."""
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
    except OSError:
        return math.inf
    limited = quota != "max" and int(quota) > 0
    return int(quota) / int(period) if limited else math.inf
