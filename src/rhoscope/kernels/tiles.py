"""Tuples of vectors that stay in registers: a tile of a product whose lanes are columns of one matrix.

A tile is a tuple of `parts * columns` vectors, `parts` independent partial sums of `columns` vectors each:
enough chains of multiply-adds to hide their latency. For the CPU alone; addresses count numbers, not cells. The
vectors are those that the array holds, of either precision.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from rhoscope.kernels.vector import I64, Family, family_of, splat

# pyright: reportArgumentType=false, reportCallIssue=false
# (an intrinsic takes a typing context as first argument, which its callers never pass)


def data_of(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(array_type)(context, builder, array).data


class Memory:
    """An array as vectors and scalars of its own precision."""

    def __init__(self, context: Any, builder: Any, array_type: Any, array: Any) -> None:
        self.family = family_of(array_type)
        self._vector = self.family.floats.llvm
        self._builder = builder
        self._data = data_of(context, builder, array_type, array)

    def pointer(self, offset: Any, c: int = 0) -> Any:
        """Address of vector c after an offset."""
        builder = self._builder
        if c:
            offset = builder.add(offset, ir.Constant(I64, c * self.family.width))
        return builder.bitcast(builder.gep(self._data, [offset]), self._vector.as_pointer())

    def load(self, offset: Any, c: int = 0) -> Any:
        """Vector c after an offset."""
        return self._builder.load(self.pointer(offset, c), align=self.family.bits // 8)

    def store(self, value: Any, offset: Any, c: int = 0) -> None:
        """Write vector c after an offset."""
        self._builder.store(value, self.pointer(offset, c), align=self.family.bits // 8)

    def spread(self, at: Any) -> Any:
        """The scalar there in every lane."""
        builder = self._builder
        return splat(builder, builder.load(builder.gep(self._data, [at])), self._vector)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x * y + z of vectors, rounded once."""
        kind = ir.FunctionType(self._vector, [self._vector] * 3)
        name = f"llvm.fma.{self.family.suffix}"
        return self._builder.call(cgutils.get_or_insert_function(self._builder.module, kind, name), [x, y, z])


def tile_of(family: Family, count: int) -> Any:
    """The type of a tile of so many vectors."""
    return types.UniTuple(family.floats, count)


def sum_of_parts(builder: Any, values: list[Any], columns: int) -> list[Any]:
    """The partial sums of a tile added in a fixed tree."""
    while len(values) > columns:
        half = len(values) // 2
        values = [builder.fadd(values[i], values[i + half]) for i in range(half)]
    return values


@intrinsic(prefer_literal=True)
def start(typingctx: Any, w: Any, y: Any, fresh: Any, columns: Any, parts: Any) -> Any:
    """A tile of zeros, or, unless `fresh`, with `columns` vectors from w[y] on as its first partial sum."""
    count, width = parts.literal_value * columns.literal_value, columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[0], args[0])
        zero = memory.family.constant(0.0)
        before = builder.block
        with builder.if_then(builder.not_(args[2])):
            loaded = [memory.load(args[1], c) for c in range(width)]
            inside = builder.block
        values = []
        for vector in loaded:
            phi = builder.phi(zero.type)
            phi.add_incoming(zero, before)
            phi.add_incoming(vector, inside)
            values.append(phi)
        return context.make_tuple(builder, sig.return_type, values + [zero] * (count - width))

    return signature(tile_of(family_of(w), count), w, types.int64, types.boolean, columns, parts), codegen


@intrinsic(prefer_literal=True)
def add_rows(
    typingctx: Any, tile: Any, w: Any, a: Any, down: Any, x: Any, step: Any, columns: Any, rows: Any
) -> Any:
    """Row r, at w[a + r * down], times the scalar w[x + r * step], onto partial sum r of the tile."""
    width, height = columns.literal_value, rows.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        row, scalar = args[2], args[4]
        for r in range(height):
            s = memory.spread(scalar)
            for c in range(width):
                i = r * width + c
                values[i] = memory.fma(memory.load(row, c), s, values[i])
            row, scalar = builder.add(row, args[3]), builder.add(scalar, args[5])
        return context.make_tuple(builder, sig.return_type, values)

    integers = (types.int64,) * 4
    return signature(tile, tile, w, *integers, columns, rows), codegen


@intrinsic
def unforeseen(typingctx: Any, i: Any) -> Any:
    """The integer i. A loop over it is not unrolled: LLVM unrolls none in which it does not know what is called.

    A load that steps from row to row tells the processor what to fetch next. Each of several in turn steps over all
    their rows, too far to be foreseen from 2 KB on.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.asm(ir.FunctionType(I64, [I64]), "", "=r,0", [args[0]], False)

    return types.int64(types.int64), codegen


@intrinsic(prefer_literal=True)
def finish(typingctx: Any, tile: Any, w: Any, y: Any, columns: Any, onto: Any) -> Any:
    """Add the partial sums in a fixed tree and write them to w[y], or add them to what is there if `onto` is 1."""
    width, adds = columns.literal_value, onto.literal_value == 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = sum_of_parts(builder, cgutils.unpack_tuple(builder, args[0]), width)
        for c, value in enumerate(values):
            if adds:
                value = builder.fadd(memory.load(args[2], c), value)
            memory.store(value, args[2], c)
        return context.get_dummy_value()

    return signature(types.void, tile, w, types.int64, columns, onto), codegen


@intrinsic(prefer_literal=True)
def load(typingctx: Any, w: Any, y: Any, down: Any, columns: Any, count: Any) -> Any:
    """The first `count` vectors of rows of `columns` vectors, w[y + r * down] on, as a tile."""
    width, size = columns.literal_value, count.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[0], args[0])
        values = []
        row = args[1]
        for i in range(size):
            if i and i % width == 0:
                row = builder.add(row, args[2])
            values.append(memory.load(row, i % width))
        return context.make_tuple(builder, sig.return_type, values)

    return signature(tile_of(family_of(w), size), w, types.int64, types.int64, columns, count), codegen


@intrinsic(prefer_literal=True)
def store(typingctx: Any, tile: Any, w: Any, y: Any, down: Any, columns: Any) -> Any:
    """The counterpart of `load`."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        row = args[2]
        for i, value in enumerate(cgutils.unpack_tuple(builder, args[0])):
            if i and i % width == 0:
                row = builder.add(row, args[3])
            memory.store(value, row, i % width)
        return context.get_dummy_value()

    return signature(types.void, tile, w, types.int64, types.int64, columns), codegen


@intrinsic(prefer_literal=True)
def add_product(typingctx: Any, tile: Any, w: Any, u: Any, v: Any, down: Any, columns: Any) -> Any:
    """The vectors at w[u] times scalar r at w[v + r * down], onto row r of the tile."""
    width = columns.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory = Memory(context, builder, sig.args[1], args[1])
        values = cgutils.unpack_tuple(builder, args[0])
        vectors = [memory.load(args[2], c) for c in range(width)]
        at = args[3]
        for r in range(len(values) // width):
            s = memory.spread(at)
            at = builder.add(at, args[4])
            for c in range(width):
                i = r * width + c
                values[i] = memory.fma(vectors[c], s, values[i])
        return context.make_tuple(builder, sig.return_type, values)

    integers = (types.int64,) * 3
    return signature(tile, tile, w, *integers, columns), codegen


@intrinsic
def plus(typingctx: Any, tile: Any, other: Any) -> Any:
    """The sum of two tiles."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
        return context.make_tuple(builder, sig.return_type, [builder.fadd(x, y) for x, y in values])

    return signature(tile, tile, tile), codegen
