"""The calibrated gain: exact where a law is known, and the table of the real case against fresh draws.

Simulations count matrices of other seeds than the table's with g ρ < 1, and compare the share with p at 4.5
standard errors, of which the table's are a part, where N p (1 - p) >= 90: a right table fails one of these 60
comparisons with a probability of at most 2e-5.
"""

import dataclasses
import json
import math
from importlib.resources import files

import mpmath
import numpy as np
import pytest

import rhoscope as rs
from rhoscope import theory
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.theory import calibrated_gain, calibration

TABLE = json.loads((files("rhoscope.theory") / "gain_table.json").read_text(encoding="utf-8"))
P = np.array(TABLE["probabilities"])


@pytest.mark.parametrize("n", [1, 2, 7, 64, 300])
@pytest.mark.parametrize("p", [1e-9, 0.05, 0.5, 0.999, 1 - 1e-12])
def test_complex_gains_come_back_through_kostlan(n, p):
    found = calibrated_gain(p, n)
    assert found.standard_error == 0.0
    # An error of ε in the radius moves the probability by its density.
    slope = float(
        theory.kostlan_cdf(1.0, n, found.gain * (1 - 1e-6)) - theory.kostlan_cdf(1.0, n, found.gain)
    )
    assert theory.kostlan_cdf(1.0, n, found.gain) == pytest.approx(p, rel=1e-12, abs=1e-8 * slope + 1e-15)


def test_the_complex_gain_of_one_number_is_the_rayleigh_law():
    assert calibrated_gain(0.5, 1).gain == pytest.approx(1.0 / math.sqrt(math.log(2.0)), rel=1e-13)


@pytest.mark.parametrize("p", [1e-6, 0.3, 0.5, 0.99])
def test_the_real_gain_of_one_number_is_the_normal_law(p):
    found = calibrated_gain(p, 1, "real")
    assert float(mpmath.erf(1.0 / (found.gain * mpmath.sqrt(2)))) == pytest.approx(p, rel=1e-12)
    assert found.standard_error == 0.0


def compare_shares(n, radii, tabulated, samples):
    for p in (0.001, 0.01, 0.1, 0.355, 0.5, 0.75, 0.9, 0.99, 0.999):
        if samples * p * (1.0 - p) < 90:
            continue
        below = np.mean(calibrated_gain(p, n, "real").gain * radii < 1.0)
        error = math.sqrt(p * (1.0 - p) * (1.0 / samples + 1.0 / tabulated))
        assert abs(below - p) < 4.5 * error, (n, p, below)


@pytest.mark.parametrize(
    ("n", "samples", "tabulated"),
    [
        (2, 100_000, 200_000),
        (3, 100_000, 200_000),
        (8, 50_000, 200_000),
        (32, 8_000, 200_000),
        (96, 1_000, 100_000),
    ],
)
def test_tabulated_sizes_against_fresh_draws(n, samples, tabulated):
    radii = rs.spectral_radius(rs.ensembles.RealGinibre().sample(n, samples, seed=1))
    compare_shares(n, radii, tabulated, samples)


@pytest.mark.parametrize(("n", "samples"), [(9, 50_000), (11, 40_000), (20, 15_000), (40, 5_000)])
def test_sizes_between_against_fresh_draws(n, samples):
    radii = rs.spectral_radius(rs.ensembles.RealGinibre().sample(n, samples, seed=2))
    compare_shares(n, radii, 200_000, samples)


def test_the_table_against_draws_that_share_no_code():
    n, samples = 5, 20_000
    A = np.random.default_rng(3).standard_normal((samples, n, n)) / math.sqrt(n)
    compare_shares(n, np.abs(np.linalg.eigvals(A)).max(axis=1), 200_000, samples)


def test_the_table_comes_from_the_seed_that_it_names():
    row = TABLE["sizes"][1]
    base, size = int(TABLE["seed"].removesuffix(" + size")), row["size"]
    A = rs.ensembles.RealGinibre().sample(size, row["samples"], seed=base + size)
    middle = np.sort(rs.spectral_radius(A))[row["samples"] // 2 - 1]
    assert row["radius"][list(P).index(0.5)] == pytest.approx(middle, abs=1e-6)


def test_standard_errors_are_those_of_the_density():
    """√(p(1 - p)/N)/f: 1/f from a slope over six points, where binomial noise leaves some 15 %."""
    inner = slice(12, 93)  # p from 0.1 to 0.9
    for row in TABLE["sizes"]:
        slope = np.array(row["radius"][15:96]) - np.array(row["radius"][9:90])
        expected = slope / 0.06 * np.sqrt(P[inner] * (1.0 - P[inner]) / row["samples"])
        ratio = np.array(row["standard_error"])[inner] / expected
        assert ratio.mean() == pytest.approx(1.0, abs=0.02)
        assert (np.abs(ratio - 1.0) < 0.5).all()


@pytest.mark.parametrize("field", ["complex", "real"])
def test_the_gain_falls_as_the_probability_rises(field):
    for n in (1, 2, 3, 9, 17, 50, 100, 128):
        gains = [calibrated_gain(p, n, field).gain for p in np.linspace(0.001, 0.999, 400)]
        assert (np.diff(gains) < 0.0).all()


def test_real_gains_change_smoothly_with_the_size():
    """Medians of ρ rise to n = 24 or so and then fall towards 1; a wrong weight would leave a kink."""
    found = [calibrated_gain(0.5, n, "real") for n in range(4, 129)]
    logs = np.log([entry.gain for entry in found])
    errors = np.array([entry.standard_error for entry in found])
    bends = np.abs(np.diff(logs, 2))
    assert (bends[10:] < 4.0 * errors[11:-1]).all()
    assert errors.max() < 1e-3


def test_interpolation_on_exact_quantiles(monkeypatch):
    """With Kostlan's quantiles in the table, what is read between its entries is Kostlan's."""
    table = calibration._table()
    exact = [[-math.log(calibrated_gain(p, int(n)).gain) for p in P] for n in table.sizes]
    table = dataclasses.replace(table, log_radius=np.array(exact))
    monkeypatch.setattr(calibration, "_table", lambda: table)
    for n in (2, 9, 20, 40, 80, 127):
        for p in (0.0514, 0.123, 0.5, 0.777, 0.9486):
            ratio = calibrated_gain(p, n, "real").gain / calibrated_gain(p, n).gain
            assert abs(math.log(ratio)) < 1e-5
        for p in (0.0015, 0.0032, 0.9968):
            ratio = calibrated_gain(p, n, "real").gain / calibrated_gain(p, n).gain
            assert abs(math.log(ratio)) < 5e-4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: calibrated_gain(0.0, 4), ["probability", "0.0", "above 0 and below 1"]),
        (lambda: calibrated_gain(1.0, 4, "real"), ["probability", "1.0"]),
        (lambda: calibrated_gain(1e-4, 4, "real"), ["probability", "0.0001", "0.001 to 0.999", '"complex"']),
        (lambda: calibrated_gain(0.5, 129, "real"), ["size", "129", "ends at 128", "rs.spectral_radius"]),
        (lambda: calibrated_gain(0.5, 0), ["size", "0"]),
        (lambda: calibrated_gain(0.5, 4, "quaternion"), ["field", "quaternion", '"real"']),  # type: ignore[arg-type]
    ],
)
def test_what_the_table_does_not_hold_is_refused(call, words):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_size_that_is_not_whole_is_named():
    with pytest.raises(ArgumentTypeError, match=r"size: 2\.5"):
        calibrated_gain(0.5, 2.5)  # type: ignore[arg-type]
