"""What a study is made of, drawn on the CPU: in float64 always, and rounded where its kernels compute in float32."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.devices.precision import DOUBLE, Precision
from rhoscope.devices.workspace import lanes

if TYPE_CHECKING:
    from rhoscope.study import Study

Reals = NDArray[Any]  # float64 or float32
Samples = NDArray[np.int64]


class Draws:
    """Matrices and vectors of samples in whole groups of the precision.

    Args:
        study: whose they are.
        precision: that of the arrays which take them.
        elements: of a matrix or a vector of every sample, times the groups drawn at a time, at most.
    """

    def __init__(self, study: "Study", precision: Precision, elements: int) -> None:
        self._study = study
        self._n = study.ensemble.real_size(study.size)
        self._kit = precision.kit
        self._scratch = lanes(drawing.scratch_elements(self._n))
        rounded = precision is not DOUBLE
        self._wide = lanes(elements * (precision.width // DOUBLE.width)) if rounded else None

    def matrices(self, a: Reals, samples: Samples, numbers: Samples | None = None) -> NDArray[np.float64]:
        """Draw the A of samples, or the matrices of these numbers at the gains of samples; returns the gains."""
        study, gains = self._study, np.empty(len(samples))
        drawing.draw_groups(
            study.ensemble, study.size, study.seed, study.gain, samples, self._room(a), gains, self._scratch,
            numbers=numbers,
        )  # fmt: skip
        self._round(a, drawing.matrix_elements(self._n), samples)
        return gains

    def vectors(self, v: Reals, elements: int, stream: int, samples: Samples) -> None:
        """Draw normal numbers of variance 1/n, `elements` of them for each sample."""
        key, scale = drawing.key(self._study.seed), drawing.vector_scale(self._n)
        DOUBLE.kit.draw_vectors(self._room(v), elements, elements, scale, *key, stream, samples)
        self._round(v, elements, samples)

    def _room(self, to: Reals) -> Reals:
        return to if self._wide is None else self._wide

    def _round(self, to: Reals, elements: int, samples: Samples) -> None:
        if self._wide is not None:
            self._kit.narrow_groups(self._wide, to[: len(samples) * elements], elements)
