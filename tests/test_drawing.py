"""A sample is the same matrix, bit for bit, from any start, in any lane, group and company."""

import naive
import numpy as np
import pytest
from ensemble_list import KNOWN

from rhoscope import drawing, ensembles
from rhoscope.kernels import streams
from rhoscope.kernels.layout import WIDTH, leading

SEED = 2**40 + 539


def same(a, b):
    """Equal bit patterns: -0.0 is not 0.0, and a NaN is itself."""
    return a.tobytes() == b.tobytes()


@pytest.mark.parametrize("known", KNOWN, ids=str)
@pytest.mark.parametrize("size", [3, 4, 6, 16])
def test_any_start_gives_the_same_bits(known, size):
    whole = known.ensemble.sample(size, 21, seed=SEED, gain=(0.6, 1.4))
    for start, count in ((0, 1), (1, 20), (7, 9), (8, 8), (20, 1)):
        part = known.ensemble.sample(size, count, seed=SEED, gain=(0.6, 1.4), start=start)
        assert same(part, whole[start : start + count])


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_any_lane_and_neighbours_give_the_same_bits(known):
    """A device may put any samples into any lanes of any group, beside any others."""
    size = 9
    rng = np.random.default_rng(4)
    n = known.ensemble.real_size(size)
    whole, gains = drawing.draw(known.ensemble, size, 0, 100, SEED, (0.6, 1.4))
    samples = rng.integers(0, 100, size=3 * WIDTH)
    a = np.full(3 * drawing.matrix_elements(n) * WIDTH, np.nan)
    found = np.empty(3 * WIDTH)
    scratch = np.full(drawing.scratch_elements(n) * WIDTH, np.nan)
    drawing.draw_groups(known.ensemble, size, SEED, (0.6, 1.4), samples, a, found, scratch)
    lanes = a.reshape(3, n, leading(n), WIDTH)[:, :, :n].transpose(0, 3, 1, 2).reshape(-1, n, n)
    assert same(lanes, whole[samples])
    assert same(found, gains[samples])


@pytest.mark.parametrize("size", [1, 3, 16])
def test_complex_matrices_are_drawn_in_real_form(size):
    real, _ = drawing.draw(ensembles.ComplexGinibre(), size, 0, 11, SEED, 1.0)
    matrices = ensembles.ComplexGinibre().sample(size, 11, seed=SEED)
    X, Y = matrices.real, matrices.imag
    assert (real == np.block([[X, -Y], [Y, X]])).all()


@pytest.mark.parametrize("size", [2, 5, 64])
@pytest.mark.parametrize("cores", [1, 3])
def test_chunks_of_several_threads_join(size, cores, monkeypatch):
    """Several groups at once in a chunk of several, each thread with space of its own, and a short last group."""
    monkeypatch.setattr(drawing, "available_cores", lambda: cores)
    monkeypatch.setattr(drawing, "_AT_ONCE", 2 * drawing.matrix_elements(size))
    monkeypatch.setattr(drawing, "_CHUNK", 48 * size * size)
    ensemble = ensembles.RealGinibre()
    whole = ensemble.sample(size, 203, seed=SEED, gain=(0.6, 1.4))
    for start in range(203):
        one = ensemble.sample(size, 1, seed=SEED, gain=(0.6, 1.4), start=start)[0]
        assert same(one, whole[start])


def test_entries_are_the_normals_of_the_matrix_stream_in_row_major_order():
    for sample, matrix in enumerate(ensembles.RealGinibre().sample(3, 2, seed=SEED, start=2**40)):
        expected = naive.normals(SEED, streams.MATRIX, 2**40 + sample, 9) / np.sqrt(3)
        np.testing.assert_allclose(matrix.reshape(-1), expected, rtol=1e-15)


def test_gain_is_uniform_between_its_ends_from_a_stream_of_its_own():
    _, gains = drawing.draw(ensembles.Symmetric(), 2, 5, 40, SEED, (0.6, 1.4))
    u = [float(naive.uniform_pair(SEED, streams.GAIN, 0, sample)[0]) for sample in range(5, 45)]
    np.testing.assert_allclose(gains, 0.6 + 0.8 * np.array(u), rtol=1e-15)


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_gain_multiplies_the_matrix(known):
    unit = known.ensemble.sample(5, 10, seed=SEED)
    assert same(known.ensemble.sample(5, 10, seed=SEED, gain=1.0), unit)
    assert same(known.ensemble.sample(5, 10, seed=SEED, gain=(0.5, 0.5)), unit * 0.5)
    assert not known.ensemble.sample(5, 10, seed=SEED, gain=0).any()


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_seeds_and_samples_differ(known):
    first = known.ensemble.sample(4, 16, seed=1)
    assert len({matrix.tobytes() for matrix in first}) == 16
    for seed in (2, 1 + 2**32):
        assert not (known.ensemble.sample(4, 16, seed=seed) == first).all(axis=(1, 2)).any()


def test_vectors_of_any_shape_and_start():
    """B, inputs, states and targets: element q of a stream, row-major, whatever else is drawn."""
    whole = drawing.draw_vectors(streams.INPUTS, (4, 3), 0.5, 0, 20, SEED)
    assert whole.shape == (20, 4, 3)
    assert same(drawing.draw_vectors(streams.INPUTS, (4, 3), 0.5, 9, 3, SEED), whole[9:12])
    assert same(drawing.draw_vectors(streams.INPUTS, (2, 3), 0.5, 0, 20, SEED), whole[:, :2].copy())
    expected = naive.normals(SEED, streams.INPUTS, 19, 12) * 0.5
    np.testing.assert_allclose(whole[19].reshape(-1), expected, rtol=1e-15)


def test_a_source_goes_on_where_it_stopped():
    for kind in ("normals", "uniforms"):
        whole = getattr(drawing.Source(SEED, 77), kind)(40)
        source = drawing.Source(SEED, 77)
        parts = [getattr(source, kind)(shape).reshape(-1) for shape in ((), 2, (3, 1), 16, (2, 9))]
        assert same(np.concatenate(parts), whole)


def test_a_source_gives_the_elements_of_its_streams():
    source = drawing.Source(SEED, 2**33)
    np.testing.assert_allclose(source.normals(21), naive.normals(SEED, streams.MATRIX, 2**33, 21), rtol=1e-15)
    pairs = [naive.uniform_pair(SEED, streams.MATRIX_EXTRA, block, 2**33) for block in range(10)]
    assert source.uniforms((10, 2)).tolist() == [[float(u) for u in pair] for pair in pairs]
