"""Subnormal numbers are zeros where that was asked for, in that thread, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest

import rhoscope as rs
from rhoscope.devices import fixed_cpu
from rhoscope.kernels import subnormals
from rhoscope.kernels.caching import jit

pytestmark = pytest.mark.skipif(not subnormals.KNOWN, reason="a processor that is left as it is")

SMALL = {"float32": np.float32(1e-30), "float64": np.float64(1e-300)}
FACTOR = {"float32": np.float32(1e-12), "float64": np.float64(1e-12)}


@jit
def product(x, y):
    return x * y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_subnormal_result_and_a_subnormal_operand_are_zero_within(dtype):
    kind = np.dtype(dtype).type
    x, y = SMALL[dtype], FACTOR[dtype]
    subnormal = kind(product(x, y))
    assert 0.0 < subnormal < np.finfo(kind).tiny
    with subnormals.flushed():
        # Looked at outside: within, even a comparison takes a subnormal number for zero.
        result, of_operand = product(x, y), product(subnormal, kind(2.0**60))
        normal = product(kind(3.0), kind(0.1))
    assert (result, of_operand, normal) == (0.0, 0.0, kind(3.0) * kind(0.1))
    assert product(x, y) == subnormal
    assert product(subnormal, kind(2.0**60)) > 0.0


def test_what_was_set_before_is_back_after_an_error():
    x, y = SMALL["float64"], FACTOR["float64"]
    with pytest.raises(KeyError), subnormals.flushed():
        raise KeyError
    assert product(x, y) > 0.0
    with subnormals.flushed():
        with subnormals.flushed():
            pass
        still = product(x, y)
    assert still == 0.0


def test_a_thread_that_was_there_before_does_not_notice():
    x, y = SMALL["float64"], FACTOR["float64"]
    with ThreadPoolExecutor(1) as other:
        assert other.submit(product, x, y).result() > 0.0
        with subnormals.flushed():
            there, here = other.submit(product, x, y).result(), product(x, y)
        assert there > 0.0
        assert here == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [2, 8, 32])
def test_a_study_whose_inputs_become_subnormal_finds_the_same(monkeypatch, size, dtype):
    """Inputs that far below the state change no digit of a sum in which both are."""
    study = rs.Study(size=size, gain=(0.9, 1.6), horizon=1500, samples=48, dtype=dtype)
    entered = []

    class Counted:
        def __enter__(self):
            entered.append(True)

        def __exit__(self, *error):
            pass

    expected = rs.run(study, device="cpu")
    monkeypatch.setattr(fixed_cpu, "flushed", Counted)
    found = rs.run(study, device="cpu")
    assert entered
    np.testing.assert_array_equal(found.log_growth, expected.log_growth)
    np.testing.assert_array_equal(found.spectral_radius, expected.spectral_radius)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), 1e-36 * np.eye(4), np.triu(np.ones((4, 4)), 1)])
def test_the_gradient_by_a_matrix_of_zeros_or_next_to_it_is_found(monkeypatch, matrix, dtype):
    """Beside such a matrix states are scaled down to subnormal numbers, which then mean something."""
    study = rs.Study(ensemble=rs.ensembles.Given(matrix[None]), size=4, samples=1, horizon=200, dtype=dtype)
    found = rs.run(study, device="cpu")
    monkeypatch.setattr(fixed_cpu, "flushed", nullcontext)
    expected = rs.run(study, device="cpu")
    assert np.isfinite(found.log_gradient_A).all()
    np.testing.assert_array_equal(found.log_gradient_A, expected.log_gradient_A)
    np.testing.assert_array_equal(found.log_growth, expected.log_growth)
