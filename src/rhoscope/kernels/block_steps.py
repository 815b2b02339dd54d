"""Steps with the matrix on chip: `recurrence` for a slot of threads a matrix, and a few slots a block.

The steps, the blocks of steps, the exponents and the second, careful pass over a block that left the safe range are
those of `recurrence`; only the order of the sums in a product differs. Thread (g, q) of a slot, of G C threads, holds
the ROWS x COLUMNS entries (r G + g, c C + q) of the matrix in registers: an array of constant size, whose loops the
compiler unrolls wholly. Rows and columns are so dealt out that neighbours read and write neighbouring elements. A
step forms each thread's share of the product, and after a `sync` the shares of each element are added.

A matrix that has no room in registers lies in shared memory, where thread (g, q) takes rows g, g + G, ... of column q.

A slot of shared memory: the vectors of a block of steps, scaled as in `scaled`; shares; LEADERS sums; the matrix.
"""

from typing import Any

from rhoscope.kernels.double import HIGH, LOW

# Entries of a thread's tile. Its 32 entries fill 64 of the 128 registers that 512 threads may have. Of 8 x 4, a
# step reads 8 elements and writes and reads 4 shares: 24 accesses to shared memory for 32 fused multiply-adds.
ROWS = 8
COLUMNS = 4
TILE = ROWS * COLUMNS
# Elements of a vector that one thread adds up: those of a tile's rows and the one that pads them.
PART = ROWS + 1


def build(lane: Any, kit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement."""

    @inlined
    def load_tile(tile, a, start, down, across, n, row, column):
        """The tile at (row, column) of the matrix whose element (i, j) lies at start + i down + j across of a.

        Entries beyond n are zero. Returns the largest absolute value.
        """
        largest = lane.const(0.0)
        for r in range(ROWS):
            for c in range(COLUMNS):
                x = lane.const(0.0)
                if row + r < n and column + c < n:
                    x = lane.load(a, start + (row + r) * down + (column + c) * across)
                tile[c * ROWS + r] = x
                largest = lane.maximum(lane.abs(x), largest)
        return largest

    @inlined
    def scale_tile(tile, e):
        """Multiply a tile by 2^e."""
        first, second = kit.factors(e)
        for k in range(TILE):
            tile[k] = tile[k] * first * second

    @inlined
    def load_shared(w, held, a, start, step, ld, n, t, threads):
        """The matrix to shared memory, element (i, j) at held + i n + j; returns the largest the thread saw."""
        largest = lane.const(0.0)
        k = t
        while k < n * n:
            x = lane.load(a, start + (k // n * ld + k % n) * step)
            lane.store(w, held + k, x)
            largest = lane.maximum(lane.abs(x), largest)
            k += threads
        return largest

    @inlined
    def scale_shared(w, held, e, n, t, threads):
        """Multiply a matrix in shared memory by 2^e."""
        first, second = kit.factors(e)
        k = held + t
        while k < held + n * n:
            lane.store(w, k, lane.load(w, k) * first * second)
            k += threads

    @inlined
    def largest_of(w, shares, largest, t, threads):
        """The largest of the numbers of all threads of a slot."""
        lane.store(w, shares + t, largest)
        lane.sync()
        for k in range(threads):
            largest = lane.maximum(lane.load(w, shares + k), largest)
        lane.sync()
        return largest

    @inlined
    def multiply(w, tile, x, to):
        """A thread's share of A^T x to w[to], w[to + 1], ..., from its tile and its rows' elements of x at x."""
        s0 = s1 = s2 = s3 = lane.const(0.0)
        for r in range(ROWS):
            z = lane.load(w, x + r)
            s0 = lane.fma(tile[r], z, s0)
            s1 = lane.fma(tile[ROWS + r], z, s1)
            s2 = lane.fma(tile[2 * ROWS + r], z, s2)
            s3 = lane.fma(tile[3 * ROWS + r], z, s3)
        lane.store(w, to, s0)
        lane.store(w, to + 1, s1)
        lane.store(w, to + 2, s2)
        lane.store(w, to + 3, s3)

    @inlined
    def multiply_shared(w, column, x, row, to, n, groups):
        """A thread's share of A^T x, from the column at `column` in shared memory, to w[to]."""
        s0 = s1 = lane.const(0.0)
        i = row
        while i + groups < n:
            s0 = lane.fma(lane.load(w, column + i * n), lane.load(w, x + i), s0)
            s1 = lane.fma(lane.load(w, column + (i + groups) * n), lane.load(w, x + i + groups), s1)
            i += 2 * groups
        if i < n:
            s0 = lane.fma(lane.load(w, column + i * n), lane.load(w, x + i), s0)
        lane.store(w, to, s0 + s1)

    @inlined
    def add_shares(w, share, width, groups):
        """The sum of the shares of an element, `width` apart, two sums at once."""
        s0 = s1 = lane.const(0.0)
        g = 0
        while g + 2 <= groups:
            s0 = s0 + lane.load(w, share + g * width)
            s1 = s1 + lane.load(w, share + (g + 1) * width)
            g += 2
        if g < groups:
            s0 = s0 + lane.load(w, share + g * width)
        return s0 + s1

    @inlined
    def rescale_slot(w, vector, n, size, floor, mask, t, threads):
        """`rescale_vector` by the threads of a slot, which know the vector's size."""
        old = lane.load(w, vector + n)
        new = lane.where(mask, lane.maximum(kit.exponent_of(size, old), floor), old)
        first, second = kit.factors(old - new)
        lane.sync()
        if t == 0:
            lane.store(w, vector + n, new)
        i = t
        while i - t < n:
            if i < n:
                lane.store(w, vector + i, lane.load(w, vector + i) * first * second)
            i += threads
            lane.sync()

    @inlined
    def march_slot(w, tile, place, shape, v, steps, size, careful, mask, floor, shift, inputs, t):
        """Steps v_{j+1} = A^T v_j [+ B x_j] of a slot; v_0 has that size, the size of the last is returned.

        inputs: whether there are any, and where B x_0, B x_1, ... lie as vectors of exponent 0.

        v_0 is rescaled first; where the march is a careful one, all others but the last are, where the mask holds.
        """
        in_registers, column, row, to, shares, sums = place
        n, count, groups, _, width, threads = shape
        driven, drive = inputs
        for j in range(steps):
            here = v + j * (count + 1)
            there = here + count + 1
            if careful != (j == 0):
                kit.rescale_slot(w, here, count, size, floor, mask, t, threads)
            if in_registers:
                kit.multiply(w, tile, here + row, to)
            else:
                kit.multiply_shared(w, column, here, row, to, n, groups)
            lane.sync()
            e = lane.load(w, here + count) + shift
            first, second = kit.factors(-e)
            if t == 0:
                lane.store(w, there + count, e)
            i = t
            while i - t < n:
                if i < n:
                    share = shares + (i + (i >> 2) if in_registers else i)
                    total = kit.add_shares(w, share, width, groups)
                    to_there = i + (i >> 3) if in_registers else i
                    if driven:
                        total = lane.fma(
                            lane.load(w, drive + j * (count + 1) + to_there) * first, second, total
                        )
                    lane.store(w, there + to_there, total)
                i += threads
                lane.sync()
            if careful or j == steps - 1:
                size = kit.slot_size(w, sums, there, count, t, threads)
        return size

    @inlined
    def advance_slot(w, tile, place, shape, v, steps, size, floor, shift, inputs, t):
        """A block of steps from the vector at v, of that size, into those after it; returns the size of the last."""
        zero = size == 0.0
        mask = shift == shift
        careful = False
        while True:
            size = kit.march_slot(
                w, tile, place, shape, v, steps, size, careful, mask, floor, shift, inputs, t
            )
            # Without inputs a zero stays zero, which is no reason to go step by step. Slots that are not bad are not
            # rescaled then, so they compute the same numbers again.
            mask = ~((size >= LOW) & (size <= HIGH))
            if not inputs[0]:
                mask = mask & ~zero
            if careful or not lane.sync_any(mask):
                return size
            careful = True

    @inlined
    def copy_slot(w, to, vector, count, t, threads):
        """`copy_vector` by the threads of a slot."""
        i = t
        while i - t <= count:
            if i <= count:
                lane.store(w, to + i, lane.load(w, vector + i))
            i += threads
            lane.sync()

    return (
        load_tile,
        scale_tile,
        load_shared,
        scale_shared,
        largest_of,
        multiply,
        multiply_shared,
        add_shares,
        rescale_slot,
        march_slot,
        advance_slot,
        copy_slot,
    )
