"""Tuples of vectors that stay in registers: a tile of a product whose lanes are columns of one matrix.

A tile is a tuple of `parts * columns` vectors, `parts` independent partial sums of `columns` vectors each:
enough chains of multiply-adds to hide their latency. For the CPU alone; addresses count doubles, not cells.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.vector import FLOATS, I32, I64, INTEGERS, VECTOR_F, VECTOR_I, WIDTH, splat

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def _data(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(array_type)(context, builder, array).data


def _vector_pointer(builder: Any, data: Any, offset: Any) -> Any:
    return builder.bitcast(builder.gep(data, [offset]), VECTOR_F.as_pointer())


def _fma(builder: Any) -> Any:
    kind = ir.FunctionType(VECTOR_F, [VECTOR_F] * 3)
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDTH}f64")


def _tile(count: int) -> Any:
    return types.UniTuple(FLOATS, count)


@intrinsic(prefer_literal=True)
def start(typingctx: Any, w: Any, y: Any, fresh: Any, columns: Any, parts: Any) -> Any:
    """A tile of zeros, or, unless `fresh`, with `columns` vectors from w[y] on as its first partial sum."""
    count, width = parts.literal_value * columns.literal_value, columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        zero = ir.Constant(VECTOR_F, [0.0] * WIDTH)
        before = builder.block
        with builder.if_then(builder.not_(args[2])):
            loaded = []
            for c in range(width):
                pointer = _vector_pointer(builder, data, builder.add(args[1], ir.Constant(I64, c * WIDTH)))
                loaded.append(builder.load(pointer, align=8))
            inside = builder.block
        values = []
        for vector in loaded:
            phi = builder.phi(VECTOR_F)
            phi.add_incoming(zero, before)
            phi.add_incoming(vector, inside)
            values.append(phi)
        return context.make_tuple(builder, sig.return_type, values + [zero] * (count - width))

    return signature(_tile(count), w, types.int64, types.boolean, columns, parts), codegen


@intrinsic(prefer_literal=True)
def add_rows(
    typingctx: Any, tile: Any, w: Any, a: Any, down: Any, x: Any, step: Any, columns: Any, rows: Any
) -> Any:
    """Row r, at w[a + r * down], times the scalar w[x + r * step], onto partial sum r of the tile."""
    width, height = columns.literal_value, rows.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, scalar = args[2], args[4]
        for r in range(height):
            s = splat(builder, builder.load(builder.gep(data, [scalar])), VECTOR_F)
            for c in range(width):
                pointer = _vector_pointer(builder, data, builder.add(row, ir.Constant(I64, c * WIDTH)))
                i = r * width + c
                values[i] = builder.call(_fma(builder), [builder.load(pointer, align=8), s, values[i]])
            row, scalar = builder.add(row, args[3]), builder.add(scalar, args[5])
        return context.make_tuple(builder, sig.return_type, values)

    integers = (types.int64,) * 4
    return signature(tile, tile, w, *integers, columns, rows), codegen


@intrinsic(prefer_literal=True)
def finish(typingctx: Any, tile: Any, w: Any, y: Any, columns: Any, onto: Any) -> Any:
    """Add the partial sums in a fixed tree and write them to w[y], or add them to what is there if `onto` is 1."""
    width, adds = columns.literal_value, onto.literal_value == 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        while len(values) > width:
            half = len(values) // 2
            values = [builder.fadd(values[i], values[i + half]) for i in range(half)]
        for c, value in enumerate(values):
            pointer = _vector_pointer(builder, data, builder.add(args[2], ir.Constant(I64, c * WIDTH)))
            if adds:
                value = builder.fadd(builder.load(pointer, align=8), value)
            builder.store(value, pointer, align=8)
        return context.get_dummy_value()

    return signature(types.void, tile, w, types.int64, columns, onto), codegen


@intrinsic(prefer_literal=True)
def load(typingctx: Any, w: Any, y: Any, down: Any, columns: Any, rows: Any) -> Any:
    """`rows` rows of `columns` vectors, w[y + r * down] on, as a tile of that many parts."""
    width, height = columns.literal_value, rows.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        values = []
        row = args[1]
        for _ in range(height):
            for c in range(width):
                pointer = _vector_pointer(builder, data, builder.add(row, ir.Constant(I64, c * WIDTH)))
                values.append(builder.load(pointer, align=8))
            row = builder.add(row, args[2])
        return context.make_tuple(builder, sig.return_type, values)

    return signature(_tile(width * height), w, types.int64, types.int64, columns, rows), codegen


@intrinsic(prefer_literal=True)
def store(typingctx: Any, tile: Any, w: Any, y: Any, down: Any, columns: Any) -> Any:
    """The counterpart of `load`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[1], args[1])
        row = args[2]
        for i, value in enumerate(cgutils.unpack_tuple(builder, args[0])):
            if i and i % width == 0:
                row = builder.add(row, args[3])
            pointer = _vector_pointer(builder, data, builder.add(row, ir.Constant(I64, i % width * WIDTH)))
            builder.store(value, pointer, align=8)
        return context.get_dummy_value()

    return signature(types.void, tile, w, types.int64, types.int64, columns), codegen


@intrinsic(prefer_literal=True)
def add_product(typingctx: Any, tile: Any, w: Any, u: Any, v: Any, down: Any, columns: Any) -> Any:
    """The vectors at w[u] times scalar r at w[v + r * down], onto row r of the tile."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        vectors = []
        for c in range(width):
            pointer = _vector_pointer(builder, data, builder.add(args[2], ir.Constant(I64, c * WIDTH)))
            vectors.append(builder.load(pointer, align=8))
        at = args[3]
        for r in range(len(values) // width):
            s = splat(builder, builder.load(builder.gep(data, [at])), VECTOR_F)
            at = builder.add(at, args[4])
            for c in range(width):
                i = r * width + c
                values[i] = builder.call(_fma(builder), [vectors[c], s, values[i]])
        return context.make_tuple(builder, sig.return_type, values)

    integers = (types.int64,) * 3
    return signature(tile, tile, w, *integers, columns), codegen


def _turn(builder: Any, vectors: list[Any]) -> list[Any]:
    """Lane k of vector i to lane i of vector k, by swaps over ever larger distances."""
    for step in (1, 2, 4):
        low = [k if not k & step else WIDTH + k - step for k in range(WIDTH)]
        high = [k + step if not k & step else WIDTH + k for k in range(WIDTH)]
        masks = [
            ir.Constant(ir.VectorType(I32, WIDTH), [ir.Constant(I32, k) for k in m]) for m in (low, high)
        ]
        turned = list(vectors)
        for i in range(WIDTH):
            if not i & step:
                for at, mask in zip((i, i + step), masks, strict=True):
                    turned[at] = builder.shuffle_vector(vectors[i], vectors[i + step], mask)
        vectors = turned
    return vectors


@intrinsic
def load_turned(typingctx: Any, a: Any, places: Any, beyond: Any) -> Any:
    """Eight neighbours from each of eight places of a, `beyond` doubles further on, as a cell for each neighbour."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        offsets = [builder.add(place, args[2]) for place in cgutils.unpack_tuple(builder, args[1])]
        vectors = [builder.load(_vector_pointer(builder, data, offset), align=8) for offset in offsets]
        return context.make_tuple(builder, sig.return_type, _turn(builder, vectors))

    return signature(_tile(WIDTH), a, places, types.int64), codegen


@intrinsic
def numbers(typingctx: Any) -> Any:
    """0, 1, ..., 7 in integer lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return ir.Constant(VECTOR_I, [ir.Constant(I64, i) for i in range(WIDTH)])

    return signature(INTEGERS), codegen


@intrinsic
def alternate(typingctx: Any, x: Any, y: Any) -> Any:
    """x_0, y_0, x_1, y_1, ... as two vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        halves = []
        for first in (0, WIDTH // 2):
            order = [i // 2 + first + WIDTH * (i % 2) for i in range(WIDTH)]
            mask = ir.Constant(ir.VectorType(I32, WIDTH), [ir.Constant(I32, i) for i in order])
            halves.append(builder.shuffle_vector(args[0], args[1], mask))
        return context.make_tuple(builder, sig.return_type, halves)

    return signature(_tile(2), FLOATS, FLOATS), codegen
