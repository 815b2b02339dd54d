"""The CUDA device computes the CPU's numbers: in Numba's simulator everywhere, and on a GPU where there is one."""

import os
import subprocess
import sys
from typing import Any

import cuda_cases
import numpy as np
import pytest
from numpy.typing import NDArray

from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda_state import state

Results = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def expected() -> Results:
    """Every case on the CPU."""
    return cuda_cases.compute(CpuDevice(1))


@pytest.fixture(scope="module", params=["simulator", "gpu"])
def computed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every case on the CUDA device, in a process of its own."""
    environment = dict(os.environ)
    if request.param == "simulator":
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    elif not (found := state()).usable:
        pytest.skip(found.text)
    results = tmp_path_factory.mktemp(request.param) / "results.npz"
    subprocess.run([sys.executable, cuda_cases.__file__, results], check=True, env=environment)
    with np.load(results) as found:
        return dict(found)


@pytest.mark.parametrize("name", cuda_cases.STUDIES)
def test_columns_have_the_bits_of_the_cpu(computed: Results, expected: Results, name: str) -> None:
    columns = [key for key in expected if key.startswith(f"{name}: ")]
    assert f"{name}: log_gradient" in columns
    for key in columns:
        np.testing.assert_array_equal(computed[key], expected[key], err_msg=key)


@pytest.mark.parametrize("name", cuda_cases.MATRICES)
def test_eigenvalues_have_the_bits_of_the_cpu(computed: Results, expected: Results, name: str) -> None:
    assert not computed[f"{name}: failed"].any()
    np.testing.assert_array_equal(computed[f"{name}: values"], expected[f"{name}: values"])


@pytest.mark.parametrize("n", [2, 3, 8, 17])
def test_eigenvalues_are_those_of_lapack(computed: Results, n: int) -> None:
    """Backward stable: each is within 1e-11 of one of LAPACK's, the matrices being well conditioned."""
    for ours, matrix in zip(computed[f"random {n}: values"], cuda_cases.MATRICES[f"random {n}"], strict=True):
        theirs = np.linalg.eigvals(matrix)
        distance = np.abs(ours[:, None] - theirs)
        assert distance.min(axis=0).max() < 1e-11
        assert distance.min(axis=1).max() < 1e-11


def test_log_norms_have_the_bits_of_the_cpu(computed: Results, expected: Results) -> None:
    np.testing.assert_array_equal(computed["log_norms"], expected["log_norms"])


def test_both_devices_are_asked_the_same(computed: Results, expected: Results) -> None:
    assert computed.keys() == expected.keys()


def test_the_cases_reach_what_they_are_for(expected: Results) -> None:
    outcomes = expected["given: outcome"]
    assert len(set(outcomes.tolist())) > 1  # computed, and not finite
    spread = np.ptp(expected["out of range: log_gradient"])
    assert spread > 2 * 710  # past both ends of float64
