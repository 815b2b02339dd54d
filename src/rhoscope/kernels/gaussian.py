"""Runs of normal numbers of one stream written to memory, and the gain of a sample."""

from typing import Any

from rhoscope.kernels import streams


def build(lane: Any, kit: Any, jit: Any) -> tuple[Any, Any, Any]:
    """The kernels `fill_normals`, `gain_of` and `multiply`."""

    @jit
    def fill_normals(a, offset, rows, columns, ld, scale, k0, k1, stream, block, sample):
        """Write scale * N(0, 1) to a rows x columns matrix at a[offset], in row-major order of the stream.

        The numbers start at the first element of `block`; returns the block after the last one used.
        """
        count = rows * columns
        # Place and column of the next number: a division for each would be felt.
        at = offset
        j = 0
        for b in range(count >> 1):
            z0, z1 = kit.normals(k0, k1, stream, lane.iconst(block + b), sample)
            lane.store(a, at, z0 * scale)
            at += 1
            j += 1
            if j == columns:
                at += ld - columns
                j = 0
            lane.store(a, at, z1 * scale)
            at += 1
            j += 1
            if j == columns:
                at += ld - columns
                j = 0
        block += count >> 1
        if count & 1:
            z0, _ = kit.normals(k0, k1, stream, lane.iconst(block), sample)
            lane.store(a, offset + (rows - 1) * ld + columns - 1, z0 * scale)
            block += 1
        return block

    @jit
    def gain_of(low, width, k0, k1, sample):
        """The gain g = low + width * u of each lane's sample."""
        u, _ = kit.uniforms(k0, k1, streams.GAIN, lane.iconst(0), sample)
        return lane.fma(u, lane.const(width), lane.const(low))

    @jit
    def multiply(a, n, ld, factor):
        """Multiply each lane's n x n matrix by the lane's factor."""
        for i in range(n):
            for j in range(n):
                lane.store(a, i * ld + j, lane.load(a, i * ld + j) * factor)

    return fill_normals, gain_of, multiply
