"""Products with a vector that stays in registers from step to step: a tile (`tiles`) of as many vectors as it has.

For the CPU alone; addresses count numbers, not cells.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.tiles import Memory, sum_of_parts, tile_of
from rhoscope.kernels.vector import I32, Family

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


def _spread(builder: Any, x: Any, family: Family) -> list[Any]:
    """Each number of a vector in all lanes.

    In two shuffles, each by a constant in the instruction: a single one would load its pattern, or the number itself,
    from the cache that the matrix keeps busy. LLVM would join the two if it saw what lies between.
    """
    each = 128 // family.bits
    kind = ir.FunctionType(x.type, [x.type])
    spread = []
    for first in range(0, family.width, each):
        block = _shuffle(builder, x, [first + i % each for i in range(family.width)])
        block = builder.asm(kind, "", "=v,0", [block], False)
        for k in range(each):
            spread.append(_shuffle(builder, block, [i // each * each + k for i in range(family.width)]))
    return spread


def _shuffle(builder: Any, x: Any, order: list[int]) -> Any:
    lanes = ir.Constant(ir.VectorType(I32, len(order)), [ir.Constant(I32, i) for i in order])
    return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), lanes)


@intrinsic(prefer_literal=True)
def add_cell(typingctx: Any, tile: Any, w: Any, a: Any, down: Any, held: Any, x: Any, columns: Any) -> Any:
    """As many rows of the matrix at w[a] as x has numbers, row r times number r, onto partial sum r % parts.

    The first vectors of these rows are those that `held` has.
    """
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, known = args[2], cgutils.unpack_tuple(builder, args[4])
        for r, s in enumerate(_spread(builder, args[5], memory.family)):
            for c in range(width):
                k = r * width % len(values) + c
                entry = known.pop(0) if known else memory.load(row, c)
                values[k] = memory.fma(entry, s, values[k])
            row = builder.add(row, args[3])
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile, tile, w, types.int64, types.int64, held, x, columns), codegen


@intrinsic(prefer_literal=True)
def total(typingctx: Any, tile: Any, columns: Any) -> Any:
    """The partial sums of a tile, added in the tree of `tiles.finish`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = sum_of_parts(builder, cgutils.unpack_tuple(builder, args[0]), width)
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(tile.dtype.family, width), tile, columns), codegen
