"""Normal numbers of two blocks of a stream at once.

The operations that make a normal number wait for one another from the first to the last. A processor that looks ahead
no further than one number is done sooner with two that alternate, and with the words of the next two begun before these
are made of theirs.
"""

from typing import Any


def build(lane: Any, kit: Any, inlined: Any, wide: Any = None) -> Any:
    """The kernels `begin_two` and `end_two`.

    `wide` has the functions for twice the lanes, if there are registers for them.
    """

    @inlined
    def name_two(k0, k1, stream, block, other, sample):
        """What `end_two` makes numbers of: the names of two blocks, where nothing is gained by beginning."""
        return k0, k1, stream, block, other, sample

    @inlined
    def one_by_one(begun):
        """The two normal numbers of each lane's first block of the stream of its sample, then those of its other."""
        k0, k1, stream, block, other, sample = begun
        z0, z1 = kit.normals(k0, k1, stream, block, sample)
        z2, z3 = kit.normals(k0, k1, stream, other, sample)
        return z0, z1, z2, z3

    @inlined
    def words_of_two(k0, k1, stream, block, other, sample):
        """What `end_two` makes numbers of: the words of both blocks, with as many lanes for each."""
        both = wide.lane.beside(block, other)
        return wide.words(k0, k1, stream, both, wide.lane.beside(sample, sample))

    @inlined
    def side_by_side(begun):
        """`one_by_one` of words."""
        x, y = wide.normals_of(begun)
        z0, z2 = wide.lane.apart(x)
        z1, z3 = wide.lane.apart(y)
        return z0, z1, z2, z3

    if wide is None:
        return name_two, one_by_one
    return words_of_two, side_by_side
