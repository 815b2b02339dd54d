"""What is launched on a GPU: each thread takes a lane, and then the next one a whole grid further on.

Arrays are interleaved in groups of a warp, lane after lane of a launch; `work` arrays hold one lane a thread of the
grid. Arguments and results are those of the kernels called, `count` is the number of lanes to do.
"""

from typing import Any

from numba import cuda

from rhoscope.kernels import cuda as _kit
from rhoscope.kernels import lane_cuda as _lane
from rhoscope.kernels.draw import LAWS
from rhoscope.kernels.jit_cuda import grid
from rhoscope.kernels.layout import WARP

kit: Any = _kit
lane: Any = _lane


def _drawing(fill: str) -> Any:
    @grid
    def draw(a, work, n, ld, k0, k1, samples, params, count):
        """A_0 of each sample to a; work has n² elements a lane."""
        thread = cuda.grid(1)
        scratch = lane.beyond(work, lane.start(n * n, thread))
        for s in range(thread, count, cuda.gridsize(1)):
            own = lane.beyond(a, lane.start(n * ld, s))
            if fill == "ginibre":
                kit.fill_ginibre(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "complex_ginibre":
                kit.fill_complex_ginibre(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "elliptic":
                kit.fill_elliptic(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "sparse":
                kit.fill_sparse(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "diagonal":
                kit.fill_diagonal(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "triangular":
                kit.fill_triangular(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "haar":
                kit.fill_haar(own, scratch, n, ld, k0, k1, samples[s], params)
            elif fill == "low_rank":
                kit.fill_low_rank(own, scratch, n, ld, k0, k1, samples[s], params)

    return draw


draw = {law: _drawing(law) for law in LAWS}


@grid
def apply_gains(a, n, ld, k0, k1, samples, low, width, gains, count):
    """A = g A_0 in place; g = low + width u, from the sample's own u, goes to gains."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        gain = kit.gain_of(low, width, k0, k1, samples[s])
        gains[s] = gain
        kit.multiply(lane.beyond(a, lane.start(n * ld, s)), n, ld, gain)


@grid
def draw_vectors(v, elements, scale, k0, k1, stream, samples, count):
    """scale times the first normals of a stream of each sample."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        own = lane.beyond(v, lane.start(elements, s))
        kit.fill_normals(own, 0, 1, elements, elements, scale, k0, k1, stream, 0, samples[s])


@grid
def interleave(matrices, a, rows, columns, ld, count):
    """Lanes from row-major matrices, flat (count, rows, columns)."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        own = lane.beyond(a, lane.start(rows * ld, s))
        for i in range(rows):
            for j in range(columns):
                lane.store(own, i * ld + j, lane.get(matrices, (s * rows + i) * columns + j))


@grid
def eigenvalues(matrices, a, work, values, wr, wi, status, n, ld, sizes, count):
    """Eigenvalues of row-major matrices, flat (count, n, n), into wr, wi, flat (count, n), and status (count, 2).

    a, work and values are work space of sizes[0], sizes[1] and 2 n elements a lane.
    """
    thread = cuda.grid(1)
    own = lane.beyond(a, lane.start(sizes[0], thread))
    scratch = lane.beyond(work, lane.start(sizes[1], thread))
    vr = lane.beyond(values, lane.start(2 * n, thread))
    vi = lane.part(vr, n)
    for s in range(thread, count, cuda.gridsize(1)):
        for i in range(n):
            for j in range(n):
                lane.store(own, i * ld + j, lane.get(matrices, (s * n + i) * n + j))
        failed, finite = kit.eigenvalues(own, scratch, vr, vi, n, ld)
        for i in range(n):
            lane.put(wr, s * n + i, lane.load(vr, i))
            lane.put(wi, s * n + i, lane.load(vi, i))
        lane.put(status, 2 * s, failed)
        lane.put(status, 2 * s + 1, finite)


@grid
def spectra(drawn, a, work, values, out, n, ld, sizes, cutoff, count):
    """`spectrum` of each lane of drawn, which is kept: wr then wi to values, its rows to out.

    a and work are work space of sizes[0] and sizes[1] elements a lane.
    """
    thread = cuda.grid(1)
    own = lane.beyond(a, lane.start(sizes[0], thread))
    scratch = lane.beyond(work, lane.start(sizes[1], thread))
    for s in range(thread, count, cuda.gridsize(1)):
        source = lane.beyond(drawn, lane.start(n * ld, s))
        for i in range(n * ld):
            lane.store(own, i, lane.load(source, i))
        wr = lane.beyond(values, lane.start(2 * n, s))
        rows = lane.beyond(out, lane.start(kit.spectrum_rows, s))
        kit.spectrum(own, scratch, wr, lane.part(wr, n), rows, n, ld, cutoff)


@grid
def finish_spectra(drawn, a, work, held, values, failures, out, n, ld, sizes, cutoff, count):
    """`spectra` of lanes whose Hessenberg form is in held, with its eigenvalues in values and whether that failed."""
    thread = cuda.grid(1)
    own = lane.beyond(a, lane.start(sizes[0], thread))
    scratch = lane.beyond(work, lane.start(sizes[1], thread))
    for s in range(thread, count, cuda.gridsize(1)):
        source = lane.beyond(drawn, lane.start(n * ld, s))
        for i in range(n * ld):
            lane.store(own, i, lane.load(source, i))
        measured = kit.measure(own, scratch, n, ld)
        wr = lane.beyond(values, lane.start(2 * n, s))
        rows = lane.beyond(out, lane.start(kit.spectrum_rows, s))
        form = lane.beyond(held, lane.start(n * ld, s))
        kit.finish_spectrum(
            form, scratch, wr, lane.part(wr, n), rows, n, ld, cutoff, measured, lane.get(failures, s)
        )


@grid
def step_norms(work, a, delta, n, ld, lags, block, out, cells, count):
    """Log norms of (A^T)^k delta at the lags k; work has `cells` elements a lane, out lags.size."""
    thread = cuda.grid(1)
    w = lane.beyond(work, lane.start(cells, thread))
    for s in range(thread, count, cuda.gridsize(1)):
        g = s // WARP
        first = s % WARP
        kit.step_norms(
            w, lane.beyond(a, first), n * ld, lane.beyond(delta, first), n, ld, lags, (block, block),
            lane.beyond(out, first), g, g + 1,
        )  # fmt: skip


@grid
def bptt(work, a, b, h0, y, samples, n, ld, m, horizon, segment, block, k0, k1, lags, out, cells, count):
    """`backpropagate` of each sample; work has `cells` elements a lane, out lags.size + 3."""
    thread = cuda.grid(1)
    w = lane.beyond(work, lane.start(cells, thread))
    for s in range(thread, count, cuda.gridsize(1)):
        g = s // WARP
        first = s % WARP
        kit.bptt(
            w, lane.beyond(a, first), n * ld, lane.beyond(b, first), lane.beyond(h0, first), lane.beyond(y, first),
            lane.beyond(samples, first), n, ld, m, horizon, segment, block, k0, k1, lags,
            lane.beyond(out, first), g, g + 1,
        )  # fmt: skip
