"""Groups of lanes from plain arrays, by blocks as high as they are wide that are turned in registers."""

from typing import Any

from rhoscope.kernels import tiles


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernel `take_group`."""
    width = lane.WIDTH

    @jit
    def take_group(matrices, first, last, a, at, rows, columns, ld):
        """Matrices from `first` on of a flat (N, rows, columns) array to the lanes of a, from element `at` on.

        Beyond matrix `last` that one is repeated.
        """
        size = rows * columns
        places = tiles.places(first, last, size, width)
        if ld == columns:
            rows = 1
            columns = size
        for i in range(rows):
            source = i * columns
            to = at + i * ld
            j = 0
            while j + width <= columns:
                tiles.store(tiles.load_turned(matrices, places, source + j), a, (to + j) * width, 0, width)
                j += width
            if j < columns and columns >= width:
                # The last block overlaps the one before, rather than end beyond the array.
                j = columns - width
                tiles.store(tiles.load_turned(matrices, places, source + j), a, (to + j) * width, 0, width)
                j = columns
            while j < columns:
                for s in range(width):
                    lane.put(a, (to + j) * width + s, lane.get(matrices, places[s] + source + j))
                j += 1

    return take_group
