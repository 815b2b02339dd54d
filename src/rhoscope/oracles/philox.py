"""Philox4x32-10 in Python's whole numbers; the kernels share no line with it."""

Words = tuple[int, int, int, int]

_LOW = 2**32 - 1


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Four random words of 32 bits.

    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3.
    """
    a, b, c, d = counter
    left, right = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ left, q & _LOW, (p >> 32) ^ d ^ right, p & _LOW
        left, right = (left + 0x9E3779B9) & _LOW, (right + 0xBB67AE85) & _LOW
    return a, b, c, d


def uniforms(words: Words) -> tuple[float, float]:
    """The first 53 bits of two words each, on {1, ..., 2^53} / 2^53."""
    a, b, c, d = words
    return (((a << 32 | b) >> 11) + 1) / 2**53, (((c << 32 | d) >> 11) + 1) / 2**53
