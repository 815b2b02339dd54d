"""Norms of two samples side by side where a lane is a column: while one waits for its sums, the other goes on.

For few cells only: more of them fill the waiting by themselves, and two matrices leave the first-level cache. What
holds the second sample is another array, laid out as the first. The bits are those of one sample after the other.
"""

from typing import Any

from rhoscope.kernels import registers, tiles
from rhoscope.kernels.few_rows import FREE, two_cells
from rhoscope.kernels.recurrence_space import SIDE_BY_SIDE
from rhoscope.kernels.scaled import ZERO

# Cells of a row, the first where there are `two_cells`.
CELLS = 2, 3, 4
PARTS = 2


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `walk_both_2`, `walk_both_3`, `walk_both_4`, `walk_both`, `goes_with_another` and `norms_of_two`."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS
    narrow = two_cells(lane)

    def walking(count: int) -> Any:
        down = count * width
        size = FREE // 2 - 2 - PARTS * count
        fixed = -(-size // (PARTS * count)) * PARTS

        @jit
        def walk(w, other, v, steps, shift, second, a, rows):
            lane.align_frame()
            e = lane.load(w, v + count)
            f = lane.load(other, v + count)
            x = lane.load(w, v)
            y = lane.load(other, v)
            held = tiles.load(w, a * width, down, count, size)
            kept = tiles.load(other, a * width, down, count, size)
            for _ in range(steps):
                e = e + shift
                f = f + second
                sums = tiles.start(w, 0, True, count, PARTS)
                more = tiles.start(other, 0, True, count, PARTS)
                sums = registers.add_first(sums, w, a * width, down, held, x, v * width, count, fixed)
                more = registers.add_first(more, other, a * width, down, kept, y, v * width, count, fixed)
                p = a * width + fixed * down
                q = v * width + fixed
                for _ in range((rows - fixed) // PARTS):
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, PARTS)
                    more = tiles.add_rows(more, other, p, down, q, 1, count, PARTS)
                    p += PARTS * down
                    q += PARTS
                if rows % PARTS:
                    sums = tiles.add_rows(sums, w, p, down, q, 1, count, 1)
                    more = tiles.add_rows(more, other, p, down, q, 1, count, 1)
                v += count + 1
                image = registers.total(sums, count)
                x = image[0]
                tiles.store(image, w, v * width, 0, count)
                lane.store(w, v + count, e)
                image = registers.total(more, count)
                y = image[0]
                tiles.store(image, other, v * width, 0, count)
                lane.store(other, v + count, f)

        return walk

    @jit
    def walk_both(w, other, v, steps, shift, second, count, a, rows):
        """Steps without inputs from the vectors at v into those after them, for a count that may go with another."""
        if narrow and count == 2:
            kit.walk_both_2(w, other, v, steps, shift, second, a, rows)
        elif wide and count == 3:
            kit.walk_both_3(w, other, v, steps, shift, second, a, rows)
        elif wide:
            kit.walk_both_4(w, other, v, steps, shift, second, a, rows)

    @inlined
    def goes_with_another(count, matrix):
        """Whether samples of such matrices are faster by twos."""
        return count * matrix[2] <= SIDE_BY_SIDE and kit.walks(count, matrix)

    @jit
    def norms_of_two(w, other, v, shift, second, count, matrix, lags, times, out, index):
        """`norms_by_steps` of samples `index` and `index` + 1, the second in `other`."""
        block, look = times
        a, _, rows = matrix
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
                kit.walk_both(w, other, v, steps, shift, second, count, a, rows)
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

    return *(walking(count) for count in CELLS), walk_both, goes_with_another, norms_of_two
