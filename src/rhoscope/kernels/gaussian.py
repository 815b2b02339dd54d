"""Runs of normal numbers of one stream written to memory, and the gain of a sample."""

from typing import Any

from rhoscope.kernels import streams


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> tuple[Any, Any, Any, Any]:
    """The kernels `put_number`, `fill_normals`, `gain_of` and `multiply`."""

    @inlined
    def put_number(a, at, j, z, columns, ld):
        """Write z at a[at], in column j; returns place and column of the next number."""
        lane.store(a, at, z)
        at += 1
        j += 1
        if j == columns:
            at += ld - columns
            j = 0
        return at, j

    @jit
    def fill_normals(a, offset, rows, columns, ld, scale, k0, k1, stream, block, sample):
        """Write scale * N(0, 1) to a rows x columns matrix at a[offset], in row-major order of the stream.

        The numbers start at the first element of `block`; returns the block after the last one used.
        """
        count = rows * columns
        # Place and column of the next number: a division for each would be felt.
        at = offset
        j = 0
        begun = kit.begin_two(k0, k1, stream, lane.iconst(block), lane.iconst(block + 1), sample)
        for q in range(0, count - 3, 4):
            here = begun
            if q + 4 < count:
                begun = kit.begin_two(k0, k1, stream, lane.iconst(block + 2), lane.iconst(block + 3), sample)
            z0, z1, z2, z3 = kit.end_two(here)
            at, j = kit.put_number(a, at, j, z0 * scale, columns, ld)
            at, j = kit.put_number(a, at, j, z1 * scale, columns, ld)
            at, j = kit.put_number(a, at, j, z2 * scale, columns, ld)
            at, j = kit.put_number(a, at, j, z3 * scale, columns, ld)
            block += 2
        left = count & 3
        if left > 0:
            z0, z1, z2, _ = kit.end_two(begun)
            at, j = kit.put_number(a, at, j, z0 * scale, columns, ld)
            if left > 1:
                at, j = kit.put_number(a, at, j, z1 * scale, columns, ld)
            if left > 2:
                at, j = kit.put_number(a, at, j, z2 * scale, columns, ld)
        return block + ((left + 1) >> 1)

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

    return put_number, fill_normals, gain_of, multiply
