"""Groups of lanes from plain arrays, by blocks of eight by eight that are turned in registers."""

from typing import Any

from rhoscope.kernels import tiles
from rhoscope.kernels.vector import WIDTH


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernel `take_group`."""

    @jit
    def take_group(matrices, first, last, a, at, rows, columns, ld):
        """Matrices first..first + 7 of a flat (N, rows, columns) array to the lanes of a, from element `at` on.

        Beyond matrix `last` that one is repeated.
        """
        size = rows * columns
        places = (
            min(first, last) * size,
            min(first + 1, last) * size,
            min(first + 2, last) * size,
            min(first + 3, last) * size,
            min(first + 4, last) * size,
            min(first + 5, last) * size,
            min(first + 6, last) * size,
            min(first + 7, last) * size,
        )
        if ld == columns:
            rows = 1
            columns = size
        for i in range(rows):
            source = i * columns
            to = at + i * ld
            j = 0
            while j + WIDTH <= columns:
                tiles.store(tiles.load_turned(matrices, places, source + j), a, (to + j) * WIDTH, 0, WIDTH)
                j += WIDTH
            if j < columns and columns >= WIDTH:
                # The last block overlaps the one before, rather than end beyond the array.
                j = columns - WIDTH
                tiles.store(tiles.load_turned(matrices, places, source + j), a, (to + j) * WIDTH, 0, WIDTH)
                j = columns
            while j < columns:
                for s in range(WIDTH):
                    lane.put(a, (to + j) * WIDTH + s, lane.get(matrices, places[s] + source + j))
                j += 1

    return take_group
