"""Gradients of studies with a fresh matrix at every step on a GPU: all samples take a step together, then the next."""

from typing import TYPE_CHECKING

import numpy as np

from rhoscope import drawing
from rhoscope.kernels import streams
from rhoscope.kernels.fresh import regions
from rhoscope.kernels.layout import leading
from rhoscope.pool import Cancelled

if TYPE_CHECKING:
    from rhoscope.devices.study_cuda import CudaWorker
    from rhoscope.study import Study


def inputs(study: "Study") -> int:
    """How many inputs take part: none where delta is drawn and no state is needed."""
    return study.inputs if study.delta == "error" else 0


def fresh_cells(study: "Study") -> int:
    """Elements that a lane keeps from step to step."""
    n = study.ensemble.real_size(study.size)
    ld = leading(n)
    *_, first, span = regions(n * ld, n, ld, inputs(study))
    return first + span


def launch(worker: "CudaWorker") -> None:
    """Both passes of the samples that the worker holds, and A_1 again, whose spectrum may be asked for.

    Raises:
        Cancelled: the worker's `cancelled`, polled before each step, turned true.
    """
    from rhoscope.kernels import grids_fresh as grids

    study, kept, run = worker.study, worker.kept, worker.run
    n, horizon, lags = worker.n, study.horizon, study.lags
    shape = n, worker.ld, inputs(study)
    state = kept["fresh"], fresh_cells(study)
    samples = np.arange(worker.first, worker.first + worker.count, dtype=np.int64)

    def draw(time: int) -> None:
        if worker.cancelled is not None and worker.cancelled():
            raise Cancelled
        worker.draw_matrices(drawing.matrix_number(samples, np.full_like(samples, time)))

    error = study.delta == "error"
    if error:
        worker.draw_vectors("b", n * inputs(study), streams.INPUT_MAP)
    worker.draw_vectors("delta", n, streams.STATE if error else streams.DELTA)
    run(grids.begin, *state, *shape, kept["delta"], kept["b"])
    if error:
        for time in range(horizon):
            draw(time + 1)
            run(grids.forward, *state, kept["a"], *shape, time, *worker.key, worker.samples)
        worker.draw_vectors("delta", n, streams.TARGET)
        run(grids.subtract, *state, *shape, kept["delta"])
    first = 1 if inputs(study) else horizon - lags[-1] + 1  # dL/dB is a sum over all times
    for time in range(horizon, first - 1, -1):
        draw(time)
        run(
            grids.backward, *state, kept["a"], *shape, time, horizon, *worker.key, worker.samples,
            worker.lags_there, kept["out"],
        )  # fmt: skip
    draw(1)
