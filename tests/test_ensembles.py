"""Ensembles as values: parameters, tables, predictions, and every way to ask for what cannot be."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from ensemble_list import KNOWN

from rhoscope import ensembles
from rhoscope.ensembles import Support
from rhoscope.errors import ArgumentError, ArgumentTypeError, StudyFileNotFoundError

RNG = np.random.default_rng(5)
MATRICES = RNG.normal(size=(5, 3, 3))
COMPLEX = MATRICES + 1j * RNG.normal(size=(5, 3, 3))


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_a_table_makes_an_equal_ensemble(known):
    again = ensembles.from_table(known.ensemble.to_table())
    assert again == known.ensemble
    assert hash(again) == hash(known.ensemble)
    assert pickle.loads(pickle.dumps(again)) == known.ensemble


def test_ensembles_differ_by_kind_and_by_parameter():
    assert len({known.ensemble for known in KNOWN}) == len(KNOWN)
    assert ensembles.Elliptic(tau=0) != ensembles.RealGinibre()
    assert ensembles.Elliptic(1) == ensembles.Elliptic(np.float64(1.0))


def test_ensembles_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ensembles.Elliptic(tau=0.5).tau = 0.6  # pyright: ignore[reportAttributeAccessIssue]


def test_every_public_ensemble_is_known_by_its_name():
    for known in KNOWN:
        assert ensembles.by_kind(known.ensemble.kind) is type(known.ensemble)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"kind": "RealGinbre"}, "kind = 'RealGinbre' is no ensemble; 'RealGinibre' would do"),
        ({"kind": 3}, "kind = 3"),
        ({"tau": 0.5}, "no kind"),
        ({"kind": "Elliptic", "tua": 0.5}, "Elliptic has no parameter 'tua'; 'tau' would do"),
        ({"kind": "RealGinibre", "tau": 0.5}, "RealGinibre has no parameter 'tau'; none would do"),
        ({"kind": "LowRankPlusNoise", "rank": 1}, r"LowRankPlusNoise needs strength; got \['rank'\]"),
        ({"kind": "Elliptic"}, "Elliptic needs tau; got nothing"),
        ({"kind": "Given", "sha256": "00"}, r"Given needs matrices; got \['sha256'\]"),
        ({"kind": "Elliptic", "law": "haar", "tau": 0.5}, "no parameter 'law'"),
    ],
)
def test_tables_that_describe_nothing(table, says):
    with pytest.raises(ArgumentError, match=says):
        ensembles.from_table(table)


@pytest.mark.parametrize("table", [None, "Symmetric", ensembles.Symmetric()])
def test_what_is_no_table(table):
    with pytest.raises(ArgumentTypeError, match=r"table = .*: a mapping such as"):
        ensembles.from_table(table)


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("Elliptic", {"tau": 1.01}, "tau = 1.01 is out of range; a correlation from -1 to 1"),
        ("Elliptic", {"tau": -2}, "tau = -2"),
        ("Elliptic", {"tau": math.nan}, "tau = nan"),
        ("Sparse", {"density": 0}, "density = 0 .* above 0 and up to 1"),
        ("Sparse", {"density": 1.5}, "density = 1.5"),
        ("Sparse", {"density": -0.1}, "density = -0.1"),
        ("Triangular", {"strength": -1}, "strength = -1 .* at least 0"),
        ("Triangular", {"strength": math.inf}, "strength = inf"),
        ("LowRankPlusNoise", {"rank": 0, "strength": 1}, "rank = 0 .* at least 1"),
        ("LowRankPlusNoise", {"rank": 1, "strength": math.inf}, "strength = inf"),
        ("Diagonal", {"inner": -0.1}, "inner = -0.1"),
        ("Diagonal", {"outer": math.inf}, "outer = inf"),
        ("Diagonal", {"inner": 2}, "inner = 2.0 is above outer = 1.0"),
    ],
)
def test_parameters_out_of_range(kind, parameters, says):
    with pytest.raises(ArgumentError, match=says):
        ensembles.by_kind(kind)(**parameters)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("Elliptic", {"tau": "0.5"}),
        ("Elliptic", {"tau": True}),
        ("Sparse", {"density": None}),
        ("LowRankPlusNoise", {"rank": 1.0, "strength": 1}),
        ("Diagonal", {"outer": 1j}),
    ],
)
def test_parameters_of_the_wrong_type(kind, parameters):
    with pytest.raises(ArgumentTypeError, match=f"{next(iter(parameters))} = .* would do"):
        ensembles.by_kind(kind)(**parameters)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"size": 0}, "size = 0"),
        ({"samples": 0}, "samples = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**64}, f"seed = {2**64} .* 0 to 2\\^64 - 1"),
        ({"start": -1}, "start = -1"),
        ({"start": 2**63 - 1}, f"start = {2**63 - 1}"),
        ({"gain": -0.1}, "gain = -0.1"),
        ({"gain": math.nan}, "gain = nan"),
        ({"gain": (0.6, math.inf)}, "gain = inf"),
        ({"gain": (1.4, 0.6)}, r"gain = \(1.4, 0.6\) .* \(0.6, 1.4\) would do"),
        ({"gain": (1, 2, 3)}, r"gain = \(1, 2, 3\) has 3 numbers"),
    ],
)
def test_samples_that_cannot_be(arguments, says):
    with pytest.raises(ArgumentError, match=says):
        ensembles.RealGinibre().sample(**{"size": 4, "samples": 2, "seed": 1} | arguments)


@pytest.mark.parametrize("name", ["size", "samples", "seed", "start", "gain"])
@pytest.mark.parametrize("value", ["4", None, True, 1j])
def test_sample_arguments_of_the_wrong_type(name, value):
    with pytest.raises(ArgumentTypeError, match=f"{name} = "):
        ensembles.RealGinibre().sample(**{"size": 4, "samples": 2, "seed": 1} | {name: value})


def test_the_ends_of_the_ranges_are_in():
    A = ensembles.RealGinibre().sample(1, 1, seed=2**64 - 1, start=2**63 - 2, gain=[0, 0])
    assert A.tolist() == [[[0.0]]]
    assert np.isfinite(ensembles.LowRankPlusNoise(rank=4, strength=0).sample(4, 1, seed=0)).all()


def test_rank_above_the_size():
    with pytest.raises(ArgumentError, match="rank = 5 is above size = 4; a rank from 1 to 4 would do"):
        ensembles.LowRankPlusNoise(rank=5, strength=1).sample(4, 1, seed=1)


@pytest.mark.parametrize(
    ("ensemble", "radius", "support"),
    [
        (ensembles.RealGinibre(), 0.5, Support(0.5, 0.5)),
        (ensembles.ComplexGinibre(), 0.5, Support(0.5, 0.5)),
        (ensembles.Symmetric(), 0.5, Support(0.5, 0.0)),
        (ensembles.Elliptic(tau=-0.5), 0.5, Support(0.5 / 3, 0.5)),
        (ensembles.HaarOrthogonal(), 0.5, Support(0.5, 0.5, hole=0.5)),
        (ensembles.Triangular(strength=9), 0.5, Support(0.5, 0.5)),
        (ensembles.Sparse(density=0.5), 0.5, Support(0.5, 0.5)),
        (ensembles.Sparse(density=0.02), None, Support(0.5, 0.5)),
        (ensembles.LowRankPlusNoise(1, 0.9), 0.5, Support(0.5, 0.5)),
        (ensembles.LowRankPlusNoise(2, -3), 1.5, Support(0.5, 0.5, outliers=(-1.5, -1.5))),
        (ensembles.Diagonal(0.2, 0.8), 0.4, Support(0.4, 0.4, hole=0.1)),
        (ensembles.Given(MATRICES), None, None),
    ],
    ids=str,
)
def test_predictions(ensemble, radius, support):
    assert ensemble.predicted_radius(32, 0.5) == radius
    assert ensemble.predicted_support(0.5) == support


def test_complex_size():
    assert ensembles.ComplexGinibre().real_size(5) == 10
    assert ensembles.RealGinibre().real_size(5) == 5


# --- Given --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("matrices", [MATRICES, COMPLEX], ids=["real", "complex"])
def test_given_matrices_come_back(matrices, tmp_path):
    np.save(tmp_path / "a.npy", matrices)
    for given in (ensembles.Given(matrices), ensembles.Given(tmp_path / "a.npy")):
        assert (given.sample(3, 5, seed=1) == matrices).all()
        assert (given.sample(3, 2, seed=9, start=3, gain=0.5) == 0.5 * matrices[3:]).all()
        assert given.real_size(3) == (6 if np.iscomplexobj(matrices) else 3)


def test_given_is_known_by_its_numbers(tmp_path):
    np.save(tmp_path / "a.npy", MATRICES)
    from_path = ensembles.Given(str(tmp_path / "a.npy"))
    assert from_path == ensembles.Given(MATRICES)
    assert hash(from_path) == hash(ensembles.Given(MATRICES))
    assert from_path != ensembles.Given(MATRICES.reshape(5, 3, 3)[::-1])
    assert ensembles.Given(np.zeros((4, 1, 1))) != ensembles.Given(np.zeros((1, 2, 2)))
    assert ensembles.Given(np.eye(2, dtype=np.float32)) == ensembles.Given(np.eye(2).tolist())
    assert from_path.sha256 not in (None, ensembles.Given(COMPLEX).sha256)


def test_given_survives_tables_and_pickles(tmp_path):
    path = str(tmp_path / "a.npy")
    np.save(path, MATRICES)
    given = ensembles.Given(path)
    assert given.to_table() == {"kind": "Given", "matrices": path, "sha256": given.sha256}
    assert ensembles.from_table(given.to_table()) == given
    assert len(pickle.dumps(given)) < 500
    for one in (given, ensembles.Given(MATRICES)):
        assert (pickle.loads(pickle.dumps(one)).sample(3, 5, seed=1) == MATRICES).all()


def test_given_does_not_follow_later_changes_of_the_array():
    matrices = MATRICES.copy()
    given = ensembles.Given(matrices)
    matrices[:] = 0
    assert (given.sample(3, 5, seed=1) == MATRICES).all()


def test_given_keeps_what_is_not_finite():
    matrices = MATRICES.copy()
    matrices[1, 0, 2], matrices[2, 1, 1] = np.nan, -np.inf
    np.testing.assert_array_equal(ensembles.Given(matrices).sample(3, 5, seed=1, gain=1.0), matrices)


@pytest.mark.parametrize(
    ("matrices", "error", "says"),
    [
        (np.zeros((2, 3)), ArgumentError, r"shape \(1, 2, 3\)"),
        (np.zeros((0, 3, 3)), ArgumentError, r"shape \(0, 3, 3\)"),
        (np.zeros((2, 0, 0)), ArgumentError, "would do"),
        (np.zeros(3), ArgumentError, r"shape \(3,\)"),
        (np.array([["a"]]), ArgumentTypeError, "dtype <U1 does not fit; float64 or complex128"),
        (None, ArgumentTypeError, "dtype object"),
        (np.zeros((1, 1), dtype=np.longdouble), ArgumentTypeError, "float64"),
    ],
)
def test_given_what_is_not_matrices(matrices, error, says):
    with pytest.raises(error, match=says):
        ensembles.Given(matrices)


def test_given_files_that_are_not(tmp_path):
    with pytest.raises(StudyFileNotFoundError, match=r"no file .*none\.npy"):
        ensembles.Given(tmp_path / "none.npy")
    (tmp_path / "text.npy").write_text("not an array")
    with pytest.raises(ArgumentError, match=r"cannot read .*text.npy"):
        ensembles.Given(tmp_path / "text.npy")
    np.save(tmp_path / "torn.npy", MATRICES)
    (tmp_path / "torn.npy").write_bytes((tmp_path / "torn.npy").read_bytes()[:-8])
    with pytest.raises(ArgumentError, match=r"cannot read .*torn.npy"):
        ensembles.Given(tmp_path / "torn.npy")
    np.savez(tmp_path / "many.npz", MATRICES)
    with pytest.raises(ArgumentError, match=r"many.npz' is an archive of arrays; numpy.save of one"):
        ensembles.Given(tmp_path / "many.npz")


def test_given_files_that_have_changed(tmp_path):
    np.save(tmp_path / "a.npy", MATRICES)
    table = ensembles.Given(tmp_path / "a.npy").to_table()
    np.save(tmp_path / "a.npy", MATRICES + 1)
    with pytest.raises(ArgumentError, match="they have changed"):
        ensembles.from_table(table)


def test_given_more_than_there_is():
    given = ensembles.Given(MATRICES)
    with pytest.raises(ArgumentError, match="size = 4, but the matrices given are 3 x 3; size = 3 would do"):
        given.sample(4, 1, seed=1)
    with pytest.raises(ArgumentError, match="samples up to number 6 asked, but 5 matrices are given"):
        given.sample(3, 2, seed=1, start=4)
