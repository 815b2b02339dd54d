"""Steps of the recurrence for a few rows, with the running vector in registers, on the CPU.

In memory a step waits for what the one before has stored, and at such sizes most of its time is that waiting and the
loops. Here loops over rows and columns are unrolled for each size, and a vector is stored only for those who ask for
it later. Every sum has the terms, and their order, that it has in memory. A size costs a fifth of a second to compile:
those between four and eight have their steps in memory.
"""

from typing import Any

from rhoscope.kernels import tiles

# The last for vectors of one register only.
SIZES = 2, 3, 4, 8


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels `walk_2`, `walk_3`, `walk_4`, `walk_8`, and `walk`, which takes one of them or `walk_in_memory`."""
    width = lane.WIDTH
    wide = lane.EIGHT_SUMS

    def walking(n: int) -> Any:
        @jit
        def walk(w, v, steps, shift, matrix, inputs, x, place):
            lane.align_frame()
            a, down, _ = matrix
            b, b_down, m = inputs
            state = tiles.load(w, v * width, 0, n, 1)
            e = lane.load(w, v + n)
            for _ in range(steps):
                v += n + 1
                e = e + shift
                image = tiles.start(w, 0, True, n, 1)
                if m > 0:
                    first, second = kit.factors(-e)
                    for q in range(m):
                        s = lane.load(w, x + place + q) * first * second
                        image = tiles.add_scaled(image, w, (b + q * b_down) * width, s)
                    place += m
                state = tiles.add_image(image, w, a * width, down * width, state)
                tiles.store(state, w, v * width, 0, n)
                lane.store(w, v + n, e)

        return walk

    @jit
    def walk(w, v, steps, shift, count, matrix, inputs, x, place, scaled):
        """As `walk_in_memory`."""
        if count == 2:
            kit.walk_2(w, v, steps, shift, matrix, inputs, x, place)
        elif count == 3:
            kit.walk_3(w, v, steps, shift, matrix, inputs, x, place)
        elif count == 4:
            kit.walk_4(w, v, steps, shift, matrix, inputs, x, place)
        elif wide and count == 8:
            kit.walk_8(w, v, steps, shift, matrix, inputs, x, place)
        else:
            kit.walk_in_memory(w, v, steps, shift, count, matrix, inputs, x, place, scaled)

    return *(walking(n) for n in SIZES), walk
