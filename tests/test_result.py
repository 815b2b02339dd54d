"""A result is its columns: lazy, read-only, and exported with their names."""

import importlib
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from fake_device import FakeDevice

import rhoscope as rs

STUDY = rs.Study(size=2, horizon=6, samples=30, measure="eigenvalues")


class CountedColumns(Mapping[str, np.ndarray]):
    """Columns that remember which of them were read."""

    def __init__(self) -> None:
        self.columns = FakeDevice().columns(STUDY, 0, STUDY.samples)
        self.read: list[str] = []

    def __getitem__(self, name: str) -> np.ndarray:
        self.read.append(name)
        return self.columns[name].copy()

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


@pytest.fixture
def columns() -> CountedColumns:
    return CountedColumns()


@pytest.fixture
def result(columns: CountedColumns) -> rs.Result:
    return rs.Result(STUDY, columns, {"device": "fake", "shards": 1})


def test_columns_are_attributes(result: rs.Result, columns: CountedColumns) -> None:
    assert result.columns == tuple(columns.columns)
    for name, column in columns.columns.items():
        np.testing.assert_array_equal(getattr(result, name), column)
        assert name in dir(result)
    assert len(result) == 30
    assert result.lags.tolist() == [1, 2, 3, 4, 6]
    assert result.provenance == {"device": "fake", "shards": 1}


def test_growth_is_the_gradient_relative_to_the_error(result: rs.Result, columns: CountedColumns) -> None:
    for sample in range(30):
        for place in range(5):
            gradient = columns.columns["log_gradient"][sample, place]
            assert result.log_growth[sample, place] == gradient - columns.columns["log_error"][sample]


def test_nothing_is_read_before_it_is_asked_for(result: rs.Result, columns: CountedColumns) -> None:
    assert columns.read == []
    assert len(result) == 30
    assert columns.read == []
    assert result.gain is result.gain
    assert columns.read == ["gain"]


def test_of_wide_columns_only_the_last_stays_in_memory(result: rs.Result, columns: CountedColumns) -> None:
    for _ in range(2):
        assert result.log_gradient is result.log_gradient
        assert result.eigenvalues is result.eigenvalues
    assert columns.read == ["log_gradient", "eigenvalues"] * 2


def test_columns_are_read_only(result: rs.Result) -> None:
    with pytest.raises(ValueError, match="read-only"):
        result.gain[0] = 1.0
    given = {"gain": np.zeros(30)}
    assert not rs.Result(STUDY, given, {}).gain.flags.writeable
    assert given["gain"].flags.writeable


def test_absent_columns_say_why() -> None:
    result = rs.Result(rs.Study(samples=1, inputs=0), {}, {})
    with pytest.raises(AttributeError, match=r"'numerical_radius': the study has measure = \(\)"):
        _ = result.numerical_radius
    with pytest.raises(AttributeError, match="'log_gradient_B': the study has inputs = 0"):
        _ = result.log_gradient_B
    with pytest.raises(AttributeError, match="'Result' object has no attribute 'gian'"):
        _ = result.gian  # type: ignore[attr-defined]


def test_to_pandas(result: rs.Result, columns: CountedColumns) -> None:
    frame = result.to_pandas()
    assert frame.index.name == "sample"
    assert frame.index.tolist() == list(range(30))
    assert [name for name in frame if name.startswith("log_gradient")] == [
        f"log_gradient_{lag}" for lag in (1, 2, 3, 4, 6)
    ]
    assert frame["log_gradient_6"].tolist() == columns.columns["log_gradient"][:, 4].tolist()
    assert frame["eigenvalues_1"].tolist() == columns.columns["eigenvalues"][:, 1].tolist()


def test_to_xarray(result: rs.Result, columns: CountedColumns) -> None:
    data = result.to_xarray()
    assert data.log_gradient.dims == ("sample", "lag")
    assert data.eigenvalues.dims == ("sample", "eigenvalue")
    assert data.log_gradient.sel(lag=6, sample=3).item() == columns.columns["log_gradient"][3, 4]
    assert data.attrs["device"] == "fake"
    assert rs.Study.from_toml(data.attrs["study"]) == STUDY


@pytest.mark.parametrize("package", ["pandas", "xarray"])
def test_a_missing_extra_is_named(result: rs.Result, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    def refuse(name: str, *rest: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        getattr(result, f"to_{package}")()


def test_what_it_shows_of_itself(result: rs.Result) -> None:
    shown = repr(result)
    assert shown.startswith("<rhoscope.Result: 30 samples>")
    assert "RealGinibre()" in shown
    assert "6 OK, 6 LAPACK, 6 NOT_CONVERGED, 6 NON_FINITE, 6 ZERO_ERROR" in shown


def test_what_it_shows_in_a_notebook_is_escaped() -> None:
    study = rs.Study(samples=1, horizon=1)
    page = rs.Result(study, {"<b>": np.zeros(1)}, {})._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<tr>") == page.count("</tr>") == 5


def test_a_result_survives_pickling(result: rs.Result) -> None:
    again = pickle.loads(pickle.dumps(rs.Result(STUDY, dict(CountedColumns()), {})))
    assert again.study == STUDY
    np.testing.assert_array_equal(again.gain, result.gain)
