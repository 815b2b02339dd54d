"""The oracles themselves, against published answers and one another."""

import naive
import numpy as np
import pytest


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, words):
    assert " ".join(f"{word:08x}" for word in naive.philox(counter, key)) == words


def test_every_part_of_the_counter_and_the_key_changes_the_words():
    base = {"seed": 5, "stream": 3, "block": 7, "sample": 11}
    changed = [
        base | change
        for change in (
            {},
            {"seed": 5 + 2**32},
            {"stream": 4},
            {"block": 8},
            {"block": 7 + 2**32},
            {"sample": 12},
            {"sample": 11 + 2**32},
        )
    ]
    assert len({naive.stream_words(**arguments) for arguments in changed}) == len(changed)


def test_normals_have_the_moments_of_the_normal_law():
    # Mean, variance and fourth moment of 4000 draws; 4.5 standard errors each: false alarms below 3e-5.
    draws = naive.normals(seed=2, stream=0, sample=0, count=4000)
    for power, expected, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (4, 3.0, 96.0)):
        assert abs(np.mean(draws**power) - expected) < 4.5 * np.sqrt(variance / draws.size)


def test_power_norms_by_fractions_and_by_mpmath_agree():
    A = np.array([[0.5, 8.0, -3.0], [0.0, 0.25, 1.0], [0.0, 0.0, -2.0]])
    delta = np.array([1.0, -1.0, 0.5])
    lags = [0, 1, 7, 60]
    expected = naive.log_power_norms(A, delta, lags)
    np.testing.assert_allclose(naive.log_power_norms_mp(A, delta, lags), expected, rtol=1e-15)


def test_conditions_of_a_two_by_two_triangle():
    # [[1, c], [0, 2]] has kappa = sqrt(1 + c^2) for both eigenvalues.
    _, kappa = naive.eigenvalue_conditions(np.array([[1.0, 100.0], [0.0, 2.0]]))
    np.testing.assert_allclose(kappa, np.sqrt(1 + 100.0**2), rtol=1e-12)
