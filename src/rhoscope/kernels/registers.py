"""Products with a vector that stays in registers from step to step: a tile (`tiles`) of as many vectors as it has.

For the CPU alone; addresses count numbers, not cells.
"""

from typing import Any

from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.tiles import Memory, sum_of_parts, tile_of

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


@intrinsic
def add_scaled(typingctx: Any, tile: Any, w: Any, a: Any, s: Any) -> Any:
    """The vectors from w[a] on times the vector s, onto a tile of as many."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        values = [memory.fma(memory.load(args[2], c), args[3], value) for c, value in enumerate(values)]
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, types.int64, s), codegen


@intrinsic
def add_image(typingctx: Any, tile: Any, w: Any, a: Any, down: Any, x: Any) -> Any:
    """The rows of vectors at w[a], w[a + down], ..., each times its vector of the tile x, onto a tile."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row = args[2]
        for s in cgutils.unpack_tuple(builder, args[4]):
            values = [memory.fma(memory.load(row, c), s, value) for c, value in enumerate(values)]
            row = builder.add(row, args[3])
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, types.int64, types.int64, x), codegen


@intrinsic(prefer_literal=True)
def add_lanes(
    typingctx: Any, tile: Any, w: Any, a: Any, down: Any, x: Any, columns: Any, first: Any, last: Any
) -> Any:
    """The rows at w[a], w[a + down], ..., times the lanes of vectors `first` to `last` - 1 of x, as many as there are.

    Row r goes onto partial sum r % parts of the tile.
    """
    width, begin, end = columns.literal_value, first.literal_value, last.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, parts = args[2], len(values) // width
        for vector in cgutils.unpack_tuple(builder, args[4])[begin:end]:
            values, row = memory.add_lanes(values, vector, row, args[3], width, parts)
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, types.int64, types.int64, x, columns, first, last), codegen


@intrinsic(prefer_literal=True)
def total(typingctx: Any, tile: Any, columns: Any) -> Any:
    """The partial sums of a tile, added in the tree of `tiles.finish`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = sum_of_parts(builder, cgutils.unpack_tuple(builder, args[0]), width)
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(tile.dtype.family, width), tile, columns), codegen
