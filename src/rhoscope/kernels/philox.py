"""Philox4x32-10: random words as a pure function of key and counter; any sample can be drawn at any time.

Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from typing import Any

LOW = 0xFFFFFFFF
MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
STEP_0 = 0x9E3779B9
STEP_1 = 0xBB67AE85
ROUNDS = 10
STREAM_BITS = 8


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels `products`, `philox` and `words`."""

    @jit
    def products(c0, c2):
        """The low words of both, multiplied."""
        return (c0 & LOW) * MULTIPLIER_0, (c2 & LOW) * MULTIPLIER_1

    @jit
    def philox(c0, c1, c2, c3, k0, k1):
        """Four random 32-bit words from four counter words (integer lanes) and two key words (scalars).

        They come as two integers, of which the first and the third word are the high halves.
        """
        # Only the low half of a word matters inside: nothing is cut off but before a product.
        for _ in range(ROUNDS - 1):
            p0, p1 = kit.products(c0, c2)
            c0 = (p1 >> 32) ^ c1 ^ k0
            c1 = p1
            c2 = (p0 >> 32) ^ c3 ^ k1
            c3 = p0
            k0 = (k0 + STEP_0) & LOW
            k1 = (k1 + STEP_1) & LOW
        p0, p1 = kit.products(c0, c2)
        return p1 ^ ((c1 ^ k0) << 32), p0 ^ ((c3 ^ k1) << 32)

    @jit
    def words(k0, k1, stream, block, sample):
        """The words of one block of a stream of each sample, as from `philox`; the counter's layout is fixed here."""
        return kit.philox(
            block & LOW,
            ((block >> 32) << STREAM_BITS) | stream,
            sample & LOW,
            sample >> 32,
            k0,
            k1,
        )

    return products, philox, words
