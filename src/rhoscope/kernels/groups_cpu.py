"""Groups of lanes from plain arrays and back, by blocks as high as they are wide that are turned in registers."""

from typing import Any

from rhoscope.kernels import lane_memory, shuffles, tiles


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels `take_group`, `give_group` and `give_pairs`, and what they have for few numbers a matrix."""
    width = lane.WIDTH
    block = lane.precision.WIDTH
    half = block // 2
    # Where the lanes are of the precision of the arrays that are given.
    alike = block == 8

    def moving(taking: bool) -> Any:
        """Between a flat (N, rows, columns) array and lanes, one way or the other: a constant of each kernel."""

        @jit
        def move_group(matrices, first, last, a, at, rows, columns, ld):
            """Matrices from `first` on and the lanes of a from element `at` on; beyond `last` that one again."""
            size = rows * columns
            if ld == columns:
                rows = 1
                columns = size
            if (taking or alike) and size == 4 and rows == 1 and first + width <= last + 1:
                if taking:
                    kit.take_fours(matrices, 4 * first, a, at)
                else:
                    for s in range(0, width, block):
                        kit.give_fours(tiles.load(a, at * width + s, width, 1, 4), matrices, 4 * (first + s))
                return
            for s in range(0, width, block):
                places = shuffles.places(first + s, last, size, block)
                for i in range(rows):
                    row = i * columns
                    cells = (at + i * ld) * width + s
                    j = 0
                    while j < columns and columns >= block:
                        # The last block overlaps the one before, rather than end beyond the array.
                        j = min(j, columns - block)
                        if taking:
                            tile = shuffles.load_turned(matrices, places, row + j)
                            tiles.store(tile, a, cells + j * width, width, 1)
                        else:
                            tile = tiles.load(a, cells + j * width, width, 1, block)
                            shuffles.store_turned(tile, matrices, places, row + j)
                        j += block
                    while j < columns:
                        for k in range(block):
                            if taking:
                                lane.put(a, cells + j * width + k, lane.get(matrices, places[k] + row + j))
                            else:
                                lane.put(matrices, places[k] + row + j, lane.get(a, cells + j * width + k))
                        j += 1

        return move_group

    @inlined
    def take_fours(matrices, source, a, at):
        """Four numbers of every lane, that lie one lane after another."""
        for s in range(0, width, block):
            at_lane = source + 4 * s
            x = lane_memory.load_rounded(a, matrices, at_lane)
            y = lane_memory.load_rounded(a, matrices, at_lane + block)
            z = lane_memory.load_rounded(a, matrices, at_lane + 2 * block)
            u = lane_memory.load_rounded(a, matrices, at_lane + 3 * block)
            low = shuffles.sift(x, y)
            high = shuffles.sift(z, u)
            even = shuffles.sift(low[0], high[0])
            odd = shuffles.sift(low[1], high[1])
            tiles.store(shuffles.beside(even, odd), a, at * width + s, width, 1)

    @inlined
    def give_fours(tile, matrices, to):
        """Four numbers of every lane, one lane after another."""
        even = shuffles.alternate(tile[0], tile[2])
        odd = shuffles.alternate(tile[1], tile[3])
        tiles.store(shuffles.alternate(even[0], odd[0]), matrices, to, block, 1)
        tiles.store(shuffles.alternate(even[1], odd[1]), matrices, to + 2 * block, block, 1)

    def giving(count: int) -> Any:
        """How so many elements at a time, a power of two, become pairs, for n no smaller."""

        @inlined
        def give_some(x, y, n, s, pairs, places):
            i = 0
            while i < n:
                i = min(i, n - count)
                low = tiles.load(x, i * width + s, width, 1, count)
                high = tiles.load(y, i * width + s, width, 1, count)
                shuffles.store_turned(shuffles.beside(low, high), pairs, places, 2 * i)
                i += count

        return give_some

    @jit
    def give_pairs(x, y, n, pairs, first, last):
        """x_0, y_0, x_1, y_1, ... of n elements of x and y, to matrices from `first` on of a flat (N, n, 2) array."""
        for s in range(0, width, block):
            if n == 2 and first + s + block <= last + 1:
                tile = shuffles.beside(tiles.load(x, s, width, 1, 2), tiles.load(y, s, width, 1, 2))
                kit.give_fours(tile, pairs, 4 * (first + s))
                continue
            places = shuffles.places(first + s, last, 2 * n, block)
            if n >= half:
                kit.give_half(x, y, n, s, pairs, places)
            elif n >= half // 2:
                kit.give_quarter(x, y, n, s, pairs, places)
            elif n >= half // 4:
                kit.give_eighth(x, y, n, s, pairs, places)
            else:
                kit.give_one(x, y, n, s, pairs, places)

    by_blocks = giving(half), giving(half // 2), giving(half // 4), giving(1)
    return moving(True), take_fours, moving(False), give_fours, *by_blocks, give_pairs
