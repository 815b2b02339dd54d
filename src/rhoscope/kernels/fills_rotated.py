"""Fills of ensembles built from prescribed eigenvalues or random orthogonal matrices.

Every fill writes A_0, the matrix at gain 1, of each lane's sample: `params` are the numbers the ensemble's
class names in the same order, `work` is scratch of n² elements.
"""

from typing import Any

from rhoscope.kernels import streams


def build(lane: Any, kit: Any, jit: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """`ring_blocks`, `random_frame` and `fill_` of `diagonal`, `triangular`, `haar` and `low_rank`."""

    @jit
    def ring_blocks(a, n, ld, inner_squared, span, k0, k1, sample):
        """Clear a; put blocks of pairs r exp(+-2 pi i u), r² = inner_squared + span u', on its diagonal.

        Where n is odd the last entry is r or -r, with equal probability.
        """
        zero = lane.const(0.0)
        for i in range(n):
            for j in range(n):
                lane.store(a, i * ld + j, zero)
        for block in range((n + 1) >> 1):
            u0, u1 = kit.uniforms(k0, k1, streams.MATRIX_EXTRA, lane.iconst(block), sample)
            radius = lane.sqrt(lane.fma(u0, lane.const(span), lane.const(inner_squared)))
            at = 2 * block * (ld + 1)
            if 2 * block + 1 < n:
                sine, cosine = kit.sincospi(u1 * 2.0)
                lane.store(a, at, radius * cosine)
                lane.store(a, at + 1, -(radius * sine))
                lane.store(a, at + ld, radius * sine)
                lane.store(a, at + ld + 1, radius * cosine)
            else:
                lane.store(a, at, lane.where(u1 <= 0.5, -radius, radius))

    @jit
    def random_frame(q, work, n, columns, ld, k0, k1, stream, sample):
        """The first columns of a Haar matrix of order n: orthonormal, in uniformly distributed directions."""
        zero = lane.const(0.0)
        block = 0
        for i in range(n):
            for j in range(columns):
                lane.store(q, i * ld + j, zero)
        for k in range(columns):
            sign, block = kit.random_reflection(work, k, n, k0, k1, stream, block, sample)
            lane.store(q, k * ld + k, sign)
        kit.reflect(q, columns, 1, ld, work, n, columns - 1, True)

    @jit
    def fill_diagonal(a, work, n, ld, k0, k1, sample, params):
        """Eigenvalues uniform by area in a ring, as blocks; params = (inner², outer² - inner², ...)."""
        kit.ring_blocks(a, n, ld, params[0], params[1], k0, k1, sample)

    @jit
    def fill_triangular(a, work, n, ld, k0, k1, sample, params):
        """Q T Q^T: T has ring blocks, scale * N(0, 1) above them; Q Haar; params = (inner², span, scale).

        The signs that make a product of random reflections Haar are left out: T has the law of D T D for any
        diagonal of signs D.
        """
        stream = streams.MATRIX
        kit.ring_blocks(a, n, ld, params[0], params[1], k0, k1, sample)
        block = 0
        for i in range(n - 1):
            begin = (i | 1) + 1
            block = kit.fill_normals(
                a, i * ld + begin, 1, n - begin, ld, params[2], k0, k1, stream, block, sample
            )
        for k in range(n - 1):
            _, block = kit.random_reflection(work, k, n, k0, k1, stream, block, sample)
        if n > 1:
            kit.reflect(a, n, 1, ld, work, n, n - 2, True)
            kit.reflect(a, n, ld, 1, work, n, n - 2, False)

    @jit
    def fill_haar(a, work, n, ld, k0, k1, sample, params):
        """A Haar-distributed orthogonal matrix; no params."""
        kit.random_frame(a, work, n, n, ld, k0, k1, streams.MATRIX, sample)

    @jit
    def fill_low_rank(a, work, n, ld, k0, k1, sample, params):
        """Ginibre entries scale * N(0, 1) plus strength * U U^T; params = (scale, rank, strength).

        U is n x rank, orthonormal, uniformly distributed.
        """
        rank = int(params[1])
        strength = lane.const(params[2])
        # a serves as scratch before it is filled
        kit.random_frame(work, a, n, rank, rank, k0, k1, streams.MATRIX_EXTRA, sample)
        kit.fill_ginibre(a, work, n, ld, k0, k1, sample, params)
        for i in range(n):
            for j in range(n):
                at = i * ld + j
                s = lane.const(0.0)
                for k in range(rank):
                    s = lane.fma(lane.load(work, i * rank + k), lane.load(work, j * rank + k), s)
                lane.store(a, at, lane.fma(strength, s, lane.load(a, at)))

    return ring_blocks, random_frame, fill_diagonal, fill_triangular, fill_haar, fill_low_rank
