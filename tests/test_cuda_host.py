"""Spectra of large matrices in a study on a GPU: found by the host's cores, while the GPU takes the gradients."""

import json
import os
import subprocess
import sys

import pytest

from rhoscope.kernels.block_space import SPECTRA_FROM
from rhoscope.outcome import Outcome

SCRIPT = """
import json
import sys
import threading
import time
import numpy as np
import rhoscope as rs
from rhoscope.devices import cuda, lapack, spectra_cuda, study_cpu
from rhoscope.devices.cuda_memory import Launcher
from rhoscope.devices.spectra_cpu import GroupSpectra
from rhoscope.devices.study_cuda import CudaWorker
from rhoscope.kernels import block_space

told, threads = [], set()

def noted(owner, name, word):
    method = getattr(owner, name)
    def told_of(*arguments):
        told.append(word)
        if word == by:
            threads.add(threading.get_ident())
            time.sleep(0.01)  # for the other threads to take theirs
        return method(*arguments)
    setattr(owner, name, told_of)

mode, by = sys.argv[1:]
if by == "LAPACK":
    cuda.LAPACK_FROM = 3
else:  # no block has room for such a matrix
    block_space.SPECTRA_FROM, spectra_cuda.shared_memory = 3, lambda: 0
matrices = np.random.default_rng(539).normal(size=(69, 3, 3))
matrices[4], matrices[5, 1, 2], matrices[6, 0, 0] = 0.0, np.inf, np.nan
matrices[68] = np.diag([1.0, 2.0], 1)
given = {"samples": 69, "size": 3, "horizon": 4, "measure": ("eigenvalues",)}
if mode == "fixed":
    given["ensemble"] = rs.ensembles.Given(matrices)
study = rs.Study(mode=mode, **given)
expected = study_cpu.study_columns(study, 0, 69, 1, cuda.LAPACK_FROM, None)
noted(Launcher, "wait", "wait")
noted(CudaWorker, "launch_gradients", "gradients")
noted(lapack, "spectrum", "LAPACK")
noted(GroupSpectra, "find", "kernel")
found = cuda.CudaDevice(5).columns(study, 0, 69)
print(json.dumps({
    "told": told,
    "threads": len(threads),
    "outcomes": sorted(set(found["outcome"].tolist())),
    "differing": [name for name in expected if not np.array_equal(expected[name], found[name], equal_nan=True)],
}))
"""


def run(mode: str, by: str) -> dict[str, object]:
    """What the script tells, with a GPU of Numba's simulator."""
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", SCRIPT, mode, by]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


# Of 69 matrices two are not finite, which LAPACK is not asked for. The kernel takes groups of eight, of which five
# threads have those of two warps at once.
@pytest.mark.parametrize(("by", "calls"), [("LAPACK", 67), ("kernel", 9)])
def test_the_host_finds_spectra_while_the_gpu_takes_gradients(by: str, calls: int) -> None:
    found = run("fixed", by)
    told = found["told"]
    assert isinstance(told, list)
    assert told.count(by) == calls
    begun = told.index("gradients")
    assert "wait" in told[:begun]  # for the draws
    assert set(told[begun + 1 : begun + 1 + calls]) == {by}
    assert found["threads"] == 5
    assert found["differing"] == []
    assert found["outcomes"] == [Outcome.OK, Outcome.NON_FINITE]


@pytest.mark.parametrize("by", ["LAPACK", "kernel"])
def test_matrices_that_change_with_every_step_are_not_fetched_meanwhile(by: str) -> None:
    """The first one, whose spectrum is asked for, is drawn again at the end."""
    found = run("fresh", by)
    told = found["told"]
    assert isinstance(told, list)
    assert "wait" in told[told.index("gradients") : told.index(by)]
    assert found["differing"] == []


@pytest.mark.parametrize(
    ("n", "shared", "by_host"), [(16, 0, False), (160, 227, False), (161, 227, True), (90, 64, True)]
)
def test_the_host_takes_the_sizes_in_a_study_that_it_takes_in_eigvals(
    n: int, shared: int, by_host: bool
) -> None:
    script = f"""
from rhoscope import Study
from rhoscope.devices import spectra_cuda, study_cuda
from rhoscope.devices.study_columns import empty_columns
spectra_cuda.shared_memory = study_cuda.shared_memory = lambda: {shared << 10}
study = Study(size={n}, horizon=4, samples=1)
worker = study_cuda.CudaWorker(study, 1, 1025, empty_columns(study, 0, 1), 0, None)
print(worker.by_host, spectra_cuda.takes({n}), worker.forms is None)
"""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    said = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(by_host), str(not by_host), str(by_host or n < SPECTRA_FROM)]
