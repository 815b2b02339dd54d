"""The CUDA device computes the CPU's numbers: in Numba's simulator everywhere, and on a GPU where there is one."""

from typing import Any

import cuda_cases
import numpy as np
import pytest
from device_process import KINDS, run_cases
from numpy.typing import NDArray

from rhoscope.devices.cpu import CpuDevice
from rhoscope.kernels.recurrence_space import stride_doublings

Results = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def expected() -> Results:
    """Every case on the CPU."""
    return cuda_cases.compute(CpuDevice(1))


@pytest.fixture(scope="module", params=KINDS)
def computed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every case on the CUDA device, in a process of its own."""
    return run_cases(cuda_cases.__file__, request.param, tmp_path_factory.mktemp(request.param))[0]


@pytest.mark.parametrize("name", cuda_cases.STUDIES)
def test_columns_have_the_bits_of_the_cpu(computed: Results, expected: Results, name: str) -> None:
    columns = [key for key in expected if key.startswith(f"{name}: ")]
    assert f"{name}: log_gradient" in columns
    by_strides = {f"strides: log_{column}" for column in ("error", "gradient", "gradient_A", "gradient_B")}
    for key in columns:
        if key in by_strides:
            np.testing.assert_allclose(computed[key], expected[key], rtol=1e-13, atol=2e-12, err_msg=key)
        else:
            np.testing.assert_array_equal(computed[key], expected[key], err_msg=key)


def test_the_cpu_takes_strides() -> None:
    study, _, _ = cuda_cases.STUDIES["strides"]
    assert stride_doublings(study.size, study.inputs, study.horizon) > 0


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
