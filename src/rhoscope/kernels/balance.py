"""Exact scaling before the eigenvalue iteration: one power of two for the matrix, one for each index.

Reference: B. N. Parlett, C. Reinsch, Numer. Math. 13, 293 (1969); R. James, J. Langou, B. Lowery, arXiv:1401.5766
(2-norms and the factor .95, as LAPACK since 3.5.0). Rows and columns are not permuted.
"""

from typing import Any

# A guard alone: every change takes a twentieth off the norms of a row and its column, so a sweep without one comes.
# A matrix with few entries, graded over 150 orders, was seen to need 70; stopped early it has no digit right.
SWEEPS = 1000


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    precision = lane.precision
    bias = precision.BIAS

    @jit
    def clamp_exponent(e):
        """Integer lanes kept within the exponents of normal numbers."""
        return lane.where(e < 1 - bias, lane.iconst(1 - bias), lane.where(e > bias, lane.iconst(bias), e))

    @jit
    def pow2(e):
        """2^e for integer lanes e of normal numbers."""
        return lane.from_bits((e + bias) << precision.FRACTION)

    @jit
    def exponent(x):
        """floor(log2|x|) of normal lanes as integer lanes; -bias for zero and subnormals."""
        return ((lane.bits(x) & precision.EXPONENT) >> precision.FRACTION) - bias

    @jit
    def normalising(largest):
        """(e, two factors of 2^-e) for lanes whose largest entry is that: 2^-e itself may overflow."""
        e = kit.clamp_exponent(kit.exponent(largest))
        half = kit.pow2(lane.to_int(lane.floor(lane.to_float(e) * -0.5)))
        return lane.to_float(e), half, kit.pow2(lane.iconst(0) - e - kit.exponent(half))

    @jit
    def normalise(a, n, ld):
        """Scale each lane to a largest entry in [1, 2); lanes with NaN or Inf become zero.

        Returns (exponent that was taken out, 1 where the lane was finite).
        """
        largest = lane.const(0.0)
        finite = lane.const(1.0)
        zero = lane.const(0.0)
        for i in range(n):
            for j in range(n):
                x = lane.abs(lane.load(a, i * ld + j))
                largest = lane.maximum(x, largest)
                finite = lane.where(x <= precision.LARGEST, finite, zero)
        e, half, rest = kit.normalising(largest)
        ok = finite > 0.5
        for i in range(n):
            for j in range(n):
                x = lane.load(a, i * ld + j) * half * rest
                lane.store(a, i * ld + j, lane.where(ok, x, zero))
        return e, finite

    @jit
    def largest_beside(a, i, n, ld):
        """Largest absolute values of column i and of row i without the diagonal."""
        column = lane.const(0.0)
        row = lane.const(0.0)
        for j in range(n):
            if j != i:
                column = lane.maximum(lane.abs(lane.load(a, j * ld + i)), column)
                row = lane.maximum(lane.abs(lane.load(a, i * ld + j)), row)
        return column, row

    @jit
    def balancing(c, r):
        """(whether it is worth it, f, 1 / f) for the power of two f that balances a column's norm c and a row's r."""
        ok = (c > 0.0) & (r > 0.0)
        one = lane.const(1.0)
        # f = 2^round(log2(r / c) / 2) brings the two norms as close as a power of two can.
        ratio = lane.where(ok, r, one) / lane.where(ok, c, one)
        e = lane.floor((lane.to_float(kit.exponent(ratio)) + 1.0) * 0.5)
        f = kit.pow2(lane.to_int(e))
        g = kit.pow2(lane.to_int(-e))
        return ok & (lane.fma(c, f, r * g) < (c + r) * 0.95), f, g

    @inlined
    def balanced(c, r):
        """Whether the squares of a column's norm and a row's say without a root that no factor is worth it.

        A factor of 2 is worth it from a ratio of 2.1 / .9 on, whose square is 5.4.
        """
        small = precision.SMALL_NORM * precision.SMALL_NORM * 4.0
        return (c <= r * 5.0) & (r <= c * 5.0) & (c > small) & (r > small)

    @jit
    def balance(a, work, n, ld):
        """Balance each lane by powers of two; work holds 2 n elements (squared norms of columns and rows)."""
        zero = lane.const(0.0)
        # A lane stops after its own first sweep without a change, whatever its neighbours do.
        going = lane.const(1.0)
        for _ in range(SWEEPS):
            for i in range(n):
                lane.store(work, i, zero)
            for i in range(n):
                row = zero
                for j in range(n):
                    x = lane.load(a, i * ld + j)
                    if i != j:
                        row = lane.fma(x, x, row)
                        lane.store(work, j, lane.fma(x, x, lane.load(work, j)))
                lane.store(work, n + i, row)
            changed = zero
            for i in range(n):
                c = lane.load(work, i)
                r = lane.load(work, n + i)
                if lane.all(kit.balanced(c, r) | (going < 0.5)):
                    continue
                c = lane.sqrt(c)
                r = lane.sqrt(r)
                small = (c <= precision.SMALL_NORM) | (r <= precision.SMALL_NORM)
                if lane.any(small):
                    column, row = kit.largest_beside(a, i, n, ld)
                    c = lane.where(c <= precision.SMALL_NORM, column, c)
                    r = lane.where(r <= precision.SMALL_NORM, row, r)
                better, f, g = kit.balancing(c, r)
                better = better & (going > 0.5)
                if lane.any(better):
                    one = lane.const(1.0)
                    changed = lane.where(better, one, changed)
                    f = lane.where(better, f, one)
                    g = lane.where(better, g, one)
                    for j in range(n):
                        if j != i:
                            column = lane.load(a, j * ld + i)
                            row = lane.load(a, i * ld + j)
                            lane.store(a, j * ld + i, column * f)
                            lane.store(a, i * ld + j, row * g)
                            # Norms of the others follow, so that later indices see this scaling.
                            x = lane.fma((f - 1.0) * column, (f + 1.0) * column, lane.load(work, n + j))
                            y = lane.fma((g - 1.0) * row, (g + 1.0) * row, lane.load(work, j))
                            lane.store(work, n + j, lane.maximum(x, zero))
                            lane.store(work, j, lane.maximum(y, zero))
            going = changed
            if not lane.any(going > 0.5):
                break

    return (
        clamp_exponent,
        pow2,
        exponent,
        normalising,
        normalise,
        largest_beside,
        balancing,
        balanced,
        balance,
    )
