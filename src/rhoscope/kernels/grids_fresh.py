"""What is launched on a GPU for studies with a fresh matrix at every step, one launch of each kind a step.

As in `grids`, a lane is a thread; `work` holds `cells` elements a lane, first of them the matrix of the step, from one
launch to the next. Other arguments and the results are those of the kernels called.
"""

from typing import Any

from numba import cuda

from rhoscope.kernels import cuda as _kit
from rhoscope.kernels import lane_cuda as _lane
from rhoscope.kernels.jit_cuda import grid, jit

kit: Any = _kit
lane: Any = _lane


@jit
def take_matrix(w, a, n, ld, s):
    """The matrix of sample s into the lane's work space."""
    own = lane.beyond(a, lane.start(n * ld, s))
    for i in range(n * ld):
        lane.store(w, i, lane.load(own, i))


@grid
def begin(work, cells, n, ld, m, vectors, b, count):
    """Place the first vector and B of each sample; empty the sum."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        w = lane.beyond(work, lane.start(cells, s))
        own = lane.beyond(vectors, lane.start(n, s))
        kit.fresh_begin(w, n * ld, 1, n, ld, m, own, lane.beyond(b, lane.start(n * m, s)))


@grid
def forward(work, cells, a, n, ld, m, time, k0, k1, samples, count):
    """The state of `time` + 1 from that of `time`; a holds A of `time` + 1."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        w = lane.beyond(work, lane.start(cells, s))
        take_matrix(w, a, n, ld, s)
        kit.fresh_forward(w, n * ld, 1, 1, n, ld, m, time, k0, k1, lane.beyond(samples, lane.start(1, s)))


@grid
def subtract(work, cells, n, ld, m, y, count):
    """The error h_T - y in the place of the state."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        w = lane.beyond(work, lane.start(cells, s))
        kit.fresh_subtract(w, n * ld, 1, n, ld, m, lane.beyond(y, lane.start(n, s)))


@grid
def backward(work, cells, a, n, ld, m, time, horizon, k0, k1, samples, lags, out, count):
    """The adjoint of `time` - 1 from that of `time`; a holds A of `time`, out lags.size + 2 results a lane."""
    for s in range(cuda.grid(1), count, cuda.gridsize(1)):
        w = lane.beyond(work, lane.start(cells, s))
        take_matrix(w, a, n, ld, s)
        kit.fresh_backward(
            w, n * ld, 1, 1, n, ld, m, time, horizon, k0, k1, lane.beyond(samples, lane.start(1, s)), lags,
            lane.beyond(out, lane.start(lags.size + 2, s)),
        )  # fmt: skip
