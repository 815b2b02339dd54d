"""Fills of ensembles whose entries are drawn one by one or in pairs.

Every fill writes A_0, the matrix at gain 1, of each lane's sample: `params` are the numbers the ensemble's
class names in the same order, `work` is scratch.
"""

from typing import Any

from rhoscope.kernels import streams


def build(lane: Any, kit: Any, jit: Any, inlined: Any) -> Any:
    """The kernels named in the return statement; `fill_pairs` for complex entries and for mirrored ones."""

    @jit
    def fill_ginibre(a, work, n, ld, k0, k1, sample, params):
        """Independent entries scale * N(0, 1); params = (scale, ...)."""
        kit.fill_normals(a, 0, n, n, ld, params[0], k0, k1, streams.MATRIX, 0, sample)

    @inlined
    def put_complex(a, i, j, n, ld, x, y, params):
        """Entry i, j of X and Y, scale * x and scale * y; returns the next place."""
        m = n >> 1
        x = x * params[0]
        y = y * params[0]
        lane.store(a, i * ld + j, x)
        lane.store(a, i * ld + m + j, -y)
        lane.store(a, (m + i) * ld + j, y)
        lane.store(a, (m + i) * ld + m + j, x)
        j += 1
        if j == m:
            i += 1
            j = 0
        return i, j

    @inlined
    def put_mirrored(a, i, j, n, ld, x, y, params):
        """Entries i, j and j, i: p x + q y and p x - q y; returns the next place above the diagonal."""
        common = x * params[0]
        lane.store(a, i * ld + j, lane.fma(y, lane.const(params[1]), common))
        lane.store(a, j * ld + i, lane.fma(y, lane.const(-params[1]), common))
        j += 1
        if j == n:
            i += 1
            j = i + 1
        return i, j

    def filling(mirrored: bool) -> Any:
        @jit
        def fill_pairs(a, n, ld, k0, k1, sample, params):
            """A pair of normal numbers, a block of the stream, for each entry or each two that mirror one another."""
            count = n * (n - 1) >> 1 if mirrored else (n >> 1) * (n >> 1)
            i = 0
            j = 1 if mirrored else 0
            begun = kit.begin_two(k0, k1, streams.MATRIX, lane.iconst(0), lane.iconst(1), sample)
            for block in range(0, count, 2):
                here = begun
                if block + 2 < count:
                    begun = kit.begin_two(
                        k0, k1, streams.MATRIX, lane.iconst(block + 2), lane.iconst(block + 3), sample
                    )
                x, y, next_x, next_y = kit.end_two(here)
                if mirrored:
                    i, j = kit.put_mirrored(a, i, j, n, ld, x, y, params)
                else:
                    i, j = kit.put_complex(a, i, j, n, ld, x, y, params)
                if block + 1 < count:
                    if mirrored:
                        i, j = kit.put_mirrored(a, i, j, n, ld, next_x, next_y, params)
                    else:
                        i, j = kit.put_complex(a, i, j, n, ld, next_x, next_y, params)
            return count

        return fill_pairs

    @jit
    def fill_complex_ginibre(a, work, n, ld, k0, k1, sample, params):
        """[[X, -Y], [Y, X]] with independent entries scale * N(0, 1) of X and Y; params = (scale, ...)."""
        kit.fill_complex_pairs(a, n, ld, k0, k1, sample, params)

    @jit
    def fill_elliptic(a, work, n, ld, k0, k1, sample, params):
        """Mirror entries p x + q y and p x - q y, diagonal entries r z; params = (p, q, r)."""
        block = kit.fill_mirrored_pairs(a, n, ld, k0, k1, sample, params)
        kit.fill_normals(a, 0, n, 1, ld + 1, params[2], k0, k1, streams.MATRIX, block, sample)

    @jit
    def fill_sparse(a, work, n, ld, k0, k1, sample, params):
        """Entries scale * N(0, 1) kept with probability density, else 0; params = (scale, density, ...)."""
        kit.fill_ginibre(a, work, n, ld, k0, k1, sample, params)
        density = params[1]
        zero = lane.const(0.0)
        for block in range((n * n + 1) >> 1):
            u0, u1 = kit.uniforms(k0, k1, streams.MATRIX_EXTRA, lane.iconst(block), sample)
            q = 2 * block
            at = q // n * ld + q % n
            lane.store(a, at, lane.where(u0 <= density, lane.load(a, at), zero))
            q += 1
            if q < n * n:
                at = q // n * ld + q % n
                lane.store(a, at, lane.where(u1 <= density, lane.load(a, at), zero))

    return (
        fill_ginibre,
        put_complex,
        put_mirrored,
        filling(False),
        filling(True),
        fill_complex_ginibre,
        fill_elliptic,
        fill_sparse,
    )
