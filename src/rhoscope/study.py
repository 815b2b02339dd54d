"""The frozen question: which matrices, how far back in time, how many. It says nothing of hardware."""

import dataclasses
import hashlib
import json
import math
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rhoscope import study_toml
from rhoscope.drawing import SAMPLE_BITS, STEP_BITS
from rhoscope.ensembles import Ensemble, Given, RealGinibre, from_table
from rhoscope.errors import ArgumentError, ArgumentTypeError, StudyError
from rhoscope.versions import STUDY_SCHEMA

SINGLE_HORIZON = 2**20  # so few terms of a sum over time, each within range, cannot leave it together

Measure = Literal["eigenvalues", "numerical_radius"]


def _number(value: Any) -> Any:
    """Refuse what pydantic would quietly turn into a number: booleans and digits in a string."""
    if isinstance(value, bool | np.bool_ | str | bytes):
        raise ValueError("not a number")
    return value


def _sequence(value: Any) -> Any:
    """One name stands for a sequence of one, and an array for its list."""
    if isinstance(value, str):
        return (value,)
    return value.tolist() if isinstance(value, np.ndarray) else value


Integer = Annotated[int, BeforeValidator(_number)]
Real = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


def default_lags(horizon: int) -> tuple[int, ...]:
    """Lags 2^j and 3*2^j up to the horizon T, and T itself, ascending, so that doubled pairs exist."""
    powers = [1 << j for j in range(horizon.bit_length())]
    lags = {lag for power in powers for lag in (power, 3 * power) if lag <= horizon}
    return tuple(sorted(lags | {horizon}))


class Study(BaseModel):
    """A frozen, validated, hashable question put to an ensemble of random matrices.

    For each sample a study draws A = g A_0, with A_0 from the ensemble and g uniform in `gain`,
    runs h_t = A h_{t-1} + B x_t for t = 1 .. T and takes delta_{T-k} = (A^T)^k delta_T back through time.
    In mode "fresh" every step has an A of its own, and delta_{t-1} = A_t^T delta_t.

    Parameters
    ----------
    ensemble
        Law of A_0, an instance of a class in `rhoscope.ensembles`.
    size
        n, so that A is n x n (a complex ensemble runs as the real system of size 2n).
    gain
        One gain for all samples, or the ends (low, high) of the interval each gain is drawn from.
    horizon
        T, the number of time steps.
    samples
        How many matrices are drawn.
    seed
        Key of the random generator, 0 <= seed < 2**64.
    inputs
        m, the length of x_t; 0 means no B.
    delta
        "error": delta_T = h_T - y. "independent": delta_T is drawn apart from A.
    mode
        "fixed": one A for all time steps. "fresh": an A of its own for every step, h_t = A_t h_{t-1} + B x_t,
        all with the gain of the sample; A_1 is the A of the fixed study, and the spectral columns are of it.
    lags
        Lags k at which gradients are recorded, 1 <= k <= T; by default 2^j, 3*2^j and T.
    dtype
        Arithmetic, "float64" or "float32". In float32 A, B, x, h_0 and y are the same draws, rounded, and both passes
        and the spectrum are computed in it, with bounds of the radius to match; the columns are float64.
    measure
        Optional columns: "eigenvalues" (all of them), "numerical_radius".
    cutoff
        Eigenvalues with |lambda_i| >= cutoff |lambda_1| enter the bounds of rho, 0.9 <= cutoff <= 0.999.

    Raises
    ------
    StudyError
        Naming each field that cannot be, the value received and what would do.

    Examples
    --------
    >>> import rhoscope as rs
    >>> study = rs.Study(size=8, horizon=100, samples=1000)
    >>> study == rs.Study.from_toml(study.to_toml())
    True
    >>> study.lags[:5]
    (1, 2, 3, 4, 6)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # A description is also what an error message says would do.
    ensemble: InstanceOf[Ensemble] = Field(
        RealGinibre(), description="an ensemble, such as rhoscope.ensembles.RealGinibre()"
    )
    size: Integer = Field(32, ge=1, le=2**20, description="an integer from 1 to 2**20")
    gain: tuple[Real, Real] = Field(
        (0.6, 1.4), description="a finite number >= 0, or two of them (low, high) with low <= high"
    )
    horizon: Integer = Field(1000, ge=1, le=2**53, description="an integer from 1 to 2**53")
    samples: Integer = Field(50_000, ge=1, le=2**40, description="an integer from 1 to 2**40")
    seed: Integer = Field(539, ge=0, lt=2**64, description="an integer from 0 to 2**64 - 1")
    inputs: Integer = Field(1, ge=0, le=2**31, description="an integer from 0 to 2**31")
    delta: Literal["error", "independent"] = Field("error", description='"error" or "independent"')
    mode: Literal["fixed", "fresh"] = Field("fixed", description='"fixed" or "fresh"')
    lags: Annotated[tuple[Integer, ...], BeforeValidator(_sequence)] = Field(
        None, validate_default=True, description="one or more integers from 1 to the horizon"
    )
    dtype: Literal["float64", "float32"] = Field("float64", description='"float64" or "float32"')
    measure: Annotated[tuple[Measure, ...], BeforeValidator(_sequence)] = Field(
        (), description='any of "eigenvalues", "numerical_radius"'
    )
    cutoff: Real = Field(0.9, ge=0.9, le=0.999, description="a number from 0.9 to 0.999")

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise StudyError(_explain(error, fields)) from None

    @field_validator("gain", mode="before")
    @classmethod
    def _gain_as_interval(cls, gain: Any) -> Any:
        gain = _sequence(gain)
        return gain if isinstance(gain, tuple | list) else (gain, gain)

    @field_validator("gain")
    @classmethod
    def _gain_in_order(cls, gain: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= gain[0] <= gain[1]:
            raise ValueError("out of range")
        return gain[0] + 0.0, gain[1] + 0.0  # -0.0 becomes 0.0, so that equal studies have equal hashes

    @field_validator("lags", mode="before")
    @classmethod
    def _lags_by_default(cls, lags: Any, info: ValidationInfo) -> Any:
        if lags is None:
            return default_lags(info.data.get("horizon", 1))
        return lags

    @field_validator("lags")
    @classmethod
    def _lags_in_range(cls, lags: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if not lags or min(lags) < 1 or max(lags) > info.data.get("horizon", math.inf):
            raise ValueError("out of range")
        return tuple(sorted(set(lags)))

    @field_validator("measure")
    @classmethod
    def _measure_in_order(cls, measure: tuple[Measure, ...]) -> tuple[Measure, ...]:
        return tuple(sorted(set(measure)))

    @model_validator(mode="after")
    def _ensemble_agrees(self) -> Self:
        self.ensemble.validate_study(self.size, self.samples)
        if self.mode == "fresh":
            self._fresh_matrices_exist()
        if self.dtype == "float32":
            self._single_serves()
        return self

    def _single_serves(self) -> None:
        if self.mode == "fresh":
            raise ValueError(
                'dtype = "float32" beside mode = "fresh": fresh matrices are stepped through in float64; '
                'dtype = "float64", or mode = "fixed", would do'
            )
        if self.horizon > SINGLE_HORIZON:
            raise ValueError(
                f'dtype = "float32", horizon = {self.horizon}: float32 serves up to {SINGLE_HORIZON} steps; '
                'dtype = "float64", or a shorter horizon, would do'
            )

    def _fresh_matrices_exist(self) -> None:
        if isinstance(self.ensemble, Given):
            raise ValueError(
                'mode = "fresh": an ensemble Given has no law to draw fresh matrices from; mode = "fixed", or an '
                "ensemble that draws its matrices, would do"
            )
        if self.samples >= 1 << SAMPLE_BITS or self.horizon >= 1 << STEP_BITS:
            raise ValueError(
                f'mode = "fresh", samples = {self.samples}, horizon = {self.horizon}: there are numbers for fewer '
                f"than 2**{SAMPLE_BITS} samples of fewer than 2**{STEP_BITS} steps; fewer would do"
            )

    @cached_property
    def hash(self) -> str:
        """SHA-256 in hexadecimal of every field and the schema version, equal exactly for equal studies."""
        table = self.to_table()
        for field in dataclasses.fields(self.ensemble):
            if not field.compare:  # such as where given matrices are kept, beside the hash of what they are
                table["ensemble"].pop(field.name, None)
        text = json.dumps(table, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.hash == other.hash if isinstance(other, Study) else NotImplemented

    def __hash__(self) -> int:
        return int(self.hash[:15], 16)

    def to_table(self) -> dict[str, Any]:
        """Every field as plain values, the ensemble last as a table of its own."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "ensemble"}
        return {"schema": STUDY_SCHEMA, **fields, "ensemble": self.ensemble.to_table()}

    def replace(self, **changes: Any) -> "Study":
        """The same study with some fields changed; lags left to their default follow a new horizon."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        if self.lags == default_lags(self.horizon):
            del fields["lags"]
        return Study(**fields | changes)

    def to_toml(self) -> str:
        """The study as a TOML document that `Study.from_toml` turns into an equal study."""
        return study_toml.dumps(self.to_table())

    @classmethod
    def from_toml(cls, source: str | Path) -> "Study":
        """Read a study from a TOML document, or from the file at a path.

        Parameters
        ----------
        source
            A `Path`, a string that holds a path, or a string that holds the document itself. In a file, the
            path of given matrices is meant from the folder of that file.

        Raises
        ------
        StudyError
            If the document is not TOML, or has unknown keys or impossible values.
        StudyFileNotFoundError
            If there is no such file.

        Examples
        --------
        >>> import rhoscope as rs
        >>> rs.Study.from_toml('size = 4\\n[ensemble]\\nkind = "Symmetric"').size
        4
        """
        path = study_toml.as_path(source)
        table = study_toml.loads(str(source)) if path is None else study_toml.load(path)
        schema = table.pop("schema", STUDY_SCHEMA)
        if schema != STUDY_SCHEMA:
            raise StudyError(f"schema = {schema!r}: this version of rhoscope reads schema = {STUDY_SCHEMA}")
        if "ensemble" in table:
            ensemble = table["ensemble"]
            if not isinstance(ensemble, dict):
                raise StudyError(
                    f'ensemble = {ensemble!r}: write a table [ensemble] with kind = "RealGinibre"'
                )
            if path is not None and isinstance(ensemble.get("matrices"), str):
                ensemble["matrices"] = str(path.parent / ensemble["matrices"])
            try:
                table["ensemble"] = from_table(ensemble)
            except (ArgumentError, ArgumentTypeError) as error:
                raise StudyError(f"[ensemble] {error}") from None
        return cls(**table)


def _explain(error: ValidationError, fields: dict[str, Any]) -> str:
    """Each field that cannot be, its value, and what would do."""
    lines = {}
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        if problem["type"] == "extra_forbidden":
            lines[name] = study_toml.unknown(name, Study.model_fields)
        elif name:
            lines[name] = f"{name} = {fields[name]!r}: give {Study.model_fields[name].description}"
        else:  # the ensemble refused the study as a whole, in its own words
            lines[name] = str(problem.get("ctx", {}).get("error", problem["msg"]))
    return "; ".join(lines.values())
