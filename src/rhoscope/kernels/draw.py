"""Groups of matrices and vectors of a study, drawn or interleaved into lanes. A group is the lanes of one vector."""

from typing import Any

from rhoscope.kernels.vector import WIDTH

LAWS = ("ginibre", "complex_ginibre", "elliptic", "sparse", "diagonal", "triangular", "haar", "low_rank")


def build(lane: Any, kit: Any, jit: Any) -> tuple[dict[str, Any], Any, Any, Any, Any]:
    """The kernels `draw` (one for each law), `draw_vectors`, `apply_gains`, `interleave` and `deinterleave`."""

    def drawing(law: str) -> Any:
        # `law` is a constant of each kernel: the compiler drops the other branches unseen.
        @jit
        def draw(a, stride, work, n, ld, k0, k1, samples, params):
            """Fill group g, at element g * stride of a, with A_0 of samples[8 g : 8 g + 8]."""
            for g in range(samples.size // WIDTH):
                sample = lane.load(samples, g)
                group = a[g * stride * WIDTH : (g + 1) * stride * WIDTH]
                if law == "ginibre":
                    kit.fill_ginibre(group, work, n, ld, k0, k1, sample, params)
                elif law == "complex_ginibre":
                    kit.fill_complex_ginibre(group, work, n, ld, k0, k1, sample, params)
                elif law == "elliptic":
                    kit.fill_elliptic(group, work, n, ld, k0, k1, sample, params)
                elif law == "sparse":
                    kit.fill_sparse(group, work, n, ld, k0, k1, sample, params)
                elif law == "diagonal":
                    kit.fill_diagonal(group, work, n, ld, k0, k1, sample, params)
                elif law == "triangular":
                    kit.fill_triangular(group, work, n, ld, k0, k1, sample, params)
                elif law == "haar":
                    kit.fill_haar(group, work, n, ld, k0, k1, sample, params)
                elif law == "low_rank":
                    kit.fill_low_rank(group, work, n, ld, k0, k1, sample, params)

        return draw

    @jit
    def apply_gains(a, stride, n, ld, k0, k1, samples, low, width, gains):
        """A = g A_0 in place, group by group; g, written to gains, is low + width * u of the sample's own u."""
        for g in range(samples.size // WIDTH):
            gain = kit.gain_of(low, width, k0, k1, lane.load(samples, g))
            lane.store(gains, g, gain)
            kit.multiply(a[g * stride * WIDTH : (g + 1) * stride * WIDTH], n, ld, gain)

    @jit
    def draw_vectors(v, stride, count, scale, k0, k1, stream, samples):
        """Fill group g, at element g * stride of v, with scale times the first `count` normals of a stream."""
        for g in range(samples.size // WIDTH):
            kit.fill_normals(
                v, g * stride, 1, count, count, scale, k0, k1, stream, 0, lane.load(samples, g)
            )

    @jit
    def interleave(matrices, a, stride, n, ld):
        """Lanes from row-major matrices (count n²,), count a multiple of 8."""
        for s in range(matrices.size // (n * n)):
            base = s // WIDTH * stride
            for i in range(n):
                for j in range(n):
                    at = (base + i * ld + j) * WIDTH + s % WIDTH
                    lane.put(a, at, lane.get(matrices, (s * n + i) * n + j))

    @jit
    def deinterleave(a, stride, matrices, n, ld):
        """Row-major matrices (count n²,) from lanes; any count."""
        for s in range(matrices.size // (n * n)):
            base = s // WIDTH * stride
            for i in range(n):
                for j in range(n):
                    at = (base + i * ld + j) * WIDTH + s % WIDTH
                    lane.put(matrices, (s * n + i) * n + j, lane.get(a, at))

    return {law: drawing(law) for law in LAWS}, draw_vectors, apply_gains, interleave, deinterleave
