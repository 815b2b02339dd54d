"""A study is validated, frozen, and the same object in Python and in TOML."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rhoscope as rs
from rhoscope.errors import ArgumentTypeError, StudyError, StudyFileNotFoundError
from rhoscope.study import default_lags

CHANGES: dict[str, Any] = {
    "ensemble": rs.ensembles.Elliptic(tau=0.25),
    "size": 33,
    "gain": (0.6, 1.5),
    "horizon": 1001,
    "samples": 49_999,
    "seed": 540,
    "inputs": 0,
    "delta": "independent",
    "mode": "fresh",
    "lags": (1, 1000),
    "measure": ("eigenvalues",),
    "cutoff": 0.95,
}


def test_the_default_study_is_the_documented_one() -> None:
    study = rs.Study()
    assert (study.ensemble, study.size, study.gain) == (rs.ensembles.RealGinibre(), 32, (0.6, 1.4))
    assert (study.horizon, study.samples, study.seed, study.inputs) == (1000, 50_000, 539, 1)
    assert (study.delta, study.mode, study.dtype, study.measure) == ("error", "fixed", "float64", ())
    assert study.cutoff == 0.9


@pytest.mark.parametrize(
    ("horizon", "lags"),
    [(1, (1,)), (2, (1, 2)), (10, (1, 2, 3, 4, 6, 8, 10)), (12, (1, 2, 3, 4, 6, 8, 12))],
)
def test_default_lags(horizon: int, lags: tuple[int, ...]) -> None:
    assert default_lags(horizon) == lags


@given(st.integers(1, 10**9))
def test_default_lags_come_in_doubled_pairs(horizon: int) -> None:
    lags = default_lags(horizon)
    assert lags[-1] == horizon
    assert list(lags) == sorted(set(lags))
    assert all(2 * lag in lags for lag in lags if 2 * lag <= horizon)


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_enters_hash_and_equality(field: str) -> None:
    study = rs.Study()
    changed = study.replace(**{field: CHANGES[field]})
    assert changed.hash != study.hash
    assert changed != study
    assert {study, changed, study.replace()} == {study, changed}


@pytest.mark.parametrize("field", CHANGES)
def test_toml_gives_the_same_study_back(field: str) -> None:
    study = rs.Study(**{field: CHANGES[field]})
    again = rs.Study.from_toml(study.to_toml())
    assert again == study
    assert again.hash == study.hash
    assert again.to_toml() == study.to_toml()


def test_the_hash_does_not_depend_on_how_a_value_was_written() -> None:
    plain = rs.Study(size=8, gain=1.0, samples=1000, lags=(1, 2, 4), horizon=4)
    other = rs.Study(
        size=np.int64(8),
        gain=(1, 1),
        samples=1e3,
        lags=np.array([4, 2, 1, 2]),
        horizon=4,
        seed=np.uint64(539),
    )
    assert other.hash == plain.hash
    assert rs.Study(gain=(-0.0, 1)).hash == rs.Study(gain=(0.0, 1)).hash
    assert rs.Study(measure="eigenvalues") == rs.Study(measure=["eigenvalues", "eigenvalues"])


def test_the_hash_is_pinned() -> None:
    # A change here orphans every run folder: raise STUDY_SCHEMA with it.
    assert rs.Study().hash == "053bad620cb0fee5928dd7e67c816f1433a1545f5ed67291fa7294ab85ff41d5"


def test_seeds_of_64_bits_survive_toml() -> None:
    study = rs.Study(seed=2**64 - 1)
    assert rs.Study.from_toml(study.to_toml()).seed == 2**64 - 1


def test_toml_may_leave_out_everything() -> None:
    assert rs.Study.from_toml("") == rs.Study()


def test_a_study_survives_pickling() -> None:
    study = rs.Study(size=8)
    assert pickle.loads(pickle.dumps(study)) == study


def test_a_study_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        rs.Study().size = 8


def test_default_lags_follow_a_new_horizon_and_chosen_ones_stay() -> None:
    assert rs.Study(horizon=100).replace(horizon=10).lags == default_lags(10)
    assert rs.Study(horizon=100, lags=(5, 50)).replace(horizon=60).lags == (5, 50)


WRONG = [
    ("size", 0),
    ("size", 2.5),
    ("size", "32"),
    ("size", True),
    ("size", 2**20 + 1),
    ("horizon", 0),
    ("horizon", 2**63),
    ("samples", 0),
    ("samples", -5),
    ("samples", 2**63),
    ("gain", -0.1),
    ("gain", float("nan")),
    ("gain", (0.5, float("inf"))),
    ("gain", (1.4, 0.6)),
    ("gain", (1, 2, 3)),
    ("gain", "1"),
    ("seed", -1),
    ("seed", 2**64),
    ("inputs", -1),
    ("inputs", 2**31 + 1),
    ("delta", "err"),
    ("mode", "annealed"),
    ("lags", ()),
    ("lags", (0, 1)),
    ("lags", (1001,)),
    ("lags", (1.5,)),
    ("lags", 7),
    ("dtype", "float16"),
    ("measure", "radius"),
    ("cutoff", 0.89),
    ("cutoff", 0.9995),
    ("ensemble", "RealGinibre"),
    ("ensemble", rs.Study),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_an_impossible_value_is_named_with_what_would_do(field: str, value: Any) -> None:
    with pytest.raises(StudyError) as caught:
        rs.Study(**{field: value})
    assert str(caught.value) == f"{field} = {value!r}: give {rs.Study.model_fields[field].description}"


def test_every_wrong_field_is_told_at_once() -> None:
    with pytest.raises(StudyError, match=r"(?s)size = 0.*horizon = -1"):
        rs.Study(size=0, horizon=-1)


def test_an_unknown_field_is_told_with_the_nearest() -> None:
    with pytest.raises(StudyError, match="unknown field 'sampels'; did you mean 'samples'"):
        rs.Study(sampels=3)
    with pytest.raises(StudyError, match="unknown field 'qqq'; known: ensemble, size"):
        rs.Study.from_toml("qqq = 1\n")


def test_replace_validates() -> None:
    with pytest.raises(StudyError, match="size = -1"):
        rs.Study().replace(size=-1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size = ", "not TOML"),
        ("schema = 2\n", "schema = 2"),
        ('ensemble = "RealGinibre"\n', r"ensemble = 'RealGinibre': write a table"),
        ('[ensemble]\nkind = "RealGinibr"\n', "RealGinibre"),
        ("[ensemble]\ntau = 0.5\n", "kind"),
        ('[ensemble]\nkind = "Elliptic"\ntua = 0.5\n', "tau"),
        ('[ensemble]\nkind = "Elliptic"\ntau = 2.0\n', "tau"),
    ],
)
def test_wrong_toml(text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        rs.Study.from_toml(text)


@pytest.mark.parametrize("source", [None, 3, b"size = 4"])
def test_a_source_that_is_neither_path_nor_text_is_named(source: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"source = {source!r}: give the path of a TOML file"):
        rs.Study.from_toml(source)


def test_toml_from_a_file_given_as_path_or_string(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("size = 5\n")
    assert rs.Study.from_toml(path).size == rs.Study.from_toml(str(path)).size == 5


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyFileNotFoundError, match=r"nowhere\.toml"):
        rs.Study.from_toml(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match=r"study\.toml"):
        rs.Study.from_toml(tmp_path / "study.toml")
    with pytest.raises(StudyError, match="directory"):
        rs.Study.from_toml(tmp_path)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(allow_nan=False, allow_infinity=False))
def test_toml_writer_round_trips_any_string_and_number(text: str, number: float) -> None:
    import tomllib

    from rhoscope import study_toml

    table = {"text": text, "number": number, "list": [number, 1], "inner": {"text": text}}
    assert tomllib.loads(study_toml.dumps(table)) == table


def test_given_matrices_are_known_by_their_numbers_wherever_they_are(tmp_path: Path) -> None:
    matrices = np.arange(8.0).reshape(2, 2, 2)
    for name in ("one.npy", "two.npy"):
        np.save(tmp_path / name, matrices)
    sources = [matrices, tmp_path / "one.npy", tmp_path / "two.npy"]
    studies = {rs.Study(ensemble=rs.ensembles.Given(source), size=2, samples=2) for source in sources}
    assert len(studies) == 1
    other = rs.Study(ensemble=rs.ensembles.Given(matrices + 1), size=2, samples=2)
    assert other not in studies


def test_in_a_file_the_path_of_matrices_is_meant_from_that_file(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.ones((3, 2, 2)))
    text = 'size = 2\nsamples = 3\n[ensemble]\nkind = "Given"\nmatrices = "mine.npy"\n'
    (tmp_path / "study.toml").write_text(text)
    assert rs.Study.from_toml(tmp_path / "study.toml").ensemble == rs.ensembles.Given(np.ones((3, 2, 2)))
    with pytest.raises(StudyFileNotFoundError, match=r"mine\.npy"):
        rs.Study.from_toml(text)


def test_more_samples_than_given_matrices() -> None:
    with pytest.raises(StudyError, match="at most 2"):
        rs.Study(ensemble=rs.ensembles.Given(np.ones((2, 2, 2))), size=2, samples=3)
