"""The generator against the known answers of its authors and against whole-number arithmetic."""

import lane_calls
import naive
import numpy as np
import pytest

# The lines "philox4x32 10" of kat_vectors in Random123.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers_in_every_lane(counter, key, expected):
    assert lane_calls.philox([counter] * 8, key).tolist() == [list(expected)] * 8


def test_lanes_with_different_counters():
    rng = np.random.default_rng(1)
    for _ in range(20):
        counters = rng.integers(0, 2**32, size=(8, 4)).tolist()
        key = tuple(rng.integers(0, 2**32, size=2).tolist())
        expected = [list(naive.philox(tuple(counter), key)) for counter in counters]
        assert lane_calls.philox(counters, key).tolist() == expected


def test_counter_layout_up_to_its_ends():
    """Seed, sample and block have their high words in the right place, and no bit is lost."""
    blocks = [0, 1, 2**32 - 1, 2**32, 2**40 + 5, 2**56 - 1, 7, 3]
    samples = [0, 2**63 - 1, 1, 2**32, 2**32 - 1, 12345, 2**40, 2**62]
    for seed in (0, 539, 2**32, 2**64 - 1):
        for stream in (0, 7, 255):
            expected = [
                list(naive.stream_words(seed, stream, b, s)) for b, s in zip(blocks, samples, strict=True)
            ]
            assert lane_calls.words(seed, stream, blocks, samples).tolist() == expected
