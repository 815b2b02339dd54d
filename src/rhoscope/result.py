"""What was measured: columns over the samples, their names, and where they came from."""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rhoscope.errors import RhoscopeError
from rhoscope.outcome import Outcome
from rhoscope.study import Study

if TYPE_CHECKING:
    import pandas
    import xarray


class MissingExtraError(RhoscopeError, ImportError):
    """An optional package that a method needs is not installed."""


class Result:
    """The columns of a study, one row a sample, in the order of the sample index.

    Columns are attributes and are read from disk when asked for: `sample`, `gain`, `spectral_radius`,
    `radius_low`, `radius_high`, `leading_eigenvalue` (Im >= 0), `real_eigenvalue_count`, `spectral_norm`,
    `frobenius_norm`, `departure`, `log_error` = log ||dL/dh_T||, `log_gradient` (samples, K) =
    log ||dL/dh_{T-k}|| at the K lags k in `lags`, `log_gradient_A`, `log_gradient_B`, `outcome`, and
    what the study chose to `measure`. `columns` has their names. They are read-only; logarithms are natural.

    Parameters
    ----------
    study
        The study answered.
    columns
        The columns by name, each with one entry or one row a sample.
    provenance
        Versions, devices and times.

    Examples
    --------
    >>> import numpy as np, rhoscope as rs
    >>> columns = {"log_error": np.zeros(2), "log_gradient": np.array([[1.0], [2.0]])}
    >>> rs.Result(rs.Study(samples=2, horizon=1), columns, {}).log_growth
    array([[1.],
           [2.]])
    """

    sample: np.ndarray
    gain: np.ndarray
    spectral_radius: np.ndarray
    radius_low: np.ndarray
    radius_high: np.ndarray
    leading_eigenvalue: np.ndarray
    real_eigenvalue_count: np.ndarray
    spectral_norm: np.ndarray
    frobenius_norm: np.ndarray
    departure: np.ndarray
    log_error: np.ndarray
    log_gradient: np.ndarray
    log_gradient_A: np.ndarray
    log_gradient_B: np.ndarray
    outcome: np.ndarray
    eigenvalues: np.ndarray
    numerical_radius: np.ndarray

    def __init__(
        self, study: Study, columns: Mapping[str, np.ndarray], provenance: Mapping[str, Any]
    ) -> None:
        self.study = study
        self.provenance = dict(provenance)
        self.columns = tuple(columns)
        self._columns = columns
        self._kept: dict[str, np.ndarray] = {}
        self._wide: tuple[str, np.ndarray] | None = None

    @property
    def lags(self) -> np.ndarray:
        """The lags k (K,) of the second axis of `log_gradient`, ascending."""
        return np.array(self.study.lags, np.int64)

    @property
    def log_growth(self) -> np.ndarray:
        """log(||dL/dh_{T-k}|| / ||dL/dh_T||), (samples, K)."""
        return self.log_gradient - self.log_error[:, None]

    def __len__(self) -> int:
        return self.study.samples

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns]

    def __getattr__(self, name: str) -> np.ndarray:
        if name not in self.__dict__.get("columns", ()):  # a copy being unpickled has none yet
            raise AttributeError(self._explain_missing(name))
        return self._column(name)

    def _explain_missing(self, name: str) -> str:
        study = self.__dict__.get("study")
        if study is not None and name in ("eigenvalues", "numerical_radius"):
            return f'no column {name!r}: the study has measure = {study.measure!r}; add "{name}" and run it'
        if (
            study is not None
            and name in ("log_gradient_A", "log_gradient_B")
            and study.delta == "independent"
        ):
            return f'no column {name!r}: with delta = "independent" no states are run; "error" would do'
        if study is not None and name == "log_gradient_A" and study.mode == "fresh":
            return f'no column {name!r}: the study has mode = "fresh", so each step has an A and a gradient of its own'
        if study is not None and name == "log_gradient_B" and study.inputs == 0:
            return f"no column {name!r}: the study has inputs = 0, so there is no B"
        return f"{type(self).__name__!r} object has no attribute {name!r}"

    def _column(self, name: str) -> np.ndarray:
        """Read a column once; of the two-dimensional ones only the last one used stays in memory."""
        if name in self._kept:
            return self._kept[name]
        if self._wide is not None and self._wide[0] == name:
            return self._wide[1]
        column = self._columns[name].view()
        column.flags.writeable = False
        if column.ndim == 1:
            self._kept[name] = column
        else:
            self._wide = name, column
        return column

    def to_pandas(self) -> "pandas.DataFrame":
        """A DataFrame indexed by sample; a column (samples, K) becomes K, named by lag or by position."""
        pandas = _extra("pandas")
        frame: dict[str, np.ndarray] = {}
        for name in self.columns:
            column = self._column(name)
            if column.ndim == 1:
                frame[name] = column
            else:
                labels = self.lags if name == "log_gradient" else range(column.shape[1])
                frame |= {f"{name}_{label}": column[:, place] for place, label in enumerate(labels)}
        return pandas.DataFrame(frame).set_index("sample")

    def to_xarray(self) -> "xarray.Dataset":
        """A Dataset with dimensions sample, lag and eigenvalue; study and provenance are attributes."""
        xarray = _extra("xarray")
        second = {"log_gradient": "lag", "eigenvalues": "eigenvalue"}
        variables = {}
        for name in self.columns:
            column = self._column(name)
            variables[name] = (
                ("sample", second[name])[: column.ndim] if column.ndim > 1 else ("sample",),
                column,
            )
        sample = variables.pop("sample")
        return xarray.Dataset(
            variables,
            coords={"sample": sample, "lag": ("lag", self.lags)},
            attrs={"study": self.study.to_toml(), **self.provenance},
        )

    def __repr__(self) -> str:
        return "\n".join(
            [f"<rhoscope.Result: {len(self):,} samples>", *(f"  {k}: {v}" for k, v in self._facts())]
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in self._facts()
        )
        return f"<table><caption>rhoscope result, {len(self):,} samples</caption>{rows}</table>"

    def _facts(self) -> list[tuple[str, str]]:
        study = self.study
        codes, counts = np.unique(self.outcome, return_counts=True) if "outcome" in self.columns else ((), ())
        outcomes = ", ".join(
            f"{count:,} {Outcome(code).name}" for code, count in zip(codes, counts, strict=True)
        )
        return [
            ("ensemble", repr(study.ensemble)),
            ("size", f"{study.size}, horizon {study.horizon:,}, gain {study.gain[0]:g} to {study.gain[1]:g}"),
            ("lags", ", ".join(map(str, study.lags))),
            ("columns", ", ".join(self.columns)),
            ("outcomes", outcomes),
        ]


def _extra(name: str) -> Any:
    """An optional package, or an error that says how to get it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            f"this needs the package {name!r}: install it with `pip install {name}`"
        ) from None
