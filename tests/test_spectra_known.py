"""Eigenvalues of matrices whose spectrum is known, by LAPACK's measure; and the list of them itself."""

from fractions import Fraction

import flint  # pyright: ignore[reportMissingImports]  # it has no type hints
import naive
import numpy as np
import pytest
from known_spectra import (
    Known,
    all_known,
    badly_scaled,
    certified_eigenvalues,
    frank,
    random_matrix,
    simple,
    smallest_ratio,
)

import rhoscope as rs

KNOWN = all_known()
TRIANGULAR = [entry for entry in KNOWN if np.array_equal(entry.matrix, np.triu(entry.matrix))]
SMALL = [entry for entry in KNOWN if len(entry.matrix) <= 20 and entry not in TRIANGULAR]
# A backward stable method keeps within a small multiple of n ε ‖A‖ κ; LAPACK stays below 0.9 on this list.
FORWARD = 2.0
FAR = 2.0**498  # 8e149, and a power of two: the scaled matrix is exactly that


def named(known: list[Known]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("known", known, ids=[entry.name for entry in known])


@named([entry for entry in KNOWN if entry.closed is not None])
def test_closed_forms_and_certificates_agree(known):
    # They differ by the rounding of the matrix's own entries alone.
    assert smallest_ratio(known.closed, known.eigenvalues, known.unit()) <= 0.1


@named([entry for entry in SMALL if entry.closed is None and entry.block == 1])
def test_closed_forms_of_multiple_eigenvalues_are_certified(known):
    certified, _ = certified_eigenvalues(known.matrix)
    assert smallest_ratio(known.eigenvalues, certified, known.unit()) <= 0.5


@named([entry for entry in KNOWN if entry.block > 1])
def test_defective_matrices_have_the_characteristic_polynomial_of_a_power(known):
    def rational(value):
        return flint.fmpq(*Fraction(float(value)).as_integer_ratio())

    n, root = len(known.matrix), rational(known.eigenvalues[0].real)
    polynomial = flint.fmpq_mat(n, n, [rational(entry) for entry in known.matrix.ravel()]).charpoly()
    assert polynomial == flint.fmpq_poly([-root, 1]) ** n


@named(
    [entry for entry in KNOWN if entry.name in ("Grcar", "random", "random, complex", "chosen Schur form")]
)
def test_certified_condition_numbers_equal_those_of_lapack(known):
    values, kappa = naive.eigenvalue_conditions(known.matrix)
    nearest = np.argmin(np.abs(values[:, None] - known.eigenvalues), axis=1)
    assert sorted(nearest) == list(range(len(values)))
    np.testing.assert_allclose(kappa, known.kappa[nearest], rtol=1e-8)


def test_the_spectrum_of_frank_comes_in_reciprocal_pairs():
    values = np.sort(simple("Frank", frank(12)).eigenvalues.real)
    np.testing.assert_allclose(values * values[::-1], 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("computed", "exact", "unit", "ratio"),
    [
        ([0.0, 1.0], [0.0, 0.0], [1.0, 1.0], 1.0),  # one computed value cannot stand for two
        ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0], 0.0),  # no order
        ([0.0, 3.0], [1.0, 4.0], [1.0, 1.0], 1.0),  # not the nearest, which would leave 3 for 1
        ([0.5, 9.0], [0.0, 10.0], [0.25, 10.0], 2.0),  # each against its own unit
        ([0.0, 1e-300], [0.0, 0.0], [0.0, 0.0], np.inf),
    ],
)
def test_the_distance_is_that_of_the_best_matching(computed, exact, unit, ratio):
    assert smallest_ratio(np.array(computed), np.array(exact, dtype=complex), np.array(unit)) == ratio


@pytest.mark.parametrize("scale", [1.0, FAR, 1.0 / FAR], ids=["as it is", "large", "small"])
@named(KNOWN)
def test_eigenvalues_are_as_near_as_a_stable_method_promises(device, known, scale):
    computed = rs.eigvals(scale * known.matrix, device=device)
    assert smallest_ratio(computed, scale * known.eigenvalues, known.unit(scale)) <= FORWARD


@named(KNOWN)
def test_the_transpose_has_the_same_eigenvalues(device, known):
    computed = rs.eigvals(known.matrix.T, device=device)
    assert smallest_ratio(computed, known.eigenvalues, known.unit()) <= FORWARD


@named([entry for entry in KNOWN if not np.iscomplexobj(entry.matrix)])
def test_complex_eigenvalues_of_a_real_matrix_are_exact_conjugate_pairs(device, known):
    computed = rs.eigvals(known.matrix, device=device)
    assert np.array_equal(np.sort_complex(computed), np.sort_complex(computed.conj()))


@named(TRIANGULAR)
def test_a_triangular_matrix_gives_its_diagonal_exactly(device, known):
    computed = rs.eigvals(known.matrix, device=device)
    assert np.array_equal(np.sort_complex(computed), np.sort_complex(np.diag(known.matrix).astype(complex)))


@pytest.mark.parametrize("n", [2, 4, 8])
def test_a_batch_gives_each_matrix_the_bits_it_has_alone(device, n):
    matrices = [
        entry.matrix for entry in KNOWN if len(entry.matrix) == n and not np.iscomplexobj(entry.matrix)
    ]
    matrices += [random_matrix(n, seed) for seed in range(24 - len(matrices))]
    batch = np.array(matrices).reshape(2, 3, 4, n, n)
    computed = rs.eigvals(batch, device=device)
    assert computed.shape == (2, 3, 4, n)
    for matrix, values in zip(matrices, computed.reshape(-1, n), strict=True):
        assert np.array_equal(rs.eigvals(matrix, device=device), values)


@pytest.mark.parametrize("n", [4, 8, 13])
def test_entries_from_1e_minus_150_to_1e_150_are_balanced(device, n):
    known = badly_scaled(simple("random", random_matrix(n, 4)), 1e150)
    assert smallest_ratio(rs.eigvals(known.matrix, device=device), known.eigenvalues, known.unit()) <= FORWARD
