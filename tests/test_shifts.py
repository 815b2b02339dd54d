"""The shifts of the QR iteration, held to plain complex arithmetic, and what they are for: few sweeps."""

import numpy as np
import pytest
from eigenvalue_calls import found_by, interleaved
from numpy.typing import NDArray

from rhoscope.devices.workspace import lanes
from rhoscope.kernels import cpu, cpu_wide
from rhoscope.kernels.caching import jit
from rhoscope.kernels.francis import PATIENCE, WEARY
from rhoscope.kernels.layout import leading, spare
from rhoscope.kernels.spectrum import RUN
from rhoscope.kernels.vector import WIDTH

Array = NDArray[np.float64]
ENTRIES = (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3), (0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 2, 3)
"""Rows and columns of the numbers of a corner."""
LD = leading(4)


def build(lane, kit):
    @jit
    def corner(h):
        return kit.rows_to(h, LD, 3)

    @jit
    def coefficients(values, out):
        c = kit.polynomial(corner(values))
        for i in range(5):
            lane.store(out, i, c[i])

    @jit
    def guess_and_step(values, out):
        h = corner(values)
        x, y, unit = kit.nearest_root(h[9], h[10], h[11], h[12])
        x = x * unit
        y = y * unit
        lane.store(out, 0, x)
        lane.store(out, 1, y)
        dx, dy, over = kit.halley(kit.polynomial(h), x, y)
        lane.store(out, 2, dx * over)
        lane.store(out, 3, dy * over)
        x, y = kit.refined(h, x, y)
        lane.store(out, 4, x)
        lane.store(out, 5, y)

    @jit
    def rows(h, ends, out, ld, top):
        c = kit.corner_of(h, ld, lane.load(ends, 0), top)
        for i in range(13):
            lane.store(out, i, c[i])

    @jit
    def sweeps(h, run, n, ld):
        """How many sweeps `francis` makes before no lane has a window."""
        hi = lane.const(float(n - 1))
        tries = lane.const(0.0)
        count = 0
        while True:
            before = hi
            hi, lo = kit.find_window(h, ld, n - 1, tries)
            tries = lane.where((hi < before) | (hi < 0.0), lane.const(0.0), tries + 1.0)
            top = int(lane.highest(hi))
            if top < 0 or count > 40 * n:
                return count
            bottom = int(lane.lowest(lane.where(hi >= 0.0, lo, lane.const(float(n)))))
            x, y, z = kit.first_column(h, ld, hi, lo, tries, bottom, top)
            kit.qr_sweep(h, run, ld, lo, x, y, z, bottom, top, RUN)
            count += 1

    return coefficients, guess_and_step, rows, sweeps


coefficients, guess_and_step, rows, sweeps = build(cpu.lane, cpu)


def corners(seed: int, short: bool) -> Array:
    """Eight Hessenberg matrices of four rows, of which the first is not coupled to the others if `short`."""
    h = np.triu(np.random.default_rng(seed).standard_normal((WIDTH, 4, 4)), -1)
    if short:
        h[:, 1, 0] = 0.0
    return h


def polynomials(h: Array, short: bool) -> Array:
    """det(H - h33 - z) of each, constant first, five coefficients."""
    last = h[:, 3, 3, None, None] * np.eye(4)
    found = np.zeros((len(h), 5))
    for k, matrix in enumerate((h - last)[:, 1:, 1:] if short else h - last):
        n = len(matrix)
        found[k, : n + 1] = (-1.0) ** n * np.poly(matrix)[::-1]
    return found


@pytest.mark.parametrize("short", [False, True])
def test_the_polynomial_is_the_characteristic_one(short: bool) -> None:
    for seed in range(20):
        h = corners(seed, short)
        out = lanes(5)
        coefficients(interleaved(h, spare(4)), out)
        np.testing.assert_allclose(out.reshape(5, WIDTH).T, polynomials(h, short), rtol=1e-11, atol=1e-12)


def test_the_guess_is_the_nearest_eigenvalue_of_the_last_two_rows() -> None:
    for seed in range(20):
        h = corners(seed, False)
        out = lanes(6)
        guess_and_step(interleaved(h, spare(4)), out)
        found = out.reshape(6, WIDTH)
        values = np.linalg.eigvals(h[:, 2:, 2:]) - h[:, 3, 3, None]
        nearest = values[np.arange(WIDTH), np.argmin(abs(values), axis=1)]
        np.testing.assert_allclose(found[0], nearest.real, atol=1e-13)
        np.testing.assert_allclose(found[1], abs(nearest.imag), atol=1e-13)


@pytest.mark.parametrize("short", [False, True])
def test_a_step_is_that_of_halley_and_only_a_short_one_is_taken(short: bool) -> None:
    taken = []
    for seed in range(20):
        h = corners(seed, short)
        out = lanes(6)
        guess_and_step(interleaved(h, spare(4)), out)
        x, y, dx, dy, after, beside = out.reshape(6, WIDTH)
        z = x + 1j * y
        for k, c in enumerate(polynomials(h, short)):
            p = np.polynomial.Polynomial(c)
            f, first, second = p(z[k]), p.deriv(1)(z[k]), p.deriv(2)(z[k])
            step = -2.0 * f * first / (2.0 * first**2 - f * second)
            np.testing.assert_allclose(dx[k] + 1j * dy[k], step, rtol=1e-7, atol=1e-10)
            short_enough = abs(step) <= abs(h[k, 2, 1]) + abs(h[k, 3, 2])
            taken.append(short_enough)
            expected = z[k] + (dx[k] + 1j * dy[k] if short_enough else 0.0)
            assert abs(after[k] + 1j * beside[k] - expected) < (1e-14 if short_enough else 1e-300)
    assert 0.05 < np.mean(taken) < 1.0


def test_a_step_that_is_no_number_is_not_taken() -> None:
    """All entries zero, or so large or so small that the polynomial is lost."""
    h = corners(0, False) * np.array([0.0, 1e120, 1e-120, 1e200, 1e-200, 1e290, 1e-290, 1.0])[:, None, None]
    out = lanes(6)
    guess_and_step(interleaved(h, spare(4)), out)
    x, y, _, _, after, beside = out.reshape(6, WIDTH)
    assert np.array_equal(after[:7], x[:7])
    assert np.array_equal(beside[:7], y[:7])
    assert (after[7], beside[7]) != (x[7], y[7])


@pytest.mark.parametrize("n", [3, 4, 9, 20])
def test_each_lane_has_the_corner_of_its_own_window(n: int) -> None:
    rng = np.random.default_rng(n)
    h = rng.standard_normal((WIDTH, n, n))
    memory = interleaved(h, spare(n))
    ends = rng.integers(2, n, WIDTH).astype(float)
    ends[3] = -1.0
    ends[5] = n - 1
    held, out = lanes(1), lanes(13)
    held[:] = ends
    rows(memory, held, out, leading(n), n - 1)
    for lane in [k for k in range(WIDTH) if ends[k] >= 0]:
        end = int(ends[lane])
        expected = np.zeros((4, 4))
        missing = max(0, 3 - end)
        inside = slice(end - 3 + missing, end + 1)
        expected[missing:, missing:] = h[lane, inside, inside]
        assert out.reshape(13, WIDTH)[:, lane].tolist() == expected[ENTRIES].tolist()


def test_few_sweeps_are_needed() -> None:
    """1.6 an eigenvalue at n = 16; by the shifts of the last two rows alone they were 1.85 and more."""
    n = 16
    rng = np.random.default_rng(4)
    total = 0
    for _ in range(40):
        h = np.triu(rng.standard_normal((n, n)), -1)
        group = np.broadcast_to(h, (WIDTH, n, n))
        total += sweeps(interleaved(group, spare(n)), lanes(5 * RUN), n, leading(n))
    assert total / 40 < 1.68 * n


@pytest.mark.parametrize("kit", [cpu, cpu_wide])
def test_zeros_on_the_diagonal_do_not_stall(kit) -> None:
    """Here shifts are exact and what they leave below the diagonal is noise, but beside zeros nothing is small."""
    h = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
    for matrix in (h, np.kron(np.eye(2), h) + np.eye(6, k=-1) * [[0], [0], [0], [1e-3], [0], [0]]):
        _, status = found_by(kit, matrix[None])
        assert status.tolist() == [0.0]


def test_a_lane_that_is_done_does_not_grow_weary() -> None:
    """Its entries stay as they are, however long the others take."""
    assert WEARY < PATIENCE
    n = 6
    rng = np.random.default_rng(7)
    slow = np.roll(np.eye(n), 1, axis=0)
    for _ in range(50):
        done = np.triu(rng.standard_normal((n, n)) * 10.0 ** rng.integers(-25, 25, (n, n)), -1)
        done[[2, 4], [1, 3]] = 0.0
        found = []
        for other in (done, slow):
            values, _ = found_by(cpu, np.stack([done] + [other] * (WIDTH - 1)))
            found.append(values[0])
        np.testing.assert_array_equal(found[0], found[1])
