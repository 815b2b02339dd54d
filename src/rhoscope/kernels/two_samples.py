"""Norms of two samples side by side, or of two groups of them: while one waits for its sums, the other goes on.

For few cells only: more of them fill the waiting by themselves, and two matrices leave the first-level cache. What
holds the second sample is another array, laid out as the first. The bits are those of one sample after the other.
"""

from typing import Any

from rhoscope.kernels import registers, tiles
from rhoscope.kernels.few_rows import FREE, SPREAD, partial_sums, two_cells
from rhoscope.kernels.recurrence_space import CELLS_SIDE_BY_SIDE, ROWS_SIDE_BY_SIDE
from rhoscope.kernels.scaled import ZERO

# Rows in registers where a lane is a matrix; cells of a row where it is a column, two where there are `two_cells`.
ROWS = 2, 3, 4, 5, 6, 7, 8
CELLS = 2, 3, 4


def build_interleaved(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `walk_both_2` to `walk_both_8` and those named in both return statements."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS

    def walking(n: int) -> Any:
        size = min(n * n, max(1, FREE // 2 - 2 * n))

        @jit
        def walk(w, other, v, steps, matrix):
            lane.align_frame()
            a = matrix[0] * width
            down = matrix[1] * width
            x = tiles.load(w, v * width, 0, n, n)
            y = tiles.load(other, v * width, 0, n, n)
            held = tiles.load(w, a, down, n, size)
            kept = tiles.load(other, a, down, n, size)
            for _ in range(steps):
                v += n + 1
                x = registers.add_image(tiles.start(w, 0, True, n, 1), w, a, down, held, x)
                y = registers.add_image(tiles.start(other, 0, True, n, 1), other, a, down, kept, y)
                tiles.store(x, w, v * width, 0, n)
                tiles.store(y, other, v * width, 0, n)

        return walk

    @jit
    def walk_both(w, other, v, steps, count, matrix):
        """Steps without inputs from the vectors at v into those after them, for a count that may go with another.

        Exponents are not written.
        """
        if wide and count == 2:
            kit.walk_both_2(w, other, v, steps, matrix)
        elif wide and count == 3:
            kit.walk_both_3(w, other, v, steps, matrix)
        elif wide and count == 4:
            kit.walk_both_4(w, other, v, steps, matrix)
        elif wide and count == 5:
            kit.walk_both_5(w, other, v, steps, matrix)
        elif wide and count == 6:
            kit.walk_both_6(w, other, v, steps, matrix)
        elif wide and count == 7:
            kit.walk_both_7(w, other, v, steps, matrix)
        elif wide and count == 8:
            kit.walk_both_8(w, other, v, steps, matrix)
        elif wide:
            # One step after the other: the processor looks ahead far enough to begin the second beside the first.
            for _ in range(steps):
                there = v + count + 1
                kit.apply_matrices(w, there, count, (0, 0, 0), 0, matrix, v)
                kit.apply_matrices(other, there, count, (0, 0, 0), 0, matrix, v)
                v = there

    @inlined
    def goes_with_another(count, matrix):
        """Whether groups of such matrices are faster by twos."""
        return wide and 2 <= count <= ROWS_SIDE_BY_SIDE

    return *(walking(n) for n in ROWS), walk_both, goes_with_another, *_norming(lane, kit, jit)


def build_columns(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `walk_both_2` to `walk_both_4` and those named in both return statements."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS
    narrow = wide and two_cells(lane)

    def walking(count: int) -> Any:
        down = count * width
        parts = partial_sums(lane, count)
        size = max(1, FREE // 2 - SPREAD - parts * count)

        @jit
        def walk(w, other, v, steps, matrix):
            lane.align_frame()
            a, _, rows = matrix
            x = lane.load(w, v)
            y = lane.load(other, v)
            held = tiles.load(w, a * width, down, count, size)
            kept = tiles.load(other, a * width, down, count, size)
            for _ in range(steps):
                sums = tiles.start(w, 0, True, count, parts)
                more = tiles.start(other, 0, True, count, parts)
                sums = registers.add_cell(sums, w, a * width, down, held, x, count)
                more = registers.add_cell(more, other, a * width, down, kept, y, count)
                p = a * width + width * down
                for c in range(1, rows // width):
                    sums = registers.add_cell(sums, w, p, down, (), lane.load(w, v + c), count)
                    more = registers.add_cell(more, other, p, down, (), lane.load(other, v + c), count)
                    p += width * down
                q = v * width + rows // width * width
                left = rows % width
                for _ in range(left // parts):
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, parts)
                    more = tiles.add_rows(more, other, p, down, q, 1, count, parts)
                    p += parts * down
                    q += parts
                for _ in range(left % parts):
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, 1)
                    more = tiles.add_rows(more, other, p, down, q, 1, count, 1)
                    p += down
                    q += 1
                v += count + 1
                image = registers.total(sums, count)
                x = image[0]
                tiles.store(image, w, v * width, 0, count)
                image = registers.total(more, count)
                y = image[0]
                tiles.store(image, other, v * width, 0, count)

        return walk

    @jit
    def walk_both(w, other, v, steps, count, matrix):
        """Steps without inputs from the vectors at v into those after them, for a count that may go with another.

        Exponents are not written.
        """
        if narrow and count == 2:
            kit.walk_both_2(w, other, v, steps, matrix)
        elif wide and count == 3:
            kit.walk_both_3(w, other, v, steps, matrix)
        elif wide:
            kit.walk_both_4(w, other, v, steps, matrix)

    @inlined
    def goes_with_another(count, matrix):
        """Whether samples of such matrices are faster by twos."""
        return count * matrix[2] <= CELLS_SIDE_BY_SIDE and kit.walks(count, matrix)

    return *(walking(count) for count in CELLS), walk_both, goes_with_another, *_norming(lane, kit, jit)


def _norming(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def write_exponents(w, v, steps, shift, count, lag, lags, position):
        """Exponents of the last of `steps` vectors after v, and of those at lags from `position` on; v has lag `lag`.

        Each step adds `shift`. To write all would take a fifth of the time at n = 2.
        """
        first = lane.load(w, v + count)
        lane.store(w, v + steps * (count + 1) + count, lane.fma(shift, lane.const(float(steps)), first))
        while position < lags.size and lags[position] <= lag + steps:
            k = lags[position] - lag
            lane.store(w, v + k * (count + 1) + count, lane.fma(shift, lane.const(float(k)), first))
            position += 1

    @jit
    def norms_of_two(w, other, v, shift, second, count, matrix, lags, times, out, index):
        """`norms_by_steps` of samples `index` and `index` + 1, the second in `other`."""
        block, look = times
        floor = lane.const(ZERO)
        every = floor == floor
        frail = ~every
        other_frail = frail
        position = kit.record(w, v, count, 0, 0, lags, 0, out, lags.size, index)
        kit.record(other, v, count, 0, 0, lags, 0, out, lags.size, index + 1)
        lag = 0
        while position < lags.size:
            steps = min(block, lags[lags.size - 1] - lag)
            kit.rescale_vector(w, v, count, floor, every)
            kit.rescale_vector(other, v, count, floor, every)
            if lane.any(frail | other_frail):
                kit.march(w, v, steps, look, frail, floor, shift, count, matrix, (0, 0, 0), 0, 0, 0)
                kit.march(
                    other, v, steps, look, other_frail, floor, second, count, matrix, (0, 0, 0), 0, 0, 0
                )
            else:
                kit.walk_both(w, other, v, steps, count, matrix)
                kit.write_exponents(w, v, steps, shift, count, lag, lags, position)
                kit.write_exponents(other, v, steps, second, count, lag, lags, position)
            frail = frail | kit.settle_norms(w, v, steps, look, frail, shift, count, matrix)
            other_frail = other_frail | kit.settle_norms(
                other, v, steps, look, other_frail, second, count, matrix
            )
            kit.record(other, v, count, lag, steps, lags, position, out, lags.size, index + 1)
            position = kit.record(w, v, count, lag, steps, lags, position, out, lags.size, index)
            end = v + steps * (count + 1)
            kit.copy_vector(w, v, end, count)
            kit.copy_vector(other, v, end, count)
            lag += steps

    return write_exponents, norms_of_two
