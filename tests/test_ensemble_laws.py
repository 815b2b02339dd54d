"""Ensembles against theory: moments of entries and traces, spectra known from the construction, exact laws.

Every test in law is on fixed draws. LEVEL is that of one of fewer than 300 comparisons: a right sampler with
another seed would fail somewhere in this file once in a hundred runs.
"""

import math
from itertools import pairwise

import naive
import numpy as np
import pytest
from ensemble_list import KNOWN
from scipy import stats

from rhoscope import ensembles, theory
from rhoscope.kernels import streams

SEED = 539
SAMPLES = 20_000
LEVEL = 1e-2 / 300
SCORE = stats.norm.isf(LEVEL / 2)
EPS = np.finfo(float).eps


def assert_mean(values, expected, comparisons=1):
    """Every mean over the first axis agrees with what is expected, by its own standard error."""
    values = np.asarray(values)
    error = values.std(axis=0) / math.sqrt(len(values))
    off = np.abs(values.mean(axis=0) - expected)
    # What is exact, such as the norm of an orthogonal matrix, has no spread but rounding.
    assert (off <= stats.norm.isf(LEVEL / 2 / comparisons) * error + 1e-13 * np.abs(expected)).all()


@pytest.mark.parametrize("known", KNOWN, ids=str)
@pytest.mark.parametrize("size", [4, 5])
def test_norm_and_traces(known, size):
    A = known.ensemble.sample(size, SAMPLES, seed=SEED)
    assert_mean((np.abs(A) ** 2).sum(axis=(1, 2)), known.square_norm(size))
    assert_mean(np.trace(A, axis1=1, axis2=2), known.trace(size))
    assert_mean((A * A.transpose(0, 2, 1)).sum(axis=(1, 2)), known.trace_of_square(size))


@pytest.mark.parametrize("known", [known for known in KNOWN if known.covariance], ids=str)
@pytest.mark.parametrize("size", [3, 4])
def test_mean_and_covariance_of_every_entry(known, size):
    entries = known.ensemble.sample(size, SAMPLES, seed=SEED).reshape(SAMPLES, -1)
    count = size**2
    assert_mean(entries, 0.0, comparisons=count)
    products = entries[:, :, np.newaxis] * entries[:, np.newaxis, :]
    assert_mean(products, known.covariance(size), comparisons=count * (count + 1) // 2)


@pytest.mark.parametrize("known", [known for known in KNOWN if known.normal], ids=str)
@pytest.mark.parametrize("size", [1, 2, 7, 16, 33])
def test_normal_ensembles_commute_with_their_transpose(known, size):
    A = known.ensemble.sample(size, 20, seed=SEED)
    T = A.transpose(0, 2, 1)
    norms = (A**2).sum(axis=(1, 2))
    assert (np.abs(A @ T - T @ A).max(axis=(1, 2)) <= 10 * size * EPS * norms).all()


@pytest.mark.parametrize("known", [known for known in KNOWN if known.moduli], ids=str)
@pytest.mark.parametrize("size", [1, 2, 9])
def test_moduli_keep_to_their_ring(known, size):
    A = known.ensemble.sample(size, 200, seed=SEED)
    moduli = np.abs(np.linalg.eigvals(A))
    slack = 1e-12 if known.normal else 1e-9
    assert (moduli >= known.moduli[0] - slack).all()
    assert (moduli <= known.moduli[1] + slack).all()


@pytest.mark.parametrize("size", [1, 2, 3, 8, 17, 64])
def test_haar_is_orthogonal(size):
    Q = ensembles.HaarOrthogonal().sample(size, 16, seed=SEED)
    # Errors of reflections hardly add up: of a million matrices of these sizes none had more than 16.
    assert np.abs(Q @ Q.transpose(0, 2, 1) - np.eye(size)).max() < 20 * EPS


def test_haar_traces_have_the_moments_of_normal_numbers():
    """tr Q ~ N(0, 1) and tr Q² ~ 1 + sqrt(2) N(0, 1) in their first moments (Diaconis, Evans 2001)."""
    Q = ensembles.HaarOrthogonal().sample(8, SAMPLES, seed=SEED)
    trace = np.trace(Q, axis1=1, axis2=2)
    trace_of_square = (Q * Q.transpose(0, 2, 1)).sum(axis=(1, 2))
    for values, expected in (
        (trace**2, 1),
        (trace**3, 0),
        (trace**4, 3),
        (trace_of_square**2, 3),
        (trace**2 * trace_of_square, 1),
    ):
        assert_mean(values, expected)


def test_haar_columns_are_uniform_on_the_sphere_and_signs_fair():
    Q = ensembles.HaarOrthogonal().sample(5, SAMPLES, seed=SEED)
    for i, j in ((0, 0), (4, 0), (0, 4), (4, 4), (2, 3)):
        assert stats.kstest(Q[:, i, j] ** 2, stats.beta(0.5, 2).cdf).pvalue > LEVEL
        assert_mean(Q[:, i, j], 0.0)
    assert_mean(np.linalg.det(Q), 0.0)


@pytest.mark.parametrize("size", [1, 6, 7])
def test_diagonal_blocks_are_the_eigenvalues_drawn(size):
    inner, outer = 0.5, 1.25
    for sample, A in enumerate(ensembles.Diagonal(inner, outer).sample(size, 20, seed=SEED)):
        expected = np.zeros((size, size))
        for i, (r, turn) in enumerate(ring_uniforms(size, sample)):
            r = math.sqrt(inner**2 + r * (outer**2 - inner**2))
            if 2 * i + 1 == size:
                expected[-1, -1] = r if turn > 0.5 else -r
            else:
                c, s = r * math.cos(2 * math.pi * turn), r * math.sin(2 * math.pi * turn)
                expected[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
        np.testing.assert_allclose(A, expected, atol=4 * EPS)


def ring_uniforms(size, sample):
    """The uniform numbers of each block."""
    blocks = range((size + 1) // 2)
    return [[float(u) for u in naive.uniform_pair(SEED, streams.MATRIX_EXTRA, b, sample)] for b in blocks]


def eigenvalues_drawn(size, sample):
    """The eigenvalues in the unit disc that a triangular sample is built around."""
    values = []
    for i, (r, turn) in enumerate(ring_uniforms(size, sample)):
        if 2 * i + 1 == size:
            values.append(math.sqrt(r) * (1 if turn > 0.5 else -1))
        else:
            value = math.sqrt(r) * np.exp(2j * math.pi * turn)
            values += [value, value.conjugate()]
    return np.array(values)


def normals_above_blocks(size, sample):
    """The normal numbers of a triangular sample, each row starting a new block of the stream."""
    counts = [size - 2 * (row // 2) - 2 for row in range(size)]
    drawn, block = [], 0
    for count in counts:
        pairs = [naive.normal_pair(SEED, streams.MATRIX, block + b, sample) for b in range((count + 1) // 2)]
        drawn += [value for pair in pairs for value in pair][: max(count, 0)]
        block += len(pairs)
    return np.array(drawn)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 19])
@pytest.mark.parametrize("strength", [0.0, 1.0, 10.0])
def test_triangular_has_the_spectrum_drawn_for_it(size, strength):
    """tr A^k = sum of lambda^k, which unlike the eigenvalues is well-conditioned; and Henrici's departure."""
    for sample, A in enumerate(ensembles.Triangular(strength).sample(size, 8, seed=SEED)):
        values = eigenvalues_drawn(size, sample)
        norm = np.linalg.norm(A)
        power = np.eye(size)
        for k in range(1, size + 1):
            power = power @ A
            assert abs(np.trace(power) - (values**k).sum()) <= 10 * size * k * EPS * max(1, norm**k)
        square = strength**2 / size * (normals_above_blocks(size, sample) ** 2).sum()
        departure = norm**2 - (np.abs(values) ** 2).sum()
        assert abs(departure - square) <= 100 * size * EPS * norm**2


def test_triangular_rotation_leaves_no_direction_out():
    """Rotated by a Haar matrix, every diagonal entry has the same law; unrotated, the last row is special."""
    A = ensembles.Triangular(strength=3).sample(6, SAMPLES, seed=SEED)
    rows = (A**2).sum(axis=2)
    columns = (A**2).sum(axis=1)
    for first, second in pairwise(range(6)):
        assert_mean(rows[:, first] - rows[:, second], 0.0)
        assert_mean(columns[:, first] - rows[:, second], 0.0)


def test_sparse_keeps_entries_independently():
    density = 0.2
    A = ensembles.Sparse(density).sample(5, SAMPLES, seed=SEED)
    kept = (A != 0).reshape(SAMPLES, -1)
    products = kept[:, :, np.newaxis] & kept[:, np.newaxis, :]
    expected = density**2 + (density - density**2) * np.eye(25)
    assert_mean(products.astype(float), expected, comparisons=25 * 13)
    assert stats.kstest(A[A != 0] * math.sqrt(5 * density), "norm").pvalue > LEVEL


def test_full_density_is_ginibre():
    expected = ensembles.RealGinibre().sample(7, 20, seed=SEED)
    assert (ensembles.Sparse(1.0).sample(7, 20, seed=SEED) == expected).all()


def test_full_correlation_is_symmetric_to_the_bit():
    A = ensembles.Elliptic(tau=1).sample(7, 20, seed=SEED)
    np.testing.assert_array_equal(A, A.transpose(0, 2, 1))
    assert (ensembles.Symmetric().sample(7, 20, seed=SEED) == A).all()
    S = ensembles.Elliptic(tau=-1).sample(7, 20, seed=SEED)
    np.testing.assert_array_equal(S, -S.transpose(0, 2, 1))


@pytest.mark.parametrize(("rank", "size"), [(1, 1), (1, 8), (3, 8), (8, 8), (2, 21)])
def test_low_rank_part_is_a_multiple_of_a_projection(rank, size):
    noise = ensembles.RealGinibre().sample(size, 12, seed=SEED)
    P = ensembles.LowRankPlusNoise(rank, 4.0).sample(size, 12, seed=SEED) - noise
    assert np.abs(P - P.transpose(0, 2, 1)).max() < 20 * EPS
    assert np.abs(P @ P - 4 * P).max() < 16 * 20 * EPS + 80 * EPS  # Q as above, and what the noise rounds off
    np.testing.assert_allclose(np.trace(P, axis1=1, axis2=2), 4.0 * rank, rtol=100 * EPS)


def test_low_rank_directions_are_uniform():
    A = ensembles.LowRankPlusNoise(1, 1e6).sample(5, SAMPLES, seed=SEED)
    for i in (0, 4):
        assert stats.kstest(A[:, i, i] / 1e6, stats.beta(0.5, 2).cdf).pvalue > LEVEL


def test_low_rank_outliers_stand_at_strength():
    """Tao's theorem at n = 200: fluctuations are O(1/sqrt(n)), far below the distance to the disc."""
    values = np.linalg.eigvals(ensembles.LowRankPlusNoise(2, -2.5).sample(200, 5, seed=SEED))
    outside = np.abs(values) > 1.5
    assert (outside.sum(axis=1) == 2).all()
    assert np.abs(values[outside] + 2.5).max() < 0.5


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_real_eigenvalues_of_real_ginibre(size):
    """Their expected number is exact at every n (Edelman, Kostlan, Shub 1994)."""
    values = np.linalg.eigvals(ensembles.RealGinibre().sample(size, SAMPLES, seed=SEED))
    assert_mean((values.imag == 0).sum(axis=1), theory.expected_real_eigenvalues(size))


@pytest.mark.parametrize("size", [1, 4, 8])
def test_radius_of_complex_ginibre(size):
    """Kostlan's law is exact at every n."""
    values = np.linalg.eigvals(ensembles.ComplexGinibre().sample(size, SAMPLES, seed=SEED, gain=0.9))
    radius = np.abs(values).max(axis=1)
    assert stats.kstest(radius, lambda r: theory.kostlan_cdf(r, size, 0.9)).pvalue > LEVEL


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_predicted_radius_and_support_hold_a_large_matrix(known):
    """At n = 300 the edge stands within n^-1/2 of its limit, times a factor that grows like sqrt(log n)."""
    size, gain = 300, 0.8
    A = known.ensemble.sample(size, 4, seed=SEED, gain=gain)
    values = np.linalg.eigvals(A)
    radius = np.abs(values).max(axis=1)
    slack = 3 / math.sqrt(size)
    assert np.abs(radius - known.ensemble.predicted_radius(size, gain)).max() < slack
    support = known.ensemble.predicted_support(gain)
    outside = np.maximum(np.abs(values.real) - support.real, np.abs(values.imag) - support.imaginary)
    outside = np.maximum(outside, support.hole - np.abs(values))
    assert (np.sort(outside, axis=1)[:, -len(support.outliers) - 1] < slack).all()
    assert np.abs(values.real).max() > support.real - slack
    assert np.abs(values.imag).max() > support.imaginary - slack
    for outlier in support.outliers:
        assert (np.abs(values - outlier).min(axis=1) < 10 * slack).all()
