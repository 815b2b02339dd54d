"""The eigenvalue kernels, one by one: Hessenberg form, bits that do not depend on neighbours, bounds on the radius."""

import numpy as np
import pytest
import scipy.linalg
from eigenvalue_calls import interleaved

from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu as kit
from rhoscope.kernels import spectrum as layout_of_spectrum
from rhoscope.kernels.caching import jit
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.vector import WIDTH

EPS = np.finfo(float).eps


def deinterleaved(a: np.ndarray, n: int) -> np.ndarray:
    return np.moveaxis(a.reshape(-1, WIDTH)[: n * leading(n)].reshape(n, leading(n), WIDTH)[:, :n], -1, 0)


def build(lane, kit, jit):
    @jit
    def hessenberg_only(a, work, n, ld):
        vectors = (
            lane.part(work, 0),
            lane.part(work, n),
            lane.part(work, 2 * n),
            lane.part(work, 3 * n),
            lane.part(work, 4 * n),
            lane.part(work, 5 * n),
        )
        kit.reduce_hessenberg(a, vectors, n, ld)

    return hessenberg_only


hessenberg_only = build(kit.lane, kit, jit)


def spectrum(matrices: np.ndarray, cutoff: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the spectrum kernel (ROWS, 8) and eigenvalues (8, n) of eight matrices."""
    n = matrices.shape[1]
    out = lanes(layout_of_spectrum.ROWS)
    values = lanes(2 * n)
    kit.spectrum_batch(
        interleaved(matrices, n * leading(n)),
        lanes(spare(n)),
        lanes(layout_of_spectrum.spectrum_work(n)),
        values,
        out,
        n,
        leading(n),
        cutoff,
        1,
    )
    pair = values.reshape(2, n, WIDTH)
    return out.reshape(layout_of_spectrum.ROWS, WIDTH), (pair[0] + 1j * pair[1]).T


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 17, 32, 45])
def test_hessenberg_form_is_orthogonally_similar(n: int) -> None:
    """Traces of powers and Frobenius norm survive, and nothing is left below the subdiagonal."""
    matrices = np.random.default_rng(n).standard_normal((WIDTH, n, n)) / np.sqrt(n)
    a = interleaved(matrices, spare(n))
    hessenberg_only(a, lanes(6 * n), n, leading(n))
    h = deinterleaved(a, n)
    assert np.all(np.tril(h, -2) == 0.0)
    np.testing.assert_allclose(
        np.linalg.norm(h, axis=(1, 2)), np.linalg.norm(matrices, axis=(1, 2)), rtol=1e-13
    )
    np.testing.assert_allclose(
        np.linalg.svd(h, compute_uv=False), np.linalg.svd(matrices, compute_uv=False), atol=20 * n * EPS
    )
    for k in (1, 2, 3):
        expected = np.trace(np.linalg.matrix_power(matrices, k), axis1=1, axis2=2)
        measured = np.trace(np.linalg.matrix_power(h, k), axis1=1, axis2=2)
        np.testing.assert_allclose(measured, expected, atol=1e-12 * n)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 16, 24, 33])
def test_bits_do_not_depend_on_group_or_threads(n: int) -> None:
    """Each matrix alone, among others, shifted through the lanes, and on two threads: the same bits."""
    rng = np.random.default_rng(n)
    matrices = rng.standard_normal((19, n, n)) / np.sqrt(n)
    matrices[3] = np.triu(matrices[3])  # deflates at once
    matrices[4] = np.roll(np.eye(n), 1, axis=0)  # needs exceptional shifts
    matrices[5] *= 1e-150
    matrices[6, 0] *= 1e80  # needs balancing
    whole, _ = CpuDevice(2).eigenvalues(matrices)
    shifted, _ = CpuDevice(1).eigenvalues(np.ascontiguousarray(matrices[::-1]))
    assert np.array_equal(whole, shifted[::-1])
    for index in range(8):
        alone, _ = CpuDevice(1).eigenvalues(matrices[index : index + 1])
        assert np.array_equal(alone[0], whole[index])


def test_lane_that_is_not_finite_leaves_the_others_alone() -> None:
    matrices = np.random.default_rng(0).standard_normal((WIDTH, 6, 6))
    clean, values = spectrum(matrices)
    spoiled = matrices.copy()
    spoiled[2, 1, 1] = np.nan
    spoiled[5, 0, 3] = np.inf
    rows, again = spectrum(spoiled)
    assert rows[layout_of_spectrum.FINITE].tolist() == [1, 1, 0, 1, 1, 0, 1, 1]
    good = [0, 1, 3, 4, 6, 7]
    assert np.array_equal(rows[:, good], clean[:, good])
    assert np.array_equal(again[good], values[good])


def balanced(matrices: np.ndarray) -> np.ndarray:
    """Similar matrices whose rows have the norms of their columns, the diagonal left out (Osborne's iteration)."""
    n = matrices.shape[-1]
    for i in np.tile(np.arange(n), 100):
        others = np.arange(n) != i
        column = np.linalg.norm(matrices[:, others, i], axis=1)
        row = np.linalg.norm(matrices[:, i][:, others], axis=1)
        d = np.ones((len(matrices), n))
        d[:, i] = np.sqrt(row / column)
        matrices = matrices * d[:, None, :] / d[:, :, None]
    return matrices


@pytest.mark.parametrize("n", [2, 5, 8, 20, 32])
def test_rows_against_lapack(n: int) -> None:
    # The bounds are those of the balanced matrix; these are balanced, so they are those of the formula.
    matrices = balanced(np.random.default_rng(n).standard_normal((WIDTH, n, n)) / np.sqrt(n))
    rows, values = spectrum(matrices)
    for index, matrix in enumerate(matrices):
        expected, left, right = scipy.linalg.eig(matrix, left=True, right=True)
        kappa = 1.0 / np.abs(np.sum(left.conj() * right, axis=0))
        modulus = np.abs(expected)
        error = 8 * n * EPS * np.linalg.norm(matrix) * kappa
        leads = modulus >= 0.9 * modulus.max()
        row = rows[:, index]
        radius = row[layout_of_spectrum.RADIUS]
        np.testing.assert_allclose(radius, modulus.max(), rtol=1e-12)
        # The bounds are some ten to some hundred ulps wide: their width, not their place, is what is tested.
        wide = [row[layout_of_spectrum.HIGH] - radius, radius - row[layout_of_spectrum.LOW]]
        right_width = [(modulus + error)[leads].max(), -(modulus - error)[leads].max()]
        right_width = np.array(right_width) + modulus.max() * np.array([-1.0, 1.0])
        np.testing.assert_allclose(wide, right_width, rtol=0.02, atol=4 * EPS * radius)
        lead = expected[np.argmax(modulus)]
        assert row[layout_of_spectrum.LEAD_RE] == pytest.approx(lead.real, abs=1e-12)
        assert row[layout_of_spectrum.LEAD_IM] == pytest.approx(abs(lead.imag), abs=1e-12)
        assert row[layout_of_spectrum.REAL_COUNT] == np.sum(expected.imag == 0.0)
        assert row[layout_of_spectrum.FROBENIUS] == pytest.approx(np.linalg.norm(matrix), rel=1e-14)
        assert row[layout_of_spectrum.SPECTRAL] == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-12)
        square = np.linalg.norm(matrix) ** 2
        departure = square - np.sum(modulus**2)  # of balanced 2 x 2 matrices zero but for rounding
        assert row[layout_of_spectrum.DEPARTURE] ** 2 == pytest.approx(
            departure, rel=1e-10, abs=50 * EPS * square
        )
        np.testing.assert_allclose(np.sort(np.abs(values[index])), np.sort(modulus), rtol=1e-11)


def test_disguised_nilpotent_has_bounds_that_reach_zero() -> None:
    """LAPACK reports rho near 1.1 for a rotated shift of weight 2, n = 64; the truth is 0, and low must allow it."""
    n = 64
    rng = np.random.default_rng(7)
    shift = 2.0 * np.diag(np.ones(n - 1), 1)
    rotations = [np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(WIDTH)]
    rows, _ = spectrum(np.array([q @ shift @ q.T for q in rotations]))
    assert np.all(rows[layout_of_spectrum.RADIUS] > 0.5)
    assert np.all(rows[layout_of_spectrum.LOW] == 0.0)
    assert np.all(rows[layout_of_spectrum.HIGH] > 1.0)


def test_defective_and_zero_matrices() -> None:
    """A Jordan block has l^T r = 0 exactly: infinite kappa, low 0; the zero matrix has an exact spectrum."""
    matrices = np.zeros((WIDTH, 4, 4))
    matrices[1] = np.eye(4) + np.diag(np.ones(3), 1)
    matrices[2] = np.diag([1.0, -2.0, 0.5, 0.25])
    rows, _ = spectrum(matrices)
    assert rows[[layout_of_spectrum.RADIUS, layout_of_spectrum.LOW, layout_of_spectrum.HIGH], 0].tolist() == [
        0,
        0,
        0,
    ]
    assert rows[layout_of_spectrum.LOW, 1] == 0.0
    assert rows[layout_of_spectrum.HIGH, 1] > 1e3
    low, high = rows[layout_of_spectrum.LOW, 2], rows[layout_of_spectrum.HIGH, 2]
    assert 2.0 - 1e-12 < low < 2.0 < high < 2.0 + 1e-12


def test_complete_spectrum_at_sizes_that_switch_paths() -> None:
    """Every remainder of the four-line blocks and of the runs of reflectors, against LAPACK."""
    rng = np.random.default_rng(3)
    for n in [*range(1, 20), 27, 40, 64, 65]:
        matrices = rng.standard_normal((3, n, n)) / np.sqrt(n)
        values, failed = CpuDevice(1).eigenvalues(matrices)
        assert not failed.any()
        for index in range(3):
            expected = np.linalg.eigvals(matrices[index])
            distance = np.abs(values[index][:, None] - expected[None, :])
            # 1e-9 covers the condition numbers of these draws; a wrong index costs 1e-2 and more.
            assert distance.min(axis=1).max() < 1e-9
            assert distance.min(axis=0).max() < 1e-9


def build_both(lane, kit, jit):
    @jit
    def in_memory(h, wr, wi, run, n, ld):
        return lane.extract(kit.francis(h, run, wr, wi, n, ld, 16), 0)

    @jit
    def in_variables(h, wr, wi, run, n, ld):
        return lane.extract(kit.francis_iterate(h, run, wr, wi, n, ld, 16), 0)

    return in_memory, in_variables


francis_forms = build_both(kit.lane, kit, jit)


def hessenberg_cases(n: int) -> np.ndarray:
    """Random, integer, graded, deflated at the start in every way, and one that needs an exceptional shift."""
    rng = np.random.default_rng(n)
    random = rng.standard_normal((400, n, n))
    integer = np.round(1.2 * rng.standard_normal((400, n, n)))
    graded = rng.standard_normal((400, n, n)) * 10.0 ** rng.integers(-60, 60, (400, n, n))
    cut = rng.standard_normal((1 << (n - 1), n, n))
    for case, matrix in enumerate(cut):
        for k in range(n - 1):
            if case >> k & 1:
                matrix[k + 1, k] = 0.0
    cyclic = np.broadcast_to(np.roll(np.eye(n), 1, axis=0), (8, n, n))
    matrices = np.concatenate([random, integer, graded, cut, cyclic])
    return np.triu(matrices[: len(matrices) // WIDTH * WIDTH], -1)


@pytest.mark.parametrize("n", [3, 4])
def test_small_matrices_get_the_bits_of_the_loops_over_memory(n: int) -> None:
    for matrices in hessenberg_cases(n).reshape(-1, WIDTH, n, n):
        found = []
        for kernel in francis_forms:
            wr, wi = lanes(n), lanes(n)
            assert kernel(interleaved(matrices, spare(n)), wr, wi, lanes(5 * 16), n, leading(n)) == 0.0
            found.append(np.stack([wr, wi]))
        np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 11, 16, 19])
@pytest.mark.parametrize("count", [3, 8, 12])
def test_a_group_is_taken_from_plain_matrices(n: int, count: int) -> None:
    matrices = np.arange(float(count * n * n)).reshape(count, n, n)
    for first in range(0, count, WIDTH):
        a = lanes(n * leading(n))
        kit.take_group(matrices.ravel(), first, count - 1, a, 0, n, n, leading(n))
        expected = matrices[np.minimum(np.arange(first, first + WIDTH), count - 1)]
        np.testing.assert_array_equal(deinterleaved(a, n), expected)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_a_subdiagonal_that_no_reflection_sees_is_zero(n: int) -> None:
    """Beside 1, the square of 1e-170 underflows: sweeps would go by it for ever."""
    h = np.triu(np.ones((n, n))) + 1e-170 * np.eye(n, k=-1)
    for kernel in francis_forms:
        wr, wi = lanes(n), lanes(n)
        a = interleaved(np.broadcast_to(h, (WIDTH, n, n)), spare(n))
        assert kernel(a, wr, wi, lanes(5 * 16), n, leading(n)) == 0.0
        assert (wr == 1.0).all()
        assert (wi == 0.0).all()
