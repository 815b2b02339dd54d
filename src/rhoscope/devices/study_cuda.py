"""The columns of a study on a GPU: as many samples at once as it runs and holds, each a lane from start to end."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices.cuda_blocks import run_blocks, shared_memory
from rhoscope.devices.cuda_memory import Launcher
from rhoscope.devices.study_columns import StudyWorker
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.kernels.block_space import odd, spectra_plan, steps_plan
from rhoscope.kernels.layout import WARP, spare
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import bptt_cells, segment_length, step_norms_cells

if TYPE_CHECKING:
    from rhoscope.study import Study


class CudaWorker(StudyWorker):
    """What stays on the device from chunk to chunk: the question in the kernels' terms, and their memory."""

    def __init__(self, study: "Study", count: int, lapack_from: int) -> None:
        super().__init__(study, study.ensemble.real_size(study.size) >= lapack_from)
        from rhoscope.kernels import grids, grids_block

        n, m, results = self.n, self.m, len(self.lags) + (3 if self.error else 0)
        self.grids = grids
        self.blocks = grids_block
        self.key = drawing.key(study.seed)
        self.segment = segment_length(n, study.horizon, columns=False)
        self.spaces = (spare(n), layout.spectrum_work(n))
        self.forms = None if self.by_lapack else spectra_plan(n, shared_memory())
        self.steps = None if self.error else steps_plan(n, shared_memory())
        if self.error:
            self.cells = bptt_cells(n, m, study.horizon, self.segment, columns=False)
        elif self.steps is not None:
            self.cells = 0
        else:
            self.cells = step_norms_cells(n, columns=False)
        self.spectral = 0 if self.by_lapack else sum(self.spaces)
        work = max(self.spectral, self.cells, drawing.scratch_elements(n))
        kept = {
            "a": n * self.ld,
            "rows": layout.ROWS,
            "values": 2 * n,
            "out": results,
            "delta": n,
            "gains": 1,
        }
        if self.error:
            kept |= {"b": n * m, "state": n}
        if self.steps is not None:
            kept["exponents"] = results
        if self.forms is not None:
            kept |= {"held": n * self.ld, "failures": 1}
        self.launcher = Launcher(count, each=sum(kept.values()) + 1, work=work)
        self.kept: dict[str, Any] = {name: self.launcher.lanes_of(size) for name, size in kept.items()}
        self.work = self.launcher.lanes_of(work)
        self.lags_there = self.launcher.to_device(self.lags)
        self.samples: Any = None
        self.count = 0

    def _run(self, kernel: Any, *arguments: Any) -> None:
        self.launcher.run(kernel, self.count, *arguments, self.count)

    def _fetch(self, name: str, elements: int) -> NDArray[np.float64]:
        """What was kept of each sample (count, elements)."""
        return self.launcher.by_lane(self.kept[name], elements, self.count)

    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        study, n, ld, a = self.study, self.n, self.ld, self.kept["a"]
        numbers = np.arange(start, stop, dtype=np.int64)
        self.count = stop - start
        self.samples = self.launcher.to_device(numbers)
        if study.ensemble.law is None:
            real = study.ensemble.real_matrices(study.size, numbers, study.seed).reshape(-1)
            self._run(self.grids.interleave, self.launcher.to_device(real), a, n, n, ld)
        else:
            params = study.ensemble.params(study.size)
            self._run(
                self.grids.draw[study.ensemble.law], a, self.work, n, ld, *self.key, self.samples, params
            )
        low, high = study.gain if isinstance(study.gain, tuple) else (study.gain, study.gain)
        gains = self.kept["gains"]
        self._run(
            self.grids.apply_gains, a, n, ld, *self.key, self.samples, float(low), float(high - low), gains
        )
        return self.launcher.to_host(gains)[: self.count]

    def matrix(self, row: int) -> NDArray[np.float64]:
        size = self.n * self.ld * WARP
        group = self.launcher.to_host(self.kept["a"][row // WARP * size : (row // WARP + 1) * size])
        return np.ascontiguousarray(group.reshape(self.n, self.ld, WARP)[:, : self.n, row % WARP])

    def spectra(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lanes = self.launcher.lanes
        own, scratch = self.work[: self.spaces[0] * lanes], self.work[self.spaces[0] * lanes :]
        kept, n, ld = self.kept, self.n, self.ld
        if self.forms is None:
            self._run(
                self.grids.spectra, kept["a"], own, scratch, kept["values"], kept["rows"],
                n, ld, self.spaces, self.study.cutoff,
            )  # fmt: skip
        else:
            run_blocks(
                self.blocks.hessenberg_eigenvalues, self.forms, self.count, kept["a"], kept["held"], kept["values"],
                kept["failures"], n, ld, odd(n), self.count,
            )  # fmt: skip
            self._run(
                self.grids.finish_spectra, kept["a"], own, scratch, kept["held"], kept["values"], kept["failures"],
                kept["rows"], n, ld, self.spaces, self.study.cutoff,
            )  # fmt: skip
        return self._fetch("rows", layout.ROWS), self._fetch("values", 2 * self.n).reshape(-1, 2, self.n)

    def gradients(self, count: int) -> NDArray[np.float64]:
        n, ld, m, kept = self.n, self.ld, self.m, self.kept
        if self.error:
            self._draw("b", n * m, streams.INPUT_MAP)
            self._draw("state", n, streams.STATE)
            self._draw("delta", n, streams.TARGET)
            self._run(
                self.grids.bptt, self.work, kept["a"], kept["b"], kept["state"], kept["delta"], self.samples,
                n, ld, m, self.study.horizon, self.segment, BLOCK, *self.key, self.lags_there, kept["out"], self.cells,
            )  # fmt: skip
            return self._fetch("out", len(self.lags) + 3)
        self._draw("delta", n, streams.DELTA)
        if self.steps is not None:
            run_blocks(
                self.blocks.step_norms[self.steps.kernel], self.steps, self.count, kept["a"], kept["delta"], ld,
                self.lags_there, self.steps.block, kept["out"], kept["exponents"],
                WARP, self.steps.slots, self.steps.shape, self.steps.regions, self.count,
            )  # fmt: skip
            return self._fetch("out", len(self.lags))
        self._run(
            self.grids.step_norms, self.work, kept["a"], kept["delta"], n, ld, self.lags_there, BLOCK, kept["out"],
            self.cells,
        )  # fmt: skip
        return self._fetch("out", len(self.lags))

    def _draw(self, name: str, elements: int, stream: int) -> None:
        """The vectors of one stream, of the scale that all vectors of a study have."""
        scale = drawing.vector_scale(self.n)
        self._run(self.grids.draw_vectors, self.kept[name], elements, scale, *self.key, stream, self.samples)
