"""Products with a vector that stays in registers from step to step: a tile (`tiles`) of as many vectors as it has.

For the CPU alone; addresses count numbers, not cells.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.tiles import Memory, spread_lane, sum_of_parts, tile_of
from rhoscope.kernels.vector import I64

# Scalars that `add_first` spreads from a register.
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


@intrinsic
def add_image(typingctx: Any, tile: Any, w: Any, a: Any, down: Any, held: Any, x: Any) -> Any:
    """The rows of vectors at w[a], w[a + down], ..., each times its vector of the tile x, onto a tile.

    The first vectors of the rows are those that `held` has.
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
def add_first(
    typingctx: Any, tile: Any, w: Any, a: Any, down: Any, held: Any, x: Any, at: Any, columns: Any, rows: Any
) -> Any:
    """The first rows of the matrix at w[a], row r times scalar r of the vector at w[at], onto partial sum r % parts.

    The first vectors of these rows are those that `held` has. `x` is the first vector of what lies at w[at]: a few
    scalars are spread from it, while the others, which may just have been stored, are on their way.
    """
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, known = args[2], cgutils.unpack_tuple(builder, args[4])
        for r in range(rows.literal_value):
            here = builder.add(args[6], ir.Constant(I64, r))
            s = spread_lane(builder, args[5], r) if r < AT_ONCE else memory.spread(here)
            for c in range(width):
                k = r * width % len(values) + c
                entry = known.pop(0) if known else memory.load(row, c)
                values[k] = memory.fma(entry, s, values[k])
            row = builder.add(row, args[3])
        return context.make_tuple(builder, sig.return_type, values)

    integers = types.int64, types.int64
    return signature(tile, tile, w, *integers, held, x, types.int64, columns, rows), codegen


@intrinsic(prefer_literal=True)
def total(typingctx: Any, tile: Any, columns: Any) -> Any:
    """The partial sums of a tile, added in the tree of `tiles.finish`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = sum_of_parts(builder, cgutils.unpack_tuple(builder, args[0]), width)
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(tile.dtype.family, width), tile, columns), codegen
