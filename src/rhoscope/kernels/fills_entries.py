"""Fills of ensembles whose entries are drawn one by one or in pairs.

Every fill writes A_0, the matrix at gain 1, of each lane's sample: `params` are the numbers the ensemble's
class names in the same order, `work` is scratch.
"""

from typing import Any

from rhoscope.kernels import streams


def build(lane: Any, kit: Any, jit: Any) -> tuple[Any, Any, Any, Any]:
    """The kernels `fill_ginibre`, `fill_complex_ginibre`, `fill_elliptic` and `fill_sparse`."""

    @jit
    def fill_ginibre(a, work, n, ld, k0, k1, sample, params):
        """Independent entries scale * N(0, 1); params = (scale, ...)."""
        kit.fill_normals(a, 0, n, n, ld, params[0], k0, k1, streams.MATRIX, 0, sample)

    @jit
    def fill_complex_ginibre(a, work, n, ld, k0, k1, sample, params):
        """[[X, -Y], [Y, X]] with independent entries scale * N(0, 1) of X and Y; params = (scale, ...)."""
        m = n >> 1
        scale = params[0]
        for i in range(m):
            for j in range(m):
                x, y = kit.normals(k0, k1, streams.MATRIX, lane.iconst(i * m + j), sample)
                x = x * scale
                y = y * scale
                lane.store(a, i * ld + j, x)
                lane.store(a, i * ld + m + j, -y)
                lane.store(a, (m + i) * ld + j, y)
                lane.store(a, (m + i) * ld + m + j, x)

    @jit
    def fill_elliptic(a, work, n, ld, k0, k1, sample, params):
        """Mirror entries p x + q y and p x - q y, diagonal entries r z; params = (p, q, r)."""
        p, q, r = params
        block = 0
        for i in range(n):
            for j in range(i + 1, n):
                x, y = kit.normals(k0, k1, streams.MATRIX, lane.iconst(block), sample)
                common = x * p
                lane.store(a, i * ld + j, lane.fma(y, lane.const(q), common))
                lane.store(a, j * ld + i, lane.fma(y, lane.const(-q), common))
                block += 1
        kit.fill_normals(a, 0, n, 1, ld + 1, r, k0, k1, streams.MATRIX, block, sample)

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

    return fill_ginibre, fill_complex_ginibre, fill_elliptic, fill_sparse
