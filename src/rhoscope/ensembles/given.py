"""The user's own matrices."""

import hashlib
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rhoscope.ensembles.base import Ensemble, real_form
from rhoscope.errors import ArgumentError, ArgumentTypeError, StudyFileNotFoundError

_DTYPES = {"c": np.dtype("<c16"), **dict.fromkeys("biuf", np.dtype("<f8"))}
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True)
class Given(Ensemble):
    """Matrices of your own: A_0 of sample i is matrix i.

    They may hold NaN or Inf: such a sample is counted with its outcome. Two of these ensembles are equal if
    shape and numbers are, wherever they are kept; `sha256` stands for both. Theory predicts nothing of them.

    Parameters
    ----------
    matrices
        (N, n, n) or (n, n), real or complex, or the path of a .npy file with such an array, which is mapped
        rather than read. Only a path can be written to TOML.
    sha256
        The hash that the matrices must have; by default whatever it is.

    Raises
    ------
    ArgumentError
        Not square, empty, not a .npy file, or another hash.
    ArgumentTypeError
        Not numbers that float64 or complex128 can hold.
    StudyFileNotFoundError
        No file at the path.

    Examples
    --------
    >>> import numpy as np
    >>> import rhoscope as rs
    >>> rs.ensembles.Given(np.eye(2)).sample(2, 1, seed=539, gain=0.5)
    array([[[0.5, 0. ],
            [0. , 0.5]]])
    """

    matrices: Any = field(compare=False, repr=False)
    sha256: str | None = None
    _array: NDArray[Any] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.matrices, str | PathLike):
            path = fspath(self.matrices)
            object.__setattr__(self, "matrices", path)
            array = _checked(_opened(path))
        else:
            array = _checked(np.array(self.matrices))
        found = _digest(array)
        if self.sha256 not in (None, found):
            raise ArgumentError(
                f"sha256 = {self.sha256!r}, but the matrices given have {found!r}: they have changed; "
                "the same numbers, or no sha256, would do"
            )
        object.__setattr__(self, "sha256", found)
        object.__setattr__(self, "_array", array)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker opens the file itself; pickling a mapped array would send all of it.
        return Given, (self.matrices, self.sha256)

    @property
    def complex_valued(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the matrices given are complex."""
        return self._array.dtype.kind == "c"

    def validate_study(self, size: int, samples: int) -> None:
        """Refuse another size than the matrices have, and more samples than there are matrices."""
        count, n = self._array.shape[:2]
        if size != n:
            raise ArgumentError(f"size = {size}, but the matrices given are {n} x {n}; size = {n} would do")
        if samples > count:
            raise ArgumentError(
                f"samples up to number {samples} asked, but {count} matrices are given; "
                f"at most {count}, counted from sample 0, would do"
            )

    def real_matrices(self, size: int, samples: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        """The matrices with these numbers, in real form."""
        chosen = self._array[samples]
        return real_form(chosen) if self.complex_valued else chosen.astype(np.float64)

    def to_table(self) -> dict[str, Any]:
        """Kind, path and hash; without a path the hash alone, which no file can be made from again."""
        path = {"matrices": self.matrices} if isinstance(self.matrices, str) else {}
        return {"kind": self.kind, **path, "sha256": self.sha256}


def _opened(path: str) -> NDArray[Any]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise StudyFileNotFoundError(
            f"matrices: no file {path!r}; the path of a .npy file with an array (N, n, n) would do"
        ) from None
    except (OSError, ValueError, EOFError) as error:
        raise ArgumentError(
            f"matrices: cannot read {path!r} as .npy ({error}); a file written by numpy.save would do"
        ) from None
    if isinstance(found, np.ndarray):
        return found
    found.close()
    raise ArgumentError(f"matrices: {path!r} is an archive of arrays; numpy.save of one of them would do")


def _checked(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in _DTYPES or array.dtype.itemsize > _DTYPES[array.dtype.kind].itemsize:
        raise ArgumentTypeError(f"matrices: dtype {array.dtype} does not fit; float64 or complex128 would do")
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.size == 0:
        raise ArgumentError(f"matrices: shape {array.shape}; (N, n, n) with N and n at least 1 would do")
    return array


def _digest(array: NDArray[Any]) -> str:
    """SHA-256 over shape and numbers as float64 or complex128, a part at a time."""
    dtype = _DTYPES[array.dtype.kind]
    sha = hashlib.sha256(f"{array.shape} {dtype.str}".encode())
    step = max(1, _CHUNK_BYTES // (array[0].size * dtype.itemsize))
    for first in range(0, len(array), step):
        sha.update(array[first : first + step].astype(dtype).tobytes())
    return sha.hexdigest()
