"""Groups of eight matrices or vectors of a study, drawn into lanes, and their way between lanes and NumPy.

What a thread of the CPU device runs without returning to Python.
"""

from typing import Any

from rhoscope.kernels.layout import WIDTH

LAWS = ("ginibre", "complex_ginibre", "elliptic", "sparse", "diagonal", "triangular", "haar", "low_rank")


def build(lane: Any, kit: Any, jit: Any) -> Any:
    """The kernels named in the return statement; `draw` is one for each law."""

    def drawing(law: str) -> Any:
        # `law` is a constant of each kernel: the compiler drops the other branches unseen.
        @jit
        def draw(a, stride, work, n, ld, k0, k1, numbers, params, samples, low, width, gains):
            """Fill group g, at element g * stride of a, with A of samples[8 g : 8 g + 8], whose A_0 have `numbers`.

            The gains g = low + width * u, u being the sample's own, go to gains.
            """
            for g in range(samples.size // WIDTH):
                sample = lane.load(numbers, g)
                group = lane.part(a, g * stride)
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
                # Here, while the cache still has them.
                kit.apply_gain(group, n, ld, k0, k1, samples, low, width, gains, g)

        return draw

    @jit
    def apply_gain(a, n, ld, k0, k1, samples, low, width, gains, g):
        """A = g A_0 in place for group g."""
        gain = kit.gain_of(low, width, k0, k1, lane.load(samples, g))
        lane.store(gains, g, gain)
        kit.multiply(a, n, ld, gain)

    @jit
    def apply_gains(a, stride, n, ld, k0, k1, samples, low, width, gains):
        """`apply_gain` group by group, to matrices that were not drawn."""
        for g in range(samples.size // WIDTH):
            kit.apply_gain(lane.part(a, g * stride), n, ld, k0, k1, samples, low, width, gains, g)

    @jit
    def draw_vectors(v, stride, count, scale, k0, k1, stream, samples):
        """Fill group g, at element g * stride of v, with scale times the first normals of a stream."""
        for g in range(samples.size // WIDTH):
            kit.fill_normals(v, g * stride, 1, count, count, scale, k0, k1, stream, 0, lane.load(samples, g))

    @jit
    def draw_run(out, normal, k0, k1, stream, block, sample, steps):
        """Consecutive elements of a stream of one sample, from the first of `block` on, to all of out.

        Here the lanes are blocks: steps holds 0 to 7, and out a multiple of 16 elements.
        """
        step = lane.load(steps, 0)
        for first in range(0, out.size, 2 * WIDTH):
            blocks = step + (block + first // 2)
            if normal:
                x, y = kit.normals(k0, k1, stream, blocks, lane.iconst(sample))
            else:
                x, y = kit.uniforms(k0, k1, stream, blocks, lane.iconst(sample))
            for i in range(WIDTH):
                lane.put(out, first + 2 * i, lane.extract(x, i))
                lane.put(out, first + 2 * i + 1, lane.extract(y, i))

    @jit
    def interleave(matrices, a, stride, rows, columns, ld):
        """Lanes from row-major matrices, flat (8 groups, rows, columns)."""
        count = matrices.size // (rows * columns)
        for g in range(count // WIDTH):
            kit.take_group(matrices, g * WIDTH, count - 1, a, g * stride, rows, columns, ld)

    @jit
    def deinterleave(a, stride, matrices, rows, columns, ld):
        """Row-major matrices, flat (count, rows, columns), from lanes, of which a short last group repeats its last."""
        count = matrices.size // (rows * columns)
        for first in range(0, count, WIDTH):
            kit.give_group(matrices, first, count - 1, a, first // WIDTH * stride, rows, columns, ld)

    return (
        {law: drawing(law) for law in LAWS},
        apply_gain,
        apply_gains,
        draw_vectors,
        draw_run,
        interleave,
        deinterleave,
    )
