"""What an ensemble is: a law of random matrices, its parameters, and what theory says of its spectrum."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rhoscope import drawing
from rhoscope.drawing import Source
from rhoscope.ensembles.checks import LAST_SAMPLE, SEEDS, gain_or_range, whole
from rhoscope.ensembles.support import Support
from rhoscope.errors import ArgumentError


@dataclass(frozen=True)
class Ensemble:
    """A law of random matrices; the base of every ensemble, and the class to subclass for one of your own.

    A = g A_0 with A_0 drawn by `draw` and g the gain. An ensemble of one's own is a frozen dataclass whose
    fields are its parameters, with a method `draw(size, source)` that returns one matrix A_0 from the random
    numbers of `source`: `source.normals(shape)` are N(0, 1), `source.uniforms(shape)` uniform in (0, 1]. They
    come from the sample's own streams, so sample i is the same matrix in any study, shard and order. Scale
    A_0 so that the spectral radius tends to 1, and the gain is the radius. The class is known to
    `Study.from_toml` by its name from the moment it is defined.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import rhoscope as rs
    >>> @dataclass(frozen=True)
    ... class RandomSigns(rs.ensembles.Ensemble):
    ...     "Independent entries +1/sqrt(n) and -1/sqrt(n)."
    ...
    ...     def draw(self, size, source):
    ...         return np.where(source.uniforms((size, size)) <= 0.5, -1.0, 1.0) / np.sqrt(size)
    ...
    ...     def predicted_radius(self, size, gain):
    ...         return gain
    >>> RandomSigns().sample(4, 2, seed=539).shape
    (2, 4, 4)
    """

    law: ClassVar[str | None] = None  # the kernel that draws A_0; None: `real_matrices` does, in NumPy
    complex_valued: ClassVar[bool] = False  # such a system runs as the real one of twice its size

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for other in subclasses():
            if is_built_in(other) and other.__name__ == cls.__name__ and other.__module__ != cls.__module__:
                raise ArgumentError(
                    f"class {cls.__name__}: rhoscope has an ensemble of this name, which a study would take "
                    "for it; another name would do"
                )

    @property
    def kind(self) -> str:
        """Name of the ensemble, that of its class."""
        return type(self).__name__

    def real_size(self, size: int) -> int:
        """n of the real n x n system that matrices of this size run as; [[X, -Y], [Y, X]] is X + iY."""
        return 2 * size if self.complex_valued else size

    def predicted_radius(self, size: int, gain: float) -> float | None:
        """Limit of the spectral radius as n grows, at this gain; None where theory has none.

        Parameters
        ----------
        size
            Size of the matrices; a few ensembles have a limit only from some size on.
        gain
            g.
        """
        return None

    def predicted_support(self, gain: float) -> Support | None:
        """The set that the spectrum fills as n grows, at this gain; None where theory has none."""
        return None

    def validate_study(self, size: int, samples: int) -> None:
        """Refuse, with an ArgumentError, a study of so many samples of this size that cannot be drawn."""

    def draw(self, size: int, source: Source) -> Any:
        """One matrix A_0 (size, size), real or complex, from the random numbers of one sample."""
        raise NotImplementedError(
            f"class {self.kind} needs a method draw(size, source) that returns one matrix"
        )

    def params(self, size: int) -> tuple[float, float, float]:
        """The numbers that the kernel `law` expects."""
        raise NotImplementedError(
            f"class {self.kind} names the kernel {self.law!r} and needs a method params(size)"
        )

    def real_matrices(self, size: int, samples: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """A_0 of each sample as real matrices (len(samples), n, n), where no kernel draws them."""
        n = self.real_size(size)
        real = np.empty((len(samples), n, n))
        for place, sample in enumerate(samples.tolist()):
            if place and sample == samples[place - 1]:
                real[place] = real[place - 1]
            else:
                real[place] = self._checked(size, self.draw(size, Source(seed, sample)))
        return real

    def _checked(self, size: int, drawn: Any) -> NDArray[np.float64]:
        matrix = np.asarray(drawn)
        if matrix.shape != (size, size) or matrix.dtype.kind not in "biufc":
            raise ArgumentError(
                f"{self.kind}.draw(size={size}, ...) returned an array of shape {matrix.shape} and dtype "
                f"{matrix.dtype}; numbers of shape ({size}, {size}) would do"
            )
        if matrix.dtype.kind == "c" and not self.complex_valued:
            raise ArgumentError(
                f"{self.kind}.draw(size={size}, ...) returned complex numbers (dtype {matrix.dtype}); "
                "real ones would do, or `complex_valued = True` in the class"
            )
        return real_form(matrix) if self.complex_valued else matrix.astype(np.float64)

    def sample(
        self, size: int, samples: int, *, seed: int, gain: Any = 1.0, start: int = 0
    ) -> NDArray[np.float64] | NDArray[np.complex128]:
        """The very matrices A = g A_0 that a study with the same seed and gain draws, bit for bit.

        Parameters
        ----------
        size
            Size of each matrix, at least 1.
        samples
            How many, at least 1.
        seed
            Key of the generator, 0 to 2^64 - 1.
        gain
            g, or a pair (low, high) between which each sample's g is uniform.
        start
            Number of the first sample.

        Returns
        -------
        numpy.ndarray
            (samples, size, size), float64, or complex128 where the ensemble is complex.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            An argument cannot be, or the ensemble has no such samples.

        References
        ----------
        Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, SC 2011.

        Examples
        --------
        >>> import rhoscope as rs
        >>> A = rs.ensembles.RealGinibre().sample(4, 3, seed=539)
        >>> bool((rs.ensembles.RealGinibre().sample(4, 1, seed=539, start=2)[0] == A[2]).all())
        True
        """
        size = whole("size", size, 1, 2**31, "a whole number of at least 1")
        samples = whole("samples", samples, 1, LAST_SAMPLE, "a whole number of at least 1")
        seed = whole("seed", seed, 0, SEEDS - 1, "a whole number from 0 to 2^64 - 1")
        start = whole("start", start, 0, LAST_SAMPLE - samples, "a whole number from 0 to 2^63 - 1 - samples")
        gain = gain_or_range(gain)
        self.validate_study(size, start + samples)
        real, _ = drawing.draw(self, size, start, samples, seed, gain)
        return real[:, :size, :size] + 1j * real[:, size:, :size] if self.complex_valued else real

    def to_table(self) -> dict[str, Any]:
        """Kind and parameters as plain values, from which `from_table` makes an equal ensemble."""
        return {"kind": self.kind, **{field.name: getattr(self, field.name) for field in fields(self)}}


def real_form(matrices: NDArray[Any]) -> NDArray[np.float64]:
    """[[X, -Y], [Y, X]] of complex X + iY, (..., n, n) -> (..., 2n, 2n)."""
    x, y = np.real(matrices), np.imag(matrices)
    return np.block([[x, -y], [y, x]]).astype(np.float64)


def subclasses(cls: type[Ensemble] = Ensemble) -> Iterator[type[Ensemble]]:
    """Every ensemble defined so far, a class before those that derive from it."""
    for derived in cls.__subclasses__():
        yield derived
        yield from subclasses(derived)


def is_built_in(cls: type[Ensemble]) -> bool:
    """Whether this package defines the class."""
    return cls.__module__.startswith("rhoscope.ensembles.")
