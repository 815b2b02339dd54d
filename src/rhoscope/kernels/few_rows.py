"""Steps of the recurrence for a few rows, with what fits of matrix and vector in registers, on the CPU.

In memory a step waits for what the one before has stored, and reads each entry of the matrix again. Here sums, a part
of the matrix, and where a lane is a matrix the vector, stay in registers from step to step; a vector is stored only for
those who ask for it later. Every sum has the terms, and their order, that it has in memory. A size takes a fifth of a
second to compile, so there are not more of them.
"""

from typing import Any

from rhoscope.kernels import registers, tiles
from rhoscope.kernels.vector import ACCUMULATORS

# Rows where a lane is a matrix, from five on for vectors of one register only; cells of a row where it is a column, the
# first for float32, in which fewer columns are more than lanes.
ROWS = 2, 3, 4, 5, 6, 7, 8
CELLS = 2, 3, 4, 5, 6, 7, 8
# Vectors that registers hold besides a running vector, its successor and two more.
FREE = 2 * ACCUMULATORS - 2
# And in which the numbers of a vector are spread, one after another, where a lane is a column.
SPREAD = 4


def two_cells(lane: Any) -> bool:
    """Whether there are vectors of two cells where a lane is a column: in float32."""
    return 2 * lane.WIDTH >= lane.precision.COLUMNS_FROM


def partial_sums(lane: Any, count: int) -> int:
    """Partial sums of a product of so many cells where a lane is a column: chains enough to hide their latency."""
    if count == 8:
        return 1
    return 4 if count == 2 and two_cells(lane) else 2


def _marching(kit: Any, jit: Any) -> Any:
    @jit
    def march(w, v, steps, period, mask, floor, shift, count, matrix, inputs, x, place, scaled):
        """As `march` of `recurrence`."""
        if kit.walks(count, matrix):
            for j in range(0, steps, period):
                here = v + j * (count + 1)
                kit.rescale_vector(w, here, count, floor, mask)
                some = min(period, steps - j)
                kit.walk(w, here, some, shift, count, matrix, inputs, x, place + j * inputs[2], scaled)
        else:
            kit.march_in_memory(
                w, v, steps, period, mask, floor, shift, count, matrix, inputs, x, place, scaled
            )

    return march


def build_interleaved(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `walk_2` to `walk_8`, `walk`, `walks` and `march`."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS

    def walking(n: int) -> Any:
        size = min(n * n, max(1, FREE - 2 * n))

        @jit
        def walk(w, v, steps, shift, matrix, inputs, x, place):
            lane.align_frame()
            a, down, _ = matrix
            b, b_down, m = inputs
            state = tiles.load(w, v * width, 0, n, n)
            e = lane.load(w, v + n)
            held = tiles.load(w, a * width, down * width, n, size)
            for _ in range(steps):
                v += n + 1
                e = e + shift
                image = tiles.start(w, 0, True, n, 1)
                if m > 0:
                    first, second = kit.factors(-e)
                    for q in range(m):
                        s = lane.load(w, x + place + q) * first * second
                        image = registers.add_scaled(image, w, (b + q * b_down) * width, s)
                    place += m
                state = registers.add_image(image, w, a * width, down * width, held, state)
                tiles.store(state, w, v * width, 0, n)
                lane.store(w, v + n, e)

        return walk

    @jit
    def walk(w, v, steps, shift, count, matrix, inputs, x, place, scaled):
        """Steps from the vector at v into those after it, for a count that `walks` names."""
        if count == 2:
            kit.walk_2(w, v, steps, shift, matrix, inputs, x, place)
        elif count == 3:
            kit.walk_3(w, v, steps, shift, matrix, inputs, x, place)
        elif count == 4:
            kit.walk_4(w, v, steps, shift, matrix, inputs, x, place)
        elif wide and count == 5:
            kit.walk_5(w, v, steps, shift, matrix, inputs, x, place)
        elif wide and count == 6:
            kit.walk_6(w, v, steps, shift, matrix, inputs, x, place)
        elif wide and count == 7:
            kit.walk_7(w, v, steps, shift, matrix, inputs, x, place)
        elif wide:
            kit.walk_8(w, v, steps, shift, matrix, inputs, x, place)

    @inlined
    def walks(count, matrix):
        """Whether steps of a matrix of so many rows are taken in registers."""
        return 2 <= count <= 4 or (wide and 5 <= count <= 8)

    return *(walking(n) for n in ROWS), walk, walks, _marching(kit, jit)


def build_columns(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `walk_2` to `walk_8`, `walk`, `walks` and `march`."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS
    narrow = wide and two_cells(lane)

    def walking(count: int) -> Any:
        parts = partial_sums(lane, count)
        size = min(max(1, FREE - SPREAD - parts * count), width * count)
        down = count * width

        @jit
        def walk(w, v, steps, shift, matrix, inputs, x, place, scaled):
            lane.align_frame()
            a, _, rows = matrix
            b, _, m = inputs
            e = lane.load(w, v + count)
            first = lane.load(w, v)
            held = tiles.load(w, a * width, down, count, size)
            for _ in range(steps):
                e = e + shift
                sums = tiles.start(w, 0, True, count, parts)
                if m > 0:
                    kit.scale_inputs(w, scaled, x, place, m, -e)
                    place += m
                    p = b * width
                    q = scaled * width
                    for _ in range(m // parts):
                        sums = tiles.add_rows(sums, w, p, down, q, 1, count, parts)
                        p += parts * down
                        q += parts
                    for _ in range(m % parts):
                        sums = tiles.add_rows(sums, w, p, down, q, 1, count, 1)
                        p += down
                        q += 1
                sums = registers.add_cell(sums, w, a * width, down, held, first, count)
                p = a * width + width * down
                for c in range(1, rows // width):
                    sums = registers.add_cell(sums, w, p, down, (), lane.load(w, v + c), count)
                    p += width * down
                q = v * width + rows // width * width
                left = rows % width
                for _ in range(left // parts):
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, parts)
                    p += parts * down
                    q += parts
                for _ in range(left % parts):
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, 1)
                    p += down
                    q += 1
                v += count + 1
                image = registers.total(sums, count)
                first = image[0]
                tiles.store(image, w, v * width, 0, count)
                lane.store(w, v + count, e)

        return walk

    @jit
    def walk(w, v, steps, shift, count, matrix, inputs, x, place, scaled):
        """Steps from the vector at v into those after it, for a count that `walks` names."""
        if narrow and count == 2:
            kit.walk_2(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 3:
            kit.walk_3(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 4:
            kit.walk_4(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 5:
            kit.walk_5(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 6:
            kit.walk_6(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 7:
            kit.walk_7(w, v, steps, shift, matrix, inputs, x, place, scaled)
        elif wide and count == 8:
            kit.walk_8(w, v, steps, shift, matrix, inputs, x, place, scaled)
        else:
            kit.walk_in_turns(w, v, steps, shift, count, matrix, inputs, x, place, scaled)

    @inlined
    def walks(count, matrix):
        """Whether steps of a matrix with rows of so many cells are taken in registers, or panel by panel."""
        return (narrow and count == 2) or (wide and 3 <= count <= 8) or kit.in_turns(count, matrix)

    return *(walking(count) for count in CELLS), walk, walks, _marching(kit, jit)
