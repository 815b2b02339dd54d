"""Kernels with a block of threads a matrix against the CPU's: log norms within a bound, eigenvalues to the bit.

Those add in another order, these do not. In Numba's simulator everywhere, and on a GPU where there is one.
"""

from typing import Any

import cuda_block_cases
import numpy as np
import pytest
from cuda_block_cases import Array
from device_process import KINDS, run_cases
from numpy.typing import NDArray

from rhoscope.devices.cpu import CpuDevice

Results = dict[str, NDArray[Any]]
EPS = np.finfo(float).eps


@pytest.fixture(scope="module")
def expected() -> Results:
    """Every case on the CPU."""
    return cuda_block_cases.compute(CpuDevice(1))


@pytest.fixture(scope="module", params=KINDS)
def computed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every case on the CUDA device, in a process of its own."""
    return run_cases(cuda_block_cases.__file__, request.param, tmp_path_factory.mktemp(request.param))[0]


def amplification(matrix: Array, delta: Array, lags: list[int]) -> Array:
    """|(|A^T|^k |delta|)| / |(A^T)^k delta| at the lags k: what a rounding error may grow by beside the result."""
    matrix = matrix / np.abs(matrix).max()
    found, v, bound = [], delta, np.abs(delta)
    for k in range(max(lags) + 1):
        if k in lags:
            norm = np.linalg.norm(v)
            found.append(np.linalg.norm(bound) / norm if norm > 0.0 else 1.0)
        v, bound = matrix.T @ v, np.abs(matrix).T @ bound
        scale = 2.0 ** -np.floor(np.log2(bound.max())) if bound.any() else 1.0
        v, bound = v * scale, bound * scale
    return np.array(found)


@pytest.mark.parametrize("name", cuda_block_cases.STEPS)
def test_log_norms_are_as_near_the_cpus_as_rounding_lets_them(
    computed: Results, expected: Results, name: str
) -> None:
    """Each device is within n (k + 1) eps |A^T|^k |delta|; and the logarithm is rounded."""
    (matrices, deltas), lags = cuda_block_cases.STEPS[name]
    ours, theirs = computed[f"{name}: log_norms"], expected[f"{name}: log_norms"]
    np.testing.assert_array_equal(np.isneginf(ours), np.isneginf(theirs))
    finite = np.isfinite(theirs)
    assert finite.any()
    steps = np.array(lags) + 1
    for s, (matrix, delta) in enumerate(zip(matrices, deltas, strict=True)):
        error = np.abs(ours[s, finite[s]] - theirs[s, finite[s]])
        bound = 2 * EPS * len(delta) * steps * amplification(matrix, delta, lags)
        bound = bound[finite[s]] + 4 * EPS * np.abs(theirs[s, finite[s]])
        assert (error <= bound).all(), (name, s, error, bound)


@pytest.mark.parametrize("name", cuda_block_cases.MATRICES)
def test_eigenvalues_have_the_bits_of_the_cpu(computed: Results, expected: Results, name: str) -> None:
    assert not computed[f"{name}: failed"].any()
    np.testing.assert_array_equal(computed[f"{name}: values"], expected[f"{name}: values"])


def test_the_cases_reach_what_they_are_for(computed: Results, expected: Results) -> None:
    """Past the range within a block of steps, zeros at last, and every kernel."""
    norms = expected["slots: log_norms"]
    assert np.ptp(norms[np.isfinite(norms)]) > 2 * 710
    assert np.isneginf(norms).any(axis=1).sum() == 2
    assert computed["kernels"].tolist() == list(cuda_block_cases.STEPS)


def test_gradients_by_tiny_matrices_have_all_digits(computed: Results, expected: Results) -> None:
    """Scaled by the exponent of such a matrix, a state would be subnormal."""
    name = "tiny: log_gradient_A"
    np.testing.assert_allclose(computed[name], expected[name], rtol=0, atol=16 * EPS)


@pytest.mark.parametrize("name", cuda_block_cases.STUDIES)
def test_a_study_has_the_columns_of_the_cpu(computed: Results, expected: Results, name: str) -> None:
    """Spectra to the bit; norms, of matrices that amplify little over a short horizon, to 1e-12."""
    keys = [key for key in expected if key.startswith(f"{name}: ")]
    assert f"{name}: log_gradient" in keys
    for key in keys:
        if "log_" in key:
            np.testing.assert_allclose(computed[key], expected[key], rtol=5e-13, atol=5e-13, err_msg=key)
        else:
            np.testing.assert_array_equal(computed[key], expected[key], err_msg=key)
