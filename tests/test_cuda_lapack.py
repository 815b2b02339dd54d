"""Spectra of large matrices in a study on a GPU: LAPACK on the host's cores, while the GPU takes the gradients."""

import json
import os
import subprocess
import sys

SCRIPT = """
import json
import sys
import threading
import time
import numpy as np
import rhoscope as rs
from rhoscope.devices import cuda, lapack, study_cpu
from rhoscope.devices.cuda_memory import Launcher
from rhoscope.devices.study_cuda import CudaWorker

told, threads = [], set()

def noted(owner, name, word):
    method = getattr(owner, name)
    def told_of(*arguments):
        told.append(word)
        threads.add(threading.current_thread().name)
        if word == "LAPACK":
            time.sleep(0.01)
        return method(*arguments)
    setattr(owner, name, told_of)

cuda.LAPACK_FROM = 3
study = rs.Study(size=3, horizon=4, samples=40, mode=sys.argv[1])
expected = study_cpu.study_columns(study, 0, 40, 1, 3, None)
noted(Launcher, "wait", "wait")
noted(CudaWorker, "launch_gradients", "gradients")
noted(lapack, "spectrum", "LAPACK")
found = cuda.CudaDevice(3).columns(study, 0, 40)
print(json.dumps({
    "told": told,
    "threads": len([name for name in threads if name.startswith("rhoscope")]),
    "differing": [name for name in expected if not np.array_equal(expected[name], found[name])],
}))
"""


def run(mode: str) -> dict[str, object]:
    """What the script tells, with a GPU of Numba's simulator."""
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-c", SCRIPT, mode]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_lapack_has_the_cores_while_the_gpu_takes_gradients() -> None:
    found = run("fixed")
    told = found["told"]
    assert isinstance(told, list)
    assert told.count("LAPACK") == 40
    begun = told.index("gradients")
    assert "wait" in told[:begun]  # for the draws
    assert set(told[begun + 1 : begun + 41]) == {"LAPACK"}
    assert found["threads"] == 3
    assert found["differing"] == []


def test_matrices_that_change_with_every_step_are_not_fetched_meanwhile() -> None:
    """The first one, whose spectrum is asked for, is drawn again at the end."""
    found = run("fresh")
    told = found["told"]
    assert isinstance(told, list)
    assert "wait" in told[told.index("gradients") : told.index("LAPACK")]
    assert found["differing"] == []
