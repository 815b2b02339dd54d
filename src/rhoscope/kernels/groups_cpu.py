"""Groups of lanes from plain arrays, by blocks as high as they are wide that are turned in registers."""

from typing import Any

from rhoscope.kernels import tiles


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernel `take_group`."""
    width = lane.WIDTH
    block = lane.precision.WIDTH

    @jit
    def take_group(matrices, first, last, a, at, rows, columns, ld):
        """Matrices from `first` on of a flat (N, rows, columns) array to the lanes of a, from element `at` on.

        Beyond matrix `last` that one is repeated.
        """
        size = rows * columns
        if ld == columns:
            rows = 1
            columns = size
        for s in range(0, width, block):
            places = tiles.places(first + s, last, size, block)
            for i in range(rows):
                source = i * columns
                to = (at + i * ld) * width + s
                j = 0
                while j + block <= columns:
                    tile = tiles.load_turned(matrices, places, source + j)
                    tiles.store(tile, a, to + j * width, width, 1)
                    j += block
                if j < columns and columns >= block:
                    # The last block overlaps the one before, rather than end beyond the array.
                    j = columns - block
                    tile = tiles.load_turned(matrices, places, source + j)
                    tiles.store(tile, a, to + j * width, width, 1)
                    j = columns
                while j < columns:
                    for k in range(block):
                        lane.put(a, to + j * width + k, lane.get(matrices, places[k] + source + j))
                    j += 1

    return take_group
