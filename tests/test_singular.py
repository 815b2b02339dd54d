"""The spectral norm on lanes against LAPACK's singular values, also where they cluster, vanish or span the range."""

import numpy as np
import pytest

from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu as kit
from rhoscope.kernels.caching import jit
from rhoscope.kernels.layout import leading
from rhoscope.kernels.singular import spectral_norm_work
from rhoscope.kernels.vector import WIDTH

SIZES = [*range(1, 14), 16, 17, 31, 32, 33, 64]


def build(lane, kit, jit):
    @jit
    def norm_of(a, work, out, n, ld):
        e, _ = kit.normalise(a, n, ld)
        lane.store(out, 0, kit.spectral_norm(a, work, n, ld))
        kit.rescale(out, e, 1)

    return norm_of


norm_of = build(kit.lane, kit, jit)


def spectral_norm(matrices: np.ndarray) -> np.ndarray:
    """sigma_max of eight (n, n) matrices; the work space starts as NaN, so that no value of it may be used."""
    n = matrices.shape[1]
    ld = leading(n)
    a = lanes(n * ld)
    a.reshape(n, ld, WIDTH)[:, :n] = np.moveaxis(matrices, 0, -1)
    work = lanes(spectral_norm_work(n))
    work[:] = np.nan
    out = lanes(1)
    norm_of(a, work, out, n, ld)
    return out.copy()


def orthogonal(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def with_singular_values(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    n = len(values)
    return orthogonal(rng, n) * values @ orthogonal(rng, n)


def family(n: int) -> dict[str, np.ndarray]:
    """Eight matrices of each kind that can go wrong."""
    rng = np.random.default_rng(539 + n)
    gaussian = rng.standard_normal((WIDTH, n, n))
    twin = np.linspace(0.1, 1.0, n)
    twin[-2:] = 1.0
    cluster = np.where(np.arange(n) % 2 == 0, 1.0, 1.0 - 1e-9 * np.arange(n))
    return {
        "gaussian": gaussian,
        "rank one": gaussian[:, :, :1] * gaussian[:, :1, :],
        "orthogonal": np.array([orthogonal(rng, n) for _ in range(WIDTH)]),
        "largest twice": np.array([with_singular_values(rng, twin) for _ in range(WIDTH)]),
        "half of them clustered": np.array([with_singular_values(rng, cluster) for _ in range(WIDTH)]),
        "projections": np.array([with_singular_values(rng, 1.0 * (np.arange(n) <= i)) for i in range(WIDTH)]),
        "graded": gaussian * 10.0 ** -np.linspace(0.0, 300.0, n) * 10.0 ** -np.linspace(0.0, 9.0, n)[:, None],
        "diagonal": np.eye(n) * np.abs(gaussian),
        "strictly triangular": np.triu(gaussian, 1) + 2.0 * np.eye(n, k=1),
        "weak couplings": np.eye(n) + np.triu(10.0 ** rng.uniform(-200.0, -150.0, (WIDTH, n, n)), 1),
        "from 1e-300 to 1e300": gaussian * 10.0 ** np.linspace(-300.0, 300.0, WIDTH)[:, None, None],
        "integers": rng.integers(-2, 3, (WIDTH, n, n)).astype(float),
        "Kahan": np.array([_kahan(n, 0.3 + 0.1 * i) for i in range(WIDTH)]),
    }


def _kahan(n: int, angle: float) -> np.ndarray:
    upper = np.eye(n) - np.cos(angle) * np.triu(np.ones((n, n)), 1)
    return np.sin(angle) ** np.arange(n)[:, None] * upper


@pytest.mark.parametrize("n", SIZES)
def test_agrees_with_singular_values(n: int) -> None:
    for name, matrices in family(n).items():
        size = np.abs(matrices).max(axis=(1, 2), keepdims=True)
        size[size == 0.0] = 1.0
        expected = np.linalg.svd(matrices / size, compute_uv=False)[:, 0] * size[:, 0, 0]
        found = spectral_norm(matrices)
        assert np.all(np.abs(found - expected) <= 1e-13 * expected), (name, found, expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 32])
def test_zero_matrix_has_norm_zero(n: int) -> None:
    matrices = np.zeros((WIDTH, n, n))
    matrices[3] = np.eye(n)
    assert spectral_norm(matrices).tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


def test_one_by_one_is_the_absolute_value() -> None:
    values = np.array([-3.0, 5e-324, -1.7976931348623157e308, 0.0, 1.0 / 3.0, -1e-310, 1e150, 7.0])
    np.testing.assert_array_equal(spectral_norm(values[:, None, None]), np.abs(values))


@pytest.mark.parametrize("n", [2, 7, 16, 33])
def test_bits_depend_neither_on_position_nor_on_neighbours(n: int) -> None:
    rng = np.random.default_rng(n)
    hard = with_singular_values(rng, np.where(np.arange(n) < n // 2, 1.0, 1.0 - 1e-12))
    alone = spectral_norm(np.broadcast_to(hard, (WIDTH, n, n)))
    assert np.unique(alone).size == 1
    for position in range(WIDTH):
        for neighbours in (rng.standard_normal((WIDTH, n, n)) * 1e200, np.zeros((WIDTH, n, n))):
            neighbours[position] = hard
            assert spectral_norm(neighbours)[position] == alone[0]


def test_a_bound_that_is_the_root_but_for_rounding() -> None:
    """Of a matrix of rank one, whose square has one row left: the bound the root is sought from may lie below it."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        left, right = rng.standard_normal((2, WIDTH, 64))
        left /= np.linalg.norm(left, axis=1, keepdims=True)
        right /= np.linalg.norm(right, axis=1, keepdims=True)
        assert np.abs(spectral_norm(left[:, :, None] * right[:, None, :]) - 1.0).max() < 1e-13
