"""Ensembles of one's own: drawn in NumPy from the streams of each sample."""

import doctest
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rhoscope import ensembles
from rhoscope.errors import ArgumentError

SEED = 539


@dataclass(frozen=True)
class GinibreInNumPy(ensembles.Ensemble):
    """What RealGinibre draws, by other means."""

    def draw(self, size, source):
        return source.normals((size, size)) * size**-0.5


@dataclass(frozen=True)
class Circulant(ensembles.Ensemble):
    """A random row, shifted; uses both kinds of numbers."""

    spread: float = 1.0

    def draw(self, size, source):
        row = source.normals(size) * (source.uniforms(size) <= 0.5) * self.spread
        return np.array([np.roll(row, i) for i in range(size)])


@dataclass(frozen=True)
class RandomPhase(ensembles.Ensemble):
    """A complex diagonal."""

    complex_valued = True

    def draw(self, size, source):
        return np.diag(np.exp(2j * np.pi * source.uniforms(size)))


def test_the_normals_are_those_of_the_built_in_ensemble():
    own = GinibreInNumPy().sample(7, 20, seed=SEED, gain=(0.6, 1.4), start=3)
    assert (own == ensembles.RealGinibre().sample(7, 20, seed=SEED, gain=(0.6, 1.4), start=3)).all()


@pytest.mark.parametrize("ensemble", [Circulant(2.0), RandomPhase()], ids=str)
def test_any_start_gives_the_same_bits(ensemble):
    whole = ensemble.sample(6, 21, seed=SEED, gain=(0.6, 1.4))
    assert len({matrix.tobytes() for matrix in whole}) == 21
    for start, count in ((0, 1), (7, 9), (8, 8), (20, 1)):
        part = ensemble.sample(6, count, seed=SEED, gain=(0.6, 1.4), start=start)
        assert part.tobytes() == whole[start : start + count].tobytes()


def test_complex_matrices_run_in_real_form():
    ensemble = RandomPhase()
    A = ensemble.sample(3, 4, seed=SEED)
    assert ensemble.real_size(3) == 6
    assert A.dtype == np.complex128
    np.testing.assert_allclose(np.abs(A).sum(axis=2), 1.0, rtol=1e-15)


def test_known_by_name_with_its_parameters():
    assert ensembles.from_table({"kind": "Circulant", "spread": 0.5}) == Circulant(0.5)
    assert Circulant(0.5).to_table() == {"kind": "Circulant", "spread": 0.5}
    with pytest.raises(
        ArgumentError, match=r"'Circulan' is no ensemble; 'Circulant' would do .*has been defined"
    ):
        ensembles.by_kind("Circulan")


def test_a_class_defined_again_replaces_the_first():
    def define():
        @dataclass(frozen=True)
        class Again(ensembles.Ensemble):
            pass

        return Again

    first, second = define(), define()
    assert ensembles.by_kind("Again") is second
    assert first is not second


def test_names_of_built_in_ensembles_are_taken():
    with pytest.raises(ArgumentError, match=r"class RealGinibre: .*another name would do") as raised:
        type("RealGinibre", (ensembles.Ensemble,), {})
    # The traceback keeps the refused class alive, and it is still not taken for the other.
    assert ensembles.by_kind("RealGinibre") is ensembles.RealGinibre
    del raised


@pytest.mark.parametrize(
    ("drawn", "says"),
    [
        (np.zeros((3, 4)), r"returned an array of shape \(3, 4\) .* numbers of shape \(3, 3\) would do"),
        (None, "dtype object"),
        (np.full((3, 3), "x"), "dtype <U1"),
        (np.zeros((3, 3), dtype=complex), "returned complex numbers .*complex_valued = True"),
    ],
)
def test_draws_that_are_no_matrix(drawn, says):
    class Wrong(ensembles.Ensemble):
        def draw(self, size, source):
            return drawn

    with pytest.raises(ArgumentError, match=says):
        Wrong().sample(3, 1, seed=SEED)


def test_a_class_without_draw():
    class Nothing(ensembles.Ensemble):
        pass

    with pytest.raises(NotImplementedError, match=r"class Nothing needs a method draw\(size, source\)"):
        Nothing().sample(3, 1, seed=SEED)
    assert Nothing().predicted_radius(3, 1.0) is None
    assert Nothing().predicted_support(1.0) is None


def test_the_page_of_the_documentation_runs():
    page = Path(__file__).parents[1] / "docs" / "own_ensemble.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
