"""Vectors turned and shuffled in registers: blocks of matrices to lanes and back, for the CPU alone."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.tiles import data_of, tile_of
from rhoscope.kernels.vector import DOUBLE, I32, I64, SINGLE, WIDE

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def _turn(builder: Any, vectors: list[Any]) -> list[Any]:
    """Lane k of vector i to lane i of vector k, by swaps over ever larger distances."""
    width, distance = len(vectors), 1
    while distance < width:
        low = [k if not k & distance else width + k - distance for k in range(width)]
        high = [k + distance if not k & distance else width + k for k in range(width)]
        masks = [
            ir.Constant(ir.VectorType(I32, width), [ir.Constant(I32, k) for k in m]) for m in (low, high)
        ]
        turned = list(vectors)
        for i in range(width):
            if not i & distance:
                for at, mask in zip((i, i + distance), masks, strict=True):
                    turned[at] = builder.shuffle_vector(vectors[i], vectors[i + distance], mask)
        vectors = turned
        distance *= 2
    return vectors


@intrinsic(prefer_literal=True)
def places(typingctx: Any, first: Any, last: Any, size: Any, count: Any) -> Any:
    """Where each of `count` matrices of a group begins, from number `first` on; beyond `last` that one again."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        found = []
        for k in range(count.literal_value):
            number = builder.add(args[0], ir.Constant(I64, k))
            beyond = builder.icmp_signed(">", number, args[1])
            found.append(builder.mul(builder.select(beyond, args[1], number), args[2]))
        return context.make_tuple(builder, sig.return_type, found)

    integers = (types.int64,) * 3
    return signature(types.UniTuple(types.int64, count.literal_value), *integers, count), codegen


@intrinsic
def load_turned(typingctx: Any, a: Any, places: Any, beyond: Any) -> Any:
    """Neighbours from each of as many places of a, `beyond` numbers further on, as a cell for each neighbour.

    Sixteen places take float64 as well, rounded to float32.
    """
    family = DOUBLE if places.count == DOUBLE.width else SINGLE
    source = WIDE if family is SINGLE and a.dtype == types.float64 else family

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = data_of(context, builder, sig.args[0], args[0])
        vectors = []
        for place in cgutils.unpack_tuple(builder, args[1]):
            pointer = builder.gep(data, [builder.add(place, args[2])])
            pointer = builder.bitcast(pointer, source.floats.llvm.as_pointer())
            vector = builder.load(pointer, align=source.bits // 8)
            vectors.append(vector if source is family else builder.fptrunc(vector, family.floats.llvm))
        return context.make_tuple(builder, sig.return_type, _turn(builder, vectors))

    return signature(tile_of(family, family.width), a, places, types.int64), codegen


@intrinsic
def store_turned(typingctx: Any, tile: Any, a: Any, places: Any, beyond: Any) -> Any:
    """The counterpart of `load_turned`, for an array of the precision of the tile.

    A tile of fewer cells than lanes is as many neighbours, a power of two.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = data_of(context, builder, sig.args[1], args[1])
        cells = cgutils.unpack_tuple(builder, args[0])
        vectors = []
        for first in range(0, places.count, len(cells)):
            lanes = ir.Constant(ir.VectorType(I32, len(cells)), list(range(first, first + len(cells))))
            vectors += _turn(builder, [builder.shuffle_vector(cell, cell, lanes) for cell in cells])
        for vector, place in zip(vectors, cgutils.unpack_tuple(builder, args[2]), strict=True):
            pointer = builder.gep(data, [builder.add(place, args[3])])
            builder.store(
                vector, builder.bitcast(pointer, vector.type.as_pointer()), align=a.dtype.bitwidth // 8
            )
        return context.get_dummy_value()

    return signature(types.void, tile, a, places, types.int64), codegen


def _two_of_two(x: Any, orders: list[list[int]]) -> Any:
    """Two vectors that take their lanes, in these orders, from those of x and y as of one of twice the width."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(I32, x.family.width)
        masks = [ir.Constant(kind, [ir.Constant(I32, i) for i in order]) for order in orders]
        halves = [builder.shuffle_vector(args[0], args[1], mask) for mask in masks]
        return context.make_tuple(builder, sig.return_type, halves)

    return signature(tile_of(x.family, 2), x, x), codegen


@intrinsic
def alternate(typingctx: Any, x: Any, y: Any) -> Any:
    """x_0, y_0, x_1, y_1, ... as two vectors."""
    width = x.family.width
    return _two_of_two(
        x, [[i // 2 + first + width * (i % 2) for i in range(width)] for first in (0, width // 2)]
    )


@intrinsic
def sift(typingctx: Any, x: Any, y: Any) -> Any:
    """The counterpart of `alternate`: x_0, x_2, ..., y_0, y_2, ... and x_1, x_3, ..., y_1, y_3, ..."""
    return _two_of_two(x, [list(range(first, 2 * x.family.width, 2)) for first in (0, 1)])


@intrinsic
def beside(typingctx: Any, x: Any, y: Any) -> Any:
    """The vectors x_0, y_0, x_1, y_1, ... of two tiles as one."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pairs = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
        return context.make_tuple(builder, sig.return_type, [vector for pair in pairs for vector in pair])

    return signature(types.UniTuple(x.dtype, 2 * x.count), x, y), codegen
