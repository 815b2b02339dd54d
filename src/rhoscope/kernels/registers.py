"""Products with a vector that stays in registers from step to step: a tile (`tiles`) of as many vectors as it has.

For the CPU alone; addresses count numbers, not cells.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.tiles import Memory, sum_of_parts, tile_of
from rhoscope.kernels.vector import I64, family_of

# Scalars that `add_held` spreads from a register.
AT_ONCE = 2

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


@intrinsic(prefer_literal=True)
def hold(typingctx: Any, w: Any, a: Any, down: Any, columns: Any, count: Any) -> Any:
    """The first `count` vectors of the matrix at w[a], row by row, `columns` a row, rows `down` apart."""
    width, size = columns.literal_value, count.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[0], args[0])
        values, row = [], args[1]
        for i in range(size):
            if i and i % width == 0:
                row = builder.add(row, args[2])
            values.append(memory.load(row, i % width))
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(family_of(w), size), w, types.int64, types.int64, columns, count), codegen


@intrinsic
def add_image(typingctx: Any, tile: Any, w: Any, a: Any, down: Any, held: Any, x: Any) -> Any:
    """The rows of vectors at w[a], w[a + down], ..., each times its vector of the tile x, onto a tile.

    The first vectors of the rows are those that `hold` took.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, known = args[2], cgutils.unpack_tuple(builder, args[4])
        for s in cgutils.unpack_tuple(builder, args[5]):
            for c, value in enumerate(values):
                entry = known.pop(0) if known else memory.load(row, c)
                values[c] = memory.fma(entry, s, value)
            row = builder.add(row, args[3])
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, types.int64, types.int64, held, x), codegen


@intrinsic(prefer_literal=True)
def add_held(typingctx: Any, tile: Any, w: Any, held: Any, first: Any, x: Any, columns: Any) -> Any:
    """The rows that `hold` took, row r times scalar r of a vector at w[x], onto partial sum r % parts of the tile.

    `first` is the vector of the first scalars: a few of them are spread from it, while the others, which may just
    have been stored, are on their way.
    """
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        rows = cgutils.unpack_tuple(builder, args[2])
        for r in range(len(rows) // width):
            at = builder.add(args[4], ir.Constant(I64, r))
            s = memory.lane(args[3], r) if r < AT_ONCE else memory.spread(at)
            for c in range(width):
                k = r * width % len(values) + c
                values[k] = memory.fma(rows[r * width + c], s, values[k])
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, held, first, types.int64, columns), codegen


@intrinsic(prefer_literal=True)
def total(typingctx: Any, tile: Any, columns: Any) -> Any:
    """The partial sums of a tile, added in the tree of `tiles.finish`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = sum_of_parts(builder, cgutils.unpack_tuple(builder, args[0]), width)
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(tile.dtype.family, width), tile, columns), codegen
