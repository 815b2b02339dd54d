"""Sixteen lanes in float64 give every matrix the bits that eight give it, in whatever company."""

import numpy as np
import pytest
from eigenvalue_calls import found_by
from numpy.typing import NDArray

from rhoscope.devices import cpu as device
from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu, cpu_wide
from rhoscope.kernels import francis as iteration
from rhoscope.kernels.batches_cpu import BEYOND
from rhoscope.kernels.caching import inlined, jit
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.spectrum import RUN
from rhoscope.kernels.vector import WIDTH

Array = NDArray[np.float64]
KITS = [cpu, cpu_wide]
SIZES = [*range(1, 10), 16, 17, 32, 33, 64, 65]


def assert_same(matrices: Array) -> tuple[Array, Array]:
    """The same from both; returns it."""
    expected, measured = (found_by(kit, matrices) for kit in KITS)
    np.testing.assert_array_equal(measured[1], expected[1])
    np.testing.assert_array_equal(measured[0], expected[0])
    return expected


def hard(n: int) -> Array:
    """Matrices that keep lanes busy for different times: some are done at once, some need exceptional shifts."""
    rng = np.random.default_rng([539, n])
    random = rng.standard_normal((12, n, n))
    random[1] *= 1e-300
    random[2] *= 1e300
    graded = rng.standard_normal((10, n, n)) * 10.0 ** rng.integers(-60, 60, (10, n, n))
    sparse = rng.standard_normal((10, n, n)) * (rng.random((10, n, n)) < 2 / n)
    whole = np.round(1.2 * rng.standard_normal((10, n, n)))
    eye = np.eye(n)
    jordan = eye + np.eye(n, k=1)
    turned = np.linalg.qr(random[0])[0]
    unseen = np.triu(np.ones((n, n))) + 1e-170 * np.eye(n, k=-1)
    triangular = [np.triu(random[3]), np.tril(random[4], 1)]
    normal = [eye, np.roll(eye, 1, axis=0), random[5] + random[5].T, random[6] - random[6].T]
    defective = [0.0 * eye, jordan, jordan.T, turned @ jordan @ turned.T, unseen]
    special = np.array([*triangular, *normal, *defective])
    return rng.permutation(np.concatenate([random, graded, sparse, whole, special]))


@pytest.mark.parametrize("n", SIZES)
def test_hard_matrices_in_any_order(n: int) -> None:
    matrices = hard(n)
    values, status = assert_same(matrices)
    again, _ = found_by(cpu_wide, np.ascontiguousarray(matrices[::-1]))
    np.testing.assert_array_equal(again[::-1], values)
    assert (status == 0.0).all()


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 17])
@pytest.mark.parametrize("n", SIZES)
def test_batches_that_fill_no_group(n: int, count: int) -> None:
    assert_same(np.random.default_rng([n, count]).standard_normal((count, n, n)))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 17])
def test_lanes_that_are_not_finite_leave_the_others_alone(n: int) -> None:
    matrices = np.random.default_rng(n).standard_normal((16, n, n))
    clean, _ = found_by(cpu_wide, matrices)
    spoiled = {3: np.nan, 8: np.inf, 15: -np.inf}
    for index, value in spoiled.items():
        matrices[index, n // 2, 0] = value
    values, status = assert_same(matrices)
    good = [index for index in range(16) if index not in spoiled]
    np.testing.assert_array_equal(values[good], clean[good])
    assert (status == BEYOND).tolist() == [index not in good for index in range(16)]


def uncached(function, inline: bool = False):
    """Compiled, but not kept on disk, where it would be taken for the kernel that it is a variant of."""
    compiled = jit(function, inline)
    compiled._cache.disable()
    return compiled


def impatient(lane, kit):
    """Whether lanes failed, into a work array, by an iteration that was built with little patience."""
    francis = iteration.build(lane, kit, uncached, inlined)[-1]

    @uncached
    def run(h, work, wr, wi, failed, n, ld, length):
        lane.store(failed, 0, francis(h, work, wr, wi, n, ld, length))

    return run


@pytest.mark.parametrize("n", [5, 8, 17])
def test_lanes_that_fail_leave_the_others_alone(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of these some need more sweeps for an eigenvalue than are allowed here, and some do not."""
    monkeypatch.setattr(iteration, "PATIENCE", 4)
    ld, count = leading(n), 64
    matrices = np.triu(np.random.default_rng(n).standard_normal((count, n, n)), -1)
    found = []
    for kit in KITS:
        width, kernel, parts = kit.lane.WIDTH, impatient(kit.lane, kit), []
        for first in range(0, count, width):
            h = lanes(spare(n) * width // WIDTH)
            group = np.moveaxis(matrices[first : first + width], 0, -1)
            h.reshape(-1, width)[: n * ld].reshape(n, ld, width)[:, :n] = group
            work, wr, wi, failed = (np.zeros(cells * width) for cells in (5 * RUN, n, n, 1))
            kernel(h, work, wr, wi, failed, n, ld, RUN)
            parts.append(np.concatenate([failed, wr, wi]).reshape(-1, width))
        found.append(np.concatenate(parts, axis=1))
    failed = found[0][0] > 0.5
    assert 3 < failed.sum() < count - 3
    np.testing.assert_array_equal(found[1][0], found[0][0])
    np.testing.assert_array_equal(found[1][:, ~failed], found[0][:, ~failed])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [9, 16, 40, 333])
def test_the_device_gives_the_same_by_either(
    threads: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrices = np.random.default_rng(count).standard_normal((count, 7, 7))
    found = []
    for up_to in (0, 7):
        monkeypatch.setattr(device, "WIDE_UP_TO", up_to)
        values, failed = device.CpuDevice(threads).eigenvalues(matrices)
        assert not failed.any()
        found.append(values)
    np.testing.assert_array_equal(found[1], found[0])


def test_which_width_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen where more than eight matrices of a small size wait, in float64."""
    monkeypatch.setattr(device, "WIDE_UP_TO", 20)
    for precision, n, count, width in [
        (device.DOUBLE, 20, 9, 16),
        (device.DOUBLE, 20, 8, 8),
        (device.DOUBLE, 21, 9, 8),
        (device.SINGLE, 20, 9, 16),
    ]:
        kit, taken = device._kernels(precision, n, count)
        assert taken == kit.lane.WIDTH == width
        assert (kit is cpu_wide) == (precision is device.DOUBLE and width == 16)
