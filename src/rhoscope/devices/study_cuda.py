"""The columns of a study on a GPU: as many samples at once as it runs and holds, each a lane from start to end."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices import fresh_cuda, spectra_cuda
from rhoscope.devices.cuda_blocks import run_blocks, shared_memory, slots_at_once
from rhoscope.devices.cuda_memory import Launcher
from rhoscope.devices.precision import DOUBLE
from rhoscope.devices.spectra_cpu import Spectra, of_warps
from rhoscope.devices.study_columns import Columns, StudyWorker
from rhoscope.kernels import spectrum as layout
from rhoscope.kernels import streams
from rhoscope.kernels.block_space import bptt_block_cells, bptt_plan, odd, spectra_plan, steps_plan
from rhoscope.kernels.layout import WARP, spare
from rhoscope.kernels.recurrence import BLOCK
from rhoscope.kernels.recurrence_space import bptt_cells, segment_length, step_norms_cells
from rhoscope.pool import for_chunks

if TYPE_CHECKING:
    from rhoscope.study import Study


class CudaWorker(StudyWorker):
    """What stays on the device from chunk to chunk: the question in the kernels' terms, and their memory.

    Args:
        study: the question.
        count: samples there are in all.
        lapack_from: sizes from this one on have their spectra from LAPACK.
        columns: what is to be written, from sample `start` on.
        start: the first sample.
        cancelled: polled where a chunk takes long.
        threads: of the host, for spectra that are its own.
    """

    def __init__(
        self,
        study: "Study",
        count: int,
        lapack_from: int,
        columns: Columns,
        start: int,
        cancelled: Callable[[], bool] | None,
        threads: int = 1,
    ) -> None:
        super().__init__(study, study.ensemble.real_size(study.size) >= lapack_from)
        from rhoscope.kernels import grids, grids_block, grids_block_backprop, grids_block_spectrum

        n, m = self.n, self.m
        self.grids = grids
        self.block_steps = grids_block.step_norms
        self.block_passes = grids_block_backprop.bptt
        self.block_forms = grids_block_spectrum.hessenberg_eigenvalues
        self.columns, self.start, self.cancelled, self.threads = columns, start, cancelled, threads
        self.fresh = study.mode == "fresh"
        self.by_host = self.by_lapack or not spectra_cuda.takes(n)
        # The matrices are whole when gradients begin, and fetched for the host while the GPU takes these.
        self.aside = self.by_host and not self.fresh
        self.key = drawing.key(study.seed)
        self.spaces = (spare(n), layout.spectrum_work(n))
        self.forms = None if self.by_host else spectra_plan(n, shared_memory())
        room = shared_memory()
        self.steps = None
        if not self.fresh:
            self.steps = bptt_plan(n, m, room) if self.error else steps_plan(n, room)
        self.block = BLOCK if self.steps is None else self.steps.block
        self.segment = segment_length(n, study.inputs, study.horizon, columns=False, block=self.block)
        common = 0
        if self.fresh:
            self.lags = np.array(study.lags, dtype=np.int64)
            self.cells, results = 0, len(self.lags) + 2
        elif self.error and self.steps is not None:
            results = len(self.lags) + 3
            self.cells = 0
            self.slots = slots_at_once(self.steps, count)
            common = self.slots * bptt_block_cells(self.steps, study.horizon, self.segment)
        elif self.error:
            results = len(self.lags) + 3
            self.cells = bptt_cells(n, m, study.horizon, self.segment, columns=False)
        else:
            results = len(self.lags)
            self.cells = 0 if self.steps is not None else step_norms_cells(n, columns=False)
        self.spectral = 0 if self.by_host else sum(self.spaces)
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
        if self.fresh:
            kept |= {"b": n * fresh_cuda.inputs(study), "fresh": fresh_cuda.fresh_cells(study)}
        given = n * n if study.ensemble.law is None else 0  # of a matrix that the host draws
        self.launcher = Launcher(count, each=sum(kept.values()) + given + 2, work=work, common=common)
        self.kept: dict[str, Any] = {name: self.launcher.lanes_of(size) for name, size in kept.items()}
        self.work = self.launcher.lanes_of(work)
        self.common = self.launcher.empty(common)
        self.lags_there = self.launcher.to_device(self.lags)
        self.results = results
        self.samples: Any = None
        self.numbers, self.drawn = (self.launcher.lanes_of(1, np.int64) for _ in range(2))
        self.real = self.launcher.lanes_of(given)
        self.first = self.count = 0

    def run(self, kernel: Any, *arguments: Any) -> None:
        """Launch a kernel with a thread for each sample."""
        self.launcher.run(kernel, self.count, *arguments, self.count)

    def _fetch(self, name: str, elements: int) -> NDArray[np.float64]:
        """What was kept of each sample (count, elements)."""
        return self.launcher.by_lane(self.kept[name], elements, self.count)

    def begin(self, first: int, last: int) -> None:
        """Start all kernels for samples `first` to `last` - 1 of those asked for, and wait for none that takes long."""
        self.launch_draws(self.start + first, self.start + last)
        if self.aside:
            self.launcher.wait()
        if not self.by_host:
            self.launch_spectra()
        self.launch_gradients()

    def finish(self, first: int, last: int) -> None:
        """Fetch what they found into the columns."""
        self.fill(self.columns, first, self.start + first, self.start + last)

    def launch_draws(self, start: int, stop: int) -> None:
        """Draw A of these samples."""
        numbers = np.arange(start, stop, dtype=np.int64)
        self.first, self.count = start, stop - start
        self.samples = self.launcher.send(numbers, self.numbers)
        self.draw_matrices(numbers)

    def draw_matrices(self, numbers: NDArray[np.int64]) -> None:
        """A = g A_0 of each sample, where `numbers` tells which A_0 it takes."""
        study, n, ld, a = self.study, self.n, self.ld, self.kept["a"]
        if study.ensemble.law is None:
            real = study.ensemble.real_matrices(study.size, numbers, study.seed)
            self.run(self.grids.interleave, self.launcher.send(real, self.real), a, n, n, ld)
        else:
            there = self.launcher.send(numbers, self.drawn)
            params = study.ensemble.params(study.size)
            self.run(self.grids.draw[study.ensemble.law], a, self.work, n, ld, *self.key, there, params)
        low, high = study.gain if isinstance(study.gain, tuple) else (study.gain, study.gain)
        gains = self.kept["gains"]
        self.run(
            self.grids.apply_gains, a, n, ld, *self.key, self.samples, float(low), float(high - low), gains
        )

    def draw(self, start: int, stop: int) -> NDArray[np.float64]:
        return self._drawn(self.kept["gains"])[: self.count]

    def _drawn(self, array: Any) -> NDArray[np.float64]:
        """What was drawn, in NumPy."""
        return self.launcher.to_host_aside(array) if self.aside else self.launcher.to_host(array)

    def _groups(self, first: int, last: int) -> NDArray[np.float64]:
        """The matrices of groups first..last-1 as lanes have them (groups, n, ld, WARP)."""
        size = self.n * self.ld * WARP
        return self._drawn(self.kept["a"][first * size : last * size]).reshape(-1, self.n, self.ld, WARP)

    def matrix(self, row: int) -> NDArray[np.float64]:
        return np.ascontiguousarray(self._groups(row // WARP, row // WARP + 1)[0, :, : self.n, row % WARP])

    def spectra_by_lapack(self, here: Columns, rows: list[int]) -> None:
        for group, members in itertools.groupby(rows, lambda row: row // WARP):
            lanes, own = self._groups(group, group + 1)[0], list(members)

            def work(worker: int, start: int, stop: int, lanes: Any = lanes, own: list[int] = own) -> None:
                for row in own[start:stop]:
                    self.spectrum_by_lapack(here, row, np.ascontiguousarray(lanes[:, : self.n, row % WARP]))

            for_chunks(work, len(own), 1, self.threads, self.cancelled)

    def launch_spectra(self) -> None:
        """Decompose the matrices drawn."""
        lanes, kept, n, ld = self.launcher.lanes, self.kept, self.n, self.ld
        own, scratch = self.work[: self.spaces[0] * lanes], self.work[self.spaces[0] * lanes :]
        if self.forms is None:
            self.run(
                self.grids.spectra, kept["a"], own, scratch, kept["values"], kept["rows"],
                n, ld, self.spaces, self.study.cutoff,
            )  # fmt: skip
            return
        run_blocks(
            self.launcher.stream, self.block_forms, self.forms, self.count, kept["a"], kept["held"],
            kept["values"], kept["failures"], n, ld, odd(n), self.count,
        )  # fmt: skip
        self.run(
            self.grids.finish_spectra, kept["a"], own, scratch, kept["held"], kept["values"], kept["failures"],
            kept["rows"], n, ld, self.spaces, self.study.cutoff,
        )  # fmt: skip

    def spectra(self, count: int) -> Spectra:
        if not self.by_host:
            return self._fetch("rows", layout.ROWS), self._fetch("values", 2 * self.n).reshape(-1, 2, self.n)
        # As many at once as give every thread a group of its own.
        step = -(-self.threads * DOUBLE.width // WARP) * WARP
        parts = []
        for first in range(0, count, step):
            last = min(first + step, count)
            warps = self._groups(first // WARP, -(-last // WARP))
            parts.append(of_warps(warps, last - first, self.study.cutoff, self.threads, self.cancelled))
        rows, values = map(np.concatenate, zip(*parts, strict=True))
        return rows, values

    def launch_gradients(self) -> None:
        """Draw the vectors, and take gradients back in time."""
        if self.fresh:
            fresh_cuda.launch(self)
            return
        n, ld, m, kept = self.n, self.ld, self.m, self.kept
        if self.error:
            self.draw_vectors("b", n * m, streams.INPUT_MAP)
            self.draw_vectors("state", n, streams.STATE)
            self.draw_vectors("delta", n, streams.TARGET)
            if self.steps is not None:
                run_blocks(
                    self.launcher.stream, self.block_passes[self.steps.kernel], self.steps, self.count,
                    kept["a"], kept["b"], kept["state"], kept["delta"], self.samples, self.common,
                    ld, m, self.study.horizon, self.segment, *self.key, self.lags_there, self.block,
                    kept["out"], kept["exponents"], self.steps.slots, self.steps.shape, self.steps.regions, self.count,
                    most=self.slots,
                )  # fmt: skip
                return
            self.run(
                self.grids.bptt, self.work, kept["a"], kept["b"], kept["state"], kept["delta"], self.samples,
                n, ld, m, self.study.horizon, self.segment, BLOCK, *self.key, self.lags_there, kept["out"], self.cells,
            )  # fmt: skip
            return
        self.draw_vectors("delta", n, streams.DELTA)
        if self.steps is not None:
            run_blocks(
                self.launcher.stream, self.block_steps[self.steps.kernel], self.steps, self.count, kept["a"],
                kept["delta"], ld, self.lags_there, self.steps.block, kept["out"], kept["exponents"],
                WARP, self.steps.slots, self.steps.shape, self.steps.regions, self.count,
            )  # fmt: skip
            return
        self.run(
            self.grids.step_norms, self.work, kept["a"], kept["delta"], n, ld, self.lags_there, BLOCK, kept["out"],
            self.cells,
        )  # fmt: skip

    def gradients(self, count: int) -> NDArray[np.float64]:
        return self._fetch("out", self.results)

    def draw_vectors(self, name: str, elements: int, stream: int) -> None:
        """The vectors of one stream, of the scale that all vectors of a study have."""
        scale = drawing.vector_scale(self.n)
        self.run(self.grids.draw_vectors, self.kept[name], elements, scale, *self.key, stream, self.samples)
