"""Every column of a study against the readable reference, LAPACK and closed forms; and what becomes of bad samples."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from ensemble_list import KNOWN

import rhoscope as rs
from rhoscope import drawing, theory
from rhoscope.devices import cpu as cpu_device
from rhoscope.devices import lapack, study_cpu
from rhoscope.devices.choose import choose
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.outcome import Outcome
from rhoscope.pool import Cancelled

# Sizes on both sides of every change of layout, and with every kind of rest in groups of eight columns.
SIZES = [1, 2, 7, 24, 25, 33]


def drawn(study: rs.Study) -> dict[str, np.ndarray]:
    """What a study draws, read from the streams by their definition."""
    n, samples = study.ensemble.real_size(study.size), study.samples
    A, _ = drawing.draw(study.ensemble, study.size, 0, samples, study.seed, study.gain)
    scale = drawing.vector_scale(n)
    shapes = {
        "B": (streams.INPUT_MAP, (n, study.inputs), scale),
        "h0": (streams.STATE, (n,), scale),
        "y": (streams.TARGET, (n,), scale),
        "delta": (streams.DELTA, (n,), scale),
        "x": (streams.INPUTS, (study.horizon, study.inputs), 1.0),
    }
    return {"A": A} | {
        name: drawing.draw_vectors(stream, shape, size, 0, samples, study.seed)
        for name, (stream, shape, size) in shapes.items()
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inputs", [0, 1, 3])
def test_gradients_are_those_of_the_reference(device: str, size: int, inputs: int) -> None:
    study = rs.Study(size=size, horizon=70, samples=9, inputs=inputs, lags=[1, 2, 33, 70])
    result = rs.run(study, device=device)
    of = drawn(study)
    reference = rs.bptt(of["A"], of["B"], of["x"], of["h0"], of["y"])
    close = {"rtol": 0, "atol": 1e-11}
    np.testing.assert_allclose(
        result.log_gradient, reference.log_norm_dh[:, study.horizon - result.lags], **close
    )
    np.testing.assert_allclose(result.log_error, reference.log_norm_dh[:, -1], **close)
    np.testing.assert_allclose(result.log_gradient_A, reference.log_norm_dA, **close)
    if inputs:
        np.testing.assert_allclose(result.log_gradient_B, reference.log_norm_dB, **close)
    else:
        with pytest.raises(AttributeError, match="inputs = 0"):
            _ = result.log_gradient_B


@pytest.mark.parametrize("size", SIZES)
def test_independent_delta_knows_nothing_of_the_matrix(device: str, size: int) -> None:
    study = rs.Study(size=size, horizon=40, samples=10, delta="independent", lags=[1, 39, 40])
    result = rs.run(study, device=device)
    of = drawn(study)
    np.testing.assert_allclose(
        result.log_error, np.log(np.linalg.norm(of["delta"], axis=1)), rtol=0, atol=1e-14
    )
    expected = rs.gradient_norms(of["A"], of["delta"], study.lags, method="step")
    np.testing.assert_array_equal(result.log_gradient, expected)
    with pytest.raises(AttributeError, match="independent"):
        _ = result.log_gradient_A


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_spectra_are_those_of_the_matrices_drawn(device: str, known) -> None:
    study = rs.Study(
        ensemble=known.ensemble, size=6, horizon=3, samples=20, measure=("eigenvalues", "numerical_radius")
    )
    result = rs.run(study, device=device)
    assert (result.outcome == Outcome.OK).all()
    A = known.ensemble.sample(6, 20, seed=study.seed, gain=study.gain)
    of = drawn(study)["A"]
    for index in range(20):
        values = np.linalg.eigvals(A[index])
        radius = np.abs(values).max()
        # Symmetric and orthogonal ones are exact to rounding; a triangular one of strength 1.5 is not.
        assert result.radius_low[index] <= result.spectral_radius[index] <= result.radius_high[index]
        width = result.radius_high[index] - result.radius_low[index] + 1e-13
        assert abs(result.spectral_radius[index] - radius) <= width
        assert abs(abs(result.leading_eigenvalue[index]) - radius) <= width
        assert result.leading_eigenvalue[index].imag >= 0
        assert result.spectral_norm[index] == pytest.approx(np.linalg.norm(A[index], 2), rel=1e-12)
        assert result.frobenius_norm[index] == pytest.approx(np.linalg.norm(of[index]), rel=1e-13)
        assert result.numerical_radius[index] <= result.spectral_norm[index] * (1 + 1e-12)
        # Between the spectral radius and the norm, and at least half of that; equal to both if A is normal.
        assert result.numerical_radius[index] >= result.spectral_radius[index] * (1 - 1e-6)
        assert result.numerical_radius[index] >= result.spectral_norm[index] / 2
        gap = np.abs(result.eigenvalues[index][:, None] - values[None, :])
        assert max(gap.min(axis=0).max(), gap.min(axis=1).max()) < 1e-5
        square = max(0.0, np.linalg.norm(of[index]) ** 2 - np.sum(np.abs(np.linalg.eigvals(of[index])) ** 2))
        assert result.departure[index] ** 2 == pytest.approx(square, rel=1e-8, abs=1e-12)


def test_numerical_radius_of_known_fields_of_values(device: str) -> None:
    """A Jordan block of size m at 0 has w = cos(pi/(m+1)); of a normal matrix w is the spectral radius."""
    m = 5
    matrices = np.array([np.diag(np.ones(m - 1), 1), np.diag([1.0, -3.0, 2.0, 0.0, 0.5])])
    study = rs.Study(
        ensemble=rs.ensembles.Given(matrices),
        size=m,
        samples=2,
        gain=1.0,
        horizon=1,
        measure="numerical_radius",
    )
    found = rs.run(study, device=device).numerical_radius
    np.testing.assert_allclose(found, [math.cos(math.pi / (m + 1)), 3.0], rtol=1e-12)


@pytest.mark.parametrize("size", [3, 26])
@pytest.mark.parametrize("delta", ["error", "independent"])
def test_bits_depend_on_the_sample_alone(device: str, size: int, delta: str) -> None:
    """Not on the range it is asked in, the threads, or the company in its group."""
    study = rs.Study(size=size, horizon=33, samples=200, delta=delta, measure="eigenvalues")
    whole = choose(device, 2).columns(study, 0, 200)
    for start, stop in ((0, 1), (5, 14), (13, 200), (199, 200)):
        part = choose(device, 1).columns(study, start, stop)
        for name, column in part.items():
            np.testing.assert_array_equal(column, whole[name][start:stop], err_msg=name)


def given(matrices: np.ndarray, **fields: object) -> rs.Study:
    return rs.Study(
        ensemble=rs.ensembles.Given(matrices),
        size=matrices.shape[1],
        samples=len(matrices),
        gain=1.0,
        **{"horizon": 20} | fields,
    )


def test_bad_matrices_are_counted_and_spoil_no_neighbour(device: str) -> None:
    matrices = np.random.default_rng(1).standard_normal((11, 4, 4))
    good = rs.run(given(matrices), device=device)
    spoiled = matrices.copy()
    spoiled[3, 0, 1], spoiled[9, 2, 2] = np.nan, -np.inf
    result = rs.run(given(spoiled), device=device)
    bad = np.isin(np.arange(11), [3, 9])
    np.testing.assert_array_equal(result.outcome, np.where(bad, Outcome.NON_FINITE, Outcome.OK))
    for name in result.columns:
        column, expected = getattr(result, name), getattr(good, name)
        np.testing.assert_array_equal(column[~bad], expected[~bad], err_msg=name)
        if name not in ("sample", "gain", "outcome"):
            lost = column[bad] == -1 if column.dtype.kind == "i" else np.isnan(column[bad])
            assert lost.all(), name
    assert rs.criterion(result).outcomes["NON_FINITE"] == 2


def test_an_error_of_exactly_zero_is_an_outcome(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """h_T = y is arranged by drawing nothing but zeros for both."""

    def zeros(v: np.ndarray, *rest: object) -> None:
        v[:] = 0.0

    monkeypatch.setattr("rhoscope.kernels.cpu.draw_vectors", zeros)
    result = rs.run(rs.Study(size=3, horizon=5, samples=3, inputs=0), device=device)
    assert (result.outcome == Outcome.ZERO_ERROR).all()
    assert np.isnan(result.log_error).all()


def test_exact_zeros_of_the_gradient_stay_minus_infinity(device: str) -> None:
    nilpotent = np.triu(np.ones((2, 6, 6)), 1)
    result = rs.run(given(nilpotent, lags=[5, 6, 20]), device=device)
    assert (result.outcome == Outcome.OK).all()
    assert (result.spectral_radius == 0).all()
    np.testing.assert_array_equal(result.log_gradient == -np.inf, [[False, True, True]] * 2)


def fail(monkeypatch: pytest.MonkeyPatch, lanes: list[int]) -> None:
    """Have the iteration report no convergence for some of the first group's lanes."""
    from rhoscope.kernels import cpu as kit_of_cpu

    whole = kit_of_cpu.spectrum_batch

    def failing(*arguments: Any) -> None:
        whole(*arguments)
        rows = arguments[4].reshape(-1, layout.ROWS, 8)
        rows[0, :, lanes] = np.nan
        rows[0, layout.REAL_COUNT, lanes] = 77.0
        rows[0, layout.FINITE, lanes] = 1.0
        rows[0, layout.FAILED, lanes] = 1.0

    monkeypatch.setattr(kit_of_cpu, "spectrum_batch", failing)


def test_lapack_steps_in_where_the_iteration_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    study = rs.Study(size=5, horizon=8, samples=8, measure="eigenvalues")
    good = rs.run(study)
    fail(monkeypatch, [2, 6])
    result = rs.run(study)
    assert result.outcome.tolist() == [0, 0, 1, 0, 0, 0, 1, 0]
    for name in ("spectral_radius", "spectral_norm", "frobenius_norm", "departure", "leading_eigenvalue"):
        np.testing.assert_allclose(getattr(result, name), getattr(good, name), rtol=1e-11)
    for name in ("log_gradient", "real_eigenvalue_count"):
        np.testing.assert_array_equal(getattr(result, name), getattr(good, name))
    widths = [r.radius_high - r.spectral_radius for r in (result, good)]
    np.testing.assert_allclose(*widths, rtol=0.5)  # LAPACK's is of the matrix as it stands, ours as balanced
    np.testing.assert_allclose(
        np.sort_complex(result.eigenvalues), np.sort_complex(good.eigenvalues), atol=1e-12
    )


def test_a_sample_that_nothing_solves_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, [1])
    monkeypatch.setattr(lapack, "eigenvalues", lambda matrix: None)
    result = rs.run(rs.Study(size=5, horizon=8, samples=8))
    assert result.outcome.tolist() == [0, 2, 0, 0, 0, 0, 0, 0]
    assert np.isnan(result.spectral_radius[1])
    assert np.isnan(result.log_gradient[1]).all()


def test_large_matrices_have_their_spectra_from_lapack(monkeypatch: pytest.MonkeyPatch) -> None:
    study = rs.Study(size=9, horizon=5, samples=10)
    by_lanes = rs.run(study)
    monkeypatch.setattr(cpu_device, "LAPACK_FROM", 9)
    result = rs.run(study)
    assert (result.outcome == Outcome.OK).all()
    np.testing.assert_array_equal(result.log_gradient, by_lanes.log_gradient)
    A = study.ensemble.sample(9, 10, seed=study.seed, gain=study.gain)
    expected = [np.abs(scipy.linalg.eigvals(a)).max() for a in A]
    np.testing.assert_allclose(result.spectral_radius, expected, rtol=1e-12)


@pytest.mark.parametrize("power", [-1000, 1000])
def test_lapack_too_scales_what_would_leave_the_range(power: int) -> None:
    matrix = np.random.default_rng(5).standard_normal((6, 6))
    found, again = lapack.spectrum(matrix, 0.9), lapack.spectrum(np.ldexp(matrix, power), 0.9)
    assert found is not None
    assert again is not None
    (plain, values), (scaled, scaled_values) = found, again
    for name, number in plain.items():
        expected = number if name == "real_eigenvalue_count" else number * 2.0**power
        assert scaled[name] == pytest.approx(expected, rel=1e-12, abs=0), name
    order, scaled_order = np.argsort(values), np.argsort(scaled_values)
    np.testing.assert_allclose(scaled_values[scaled_order], values[order] * 2.0**power, rtol=1e-12)


def test_two_routes_of_lapack_that_disagree_bound_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = np.diag([1.0, 0.5])
    assert lapack.radius_bounds(matrix, np.array([1.0, 0.5], complex), 0.9)[1] < 1 + 1e-14
    assert lapack.radius_bounds(matrix, np.array([3.0, 0.5], complex), 0.9) == (0.0, np.inf)

    def fails(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError

    monkeypatch.setattr(scipy.linalg, "eig", fails)
    assert lapack.radius_bounds(matrix, np.array([1.0, 0.5], complex), 0.9) == (0.0, np.inf)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bounds_hold_the_radius_of_badly_scaled_matrices(dtype: str) -> None:
    """Balancing makes them small enough beside their largest entry for the condition numbers to leave the range."""
    random = np.random.default_rng(3)
    for n in (2, 3, 5, 8):
        plain = random.standard_normal((8, n, n))
        for power in (13, 20, 30) if dtype == "float32" else (100, 200, 240, 255):
            grading = np.ldexp(1.0, np.linspace(-power, power, n).astype(int))
            matrices = grading[:, None] * plain / grading
            study = rs.Study(
                ensemble=rs.ensembles.Given(matrices), size=n, samples=8, horizon=2, gain=1.0, dtype=dtype
            )
            result = rs.run(study)
            radius = np.abs(np.linalg.eigvals(plain.astype(dtype))).max(axis=-1)
            slack = 1e-5 if dtype == "float32" else 1e-13
            assert (result.radius_low <= radius * (1 + slack)).all(), (n, power)
            assert (result.radius_high >= radius * (1 - slack)).all(), (n, power)


def test_cancelling_ends_between_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_cpu, "CHUNK_SECONDS", 0.0)
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        choose("cpu", 1).columns(rs.Study(size=2, horizon=2, samples=10_000), 0, 10_000, cancelled=cancelled)
    assert len(asked) == 3


# Closed forms: two-sided tests of means on fixed draws, each of level 1e-4, nine of them in this file.
Z = 3.89


def assert_mean(values: np.ndarray, expected: float) -> None:
    z = (values.mean() - expected) / (values.std() / math.sqrt(len(values)))
    assert abs(z) < Z, z


@pytest.mark.parametrize("lag", [1, 2, 3])
@pytest.mark.parametrize("ensemble", [rs.ensembles.RealGinibre(), rs.ensembles.ComplexGinibre()], ids=str)
def test_mean_square_growth_of_ginibre(device: str, ensemble: rs.ensembles.Ensemble, lag: int) -> None:
    """E |(A^T)^k v|^2 = E |A^k|_F^2 / n for v apart from A; larger lags are ruled by rare matrices."""
    n, gain = 6, 0.9
    study = rs.Study(
        ensemble=ensemble, size=n, gain=gain, horizon=3, samples=40_000, delta="independent", lags=[1, 2, 3]
    )
    growth = rs.run(study, device=device).log_growth[:, lag - 1]
    field = "complex" if ensemble.complex_valued else "real"
    expected = theory.expected_power_norm(n, lag, gain, field) / n
    assert_mean(np.exp(2 * growth), expected)


def test_haar_keeps_the_norm(device: str) -> None:
    study = rs.Study(
        ensemble=rs.ensembles.HaarOrthogonal(),
        size=12,
        gain=1.0,
        horizon=500,
        samples=50,
        delta="independent",
    )
    result = rs.run(study, device=device)
    np.testing.assert_allclose(result.log_growth, 0.0, atol=1e-12)
    np.testing.assert_allclose(result.spectral_radius, 1.0, rtol=1e-13)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_number_of_real_eigenvalues(device: str, n: int) -> None:
    result = rs.run(rs.Study(size=n, horizon=1, samples=20_000, seed=7), device=device)
    assert_mean(result.real_eigenvalue_count, theory.expected_real_eigenvalues(n))
