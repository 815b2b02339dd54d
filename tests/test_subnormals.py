"""Subnormal results are zeros where that was asked for, in that thread, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rhoscope as rs
from rhoscope import drawing
from rhoscope.devices import fixed_cpu, fresh_cpu
from rhoscope.kernels import streams, subnormals
from rhoscope.kernels.caching import jit

pytestmark = pytest.mark.skipif(not subnormals.KNOWN, reason="a processor that is left as it is")

SMALL = {"float32": np.float32(1e-30), "float64": np.float64(1e-300)}
FACTOR = {"float32": np.float32(1e-12), "float64": np.float64(1e-12)}


@jit
def multiply(x, y, out):
    out[0] = x[0] * y[0]


def product(x, y):
    """By way of arrays, since a subnormal float32 that is handed over by itself is a result of a conversion."""
    out = np.empty(1, x.dtype)
    multiply(np.array([x]), np.array([y]), out)
    return out[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_subnormal_result_is_zero_within_and_a_subnormal_operand_itself(dtype):
    kind = np.dtype(dtype).type
    x, y = SMALL[dtype], FACTOR[dtype]
    subnormal = kind(product(x, y))
    assert 0.0 < subnormal < np.finfo(kind).tiny
    with subnormals.flushed():
        result, of_operand = product(x, y), product(subnormal, kind(2.0**60))
        normal = product(kind(3.0), kind(0.1))
    assert (result, of_operand, normal) == (0.0, subnormal * kind(2.0**60), kind(3.0) * kind(0.1))
    assert product(x, y) == subnormal


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


class Counted:
    """In the place of `flushed`: how often it was entered, which changes nothing here."""

    entered = 0

    def __enter__(self):
        Counted.entered += 1

    def __exit__(self, *error):
        pass


def found_unflushed(monkeypatch, study):
    """What a study finds where subnormal numbers stay."""
    for device in (fixed_cpu, fresh_cpu):
        monkeypatch.setattr(device, "flushed", Counted)
    before = Counted.entered
    found = rs.run(study, device="cpu")
    assert Counted.entered > before
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [2, 8, 32])
def test_a_study_whose_inputs_become_subnormal_finds_the_same(monkeypatch, size, dtype):
    """Inputs that far below the state change no digit of a sum in which both are."""
    study = rs.Study(size=size, gain=(0.9, 1.6), horizon=1500, samples=48, dtype=dtype)
    expected = rs.run(study, device="cpu")
    found = found_unflushed(monkeypatch, study)
    np.testing.assert_array_equal(found.log_growth, expected.log_growth)
    np.testing.assert_array_equal(found.spectral_radius, expected.spectral_radius)


@pytest.mark.parametrize("gain", [(0.2, 0.6), (2.0, 4.0)])
def test_so_does_one_with_a_fresh_matrix_at_every_step(monkeypatch, gain):
    """Beside adjoints that fall inputs become subnormal on the way back, beside states that grow on the way there."""
    study = rs.Study(size=2, gain=gain, horizon=1500, samples=24, mode="fresh")
    expected = rs.run(study, device="cpu")
    found = found_unflushed(monkeypatch, study)
    for column in ("log_error", "log_gradient", "log_gradient_B"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


def reference(study):
    """The readable reference on what a study draws, its matrices rounded to the study's precision."""
    n, m = study.size, study.inputs
    A, _ = drawing.draw(study.ensemble, n, 0, study.samples, study.seed, study.gain)
    shapes = (
        (streams.INPUT_MAP, (n, m), n**-0.5),
        (streams.INPUTS, (study.horizon, m), 1.0),
        (streams.STATE, (n,), n**-0.5),
        (streams.TARGET, (n,), n**-0.5),
    )
    others = (drawing.draw_vectors(*shape, 0, study.samples, study.seed) for shape in shapes)
    return rs.bptt(A.astype(study.dtype).astype(float), *others)


def tiny_matrices(n, dtype):
    """None of them, or of their entries, leaves a digit to a state that is scaled by its exponent."""
    tiny = np.finfo(dtype).tiny
    random = np.random.default_rng(n).standard_normal((n, n))
    parts = np.triu(random, 1)  # nilpotent
    return np.array(
        [*(scale * random for scale in (0.0, 2e8 * tiny, tiny, 2e-4 * tiny)), tiny * parts, parts]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("horizon", [40, 200])  # the latter by strides
@pytest.mark.parametrize("n", [4, 33])
def test_gradients_by_matrices_of_zeros_or_next_to_it_are_those_of_the_reference(n, horizon, dtype):
    """A state beside such a matrix was scaled down to subnormal numbers, so that its gradient was infinitely small."""
    matrices = tiny_matrices(n, dtype)
    given = rs.ensembles.Given(matrices)
    study = rs.Study(ensemble=given, size=n, gain=1.0, samples=len(matrices), horizon=horizon, dtype=dtype)
    found, expected = rs.run(study, device="cpu"), reference(study)
    bound = {"rtol": 4 * np.finfo(dtype).eps, "atol": 2 * n * np.finfo(dtype).eps}
    np.testing.assert_allclose(found.log_gradient_A, expected.log_norm_dA, **bound)
    np.testing.assert_allclose(found.log_gradient_B, expected.log_norm_dB, **bound)
    np.testing.assert_allclose(found.log_gradient, expected.log_norm_dh[:, horizon - found.lags], **bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_matrix_of_zeros_does_not_change_the_sample_beside_it(dtype):
    """One that has a subnormal entry, and so tells whether subnormal results are zeros."""
    link = np.array([[0.0, 1.0], [np.finfo(dtype).tiny / 16, 0.0]])
    found = []
    for beside in (np.zeros((2, 2)), np.eye(2)):
        given = rs.ensembles.Given(np.array([link, beside]))
        study = rs.Study(ensemble=given, size=2, gain=1.0, samples=2, horizon=5, dtype=dtype)
        found.append(rs.run(study, device="cpu").log_gradient[0])
    np.testing.assert_array_equal(*found)
