"""Normal numbers of two blocks of a stream at once.

The operations that make a normal number wait for one another from the first to the last. A processor that looks ahead
no further than one number is done sooner with two that alternate.
"""

from typing import Any


def build(lane: Any, kit: Any, inlined: Any, wide: Any = None) -> Any:
    """The kernel `normals_of_two`; `wide` has `normals` for twice the lanes, if there are registers for them."""

    @inlined
    def one_by_one(k0, k1, stream, block, other, sample):
        """The two normal numbers of each lane's `block` of the stream of its sample, then those of its `other`."""
        z0, z1 = kit.normals(k0, k1, stream, block, sample)
        z2, z3 = kit.normals(k0, k1, stream, other, sample)
        return z0, z1, z2, z3

    if wide is None:
        return one_by_one

    @inlined
    def side_by_side(k0, k1, stream, block, other, sample):
        """`one_by_one`, with as many lanes for each block."""
        both = wide.lane.beside(block, other)
        x, y = wide.normals(k0, k1, stream, both, wide.lane.beside(sample, sample))
        z0, z2 = wide.lane.apart(x)
        z1, z3 = wide.lane.apart(y)
        return z0, z1, z2, z3

    return side_by_side
