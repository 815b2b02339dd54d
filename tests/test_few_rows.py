"""Steps in registers and products by panels against the loops in memory that they stand for: the same bits."""

from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from rhoscope.devices.workspace import lanes
from rhoscope.kernels import (
    cpu,
    cpu_columns,
    cpu_columns_single,
    cpu_single,
    interleaved,
    lane_cpu,
    lane_single,
)
from rhoscope.kernels.caching import inlined, jit
from rhoscope.kernels.recurrence_space import step_norms_cells

STEPS = 5

precisions = pytest.mark.parametrize(
    ("kit", "lane"), [(cpu, lane_cpu), (cpu_single, lane_single)], ids=["float64", "float32"]
)

columns = pytest.mark.parametrize(
    ("kit", "lane"), [(cpu_columns, lane_cpu), (cpu_columns_single, lane_single)], ids=["float64", "float32"]
)


def _dtype(lane: Any) -> Any:
    return np.float32 if lane is lane_single else np.float64


def _work(lane: Any, cells: int, seed: int) -> NDArray[Any]:
    space = lanes(cells, _dtype(lane))
    space[:] = np.random.default_rng(seed).standard_normal(space.size)
    return space


def _walkers(kit: Any, lane: Any) -> tuple[Any, Any]:
    @numba.njit
    def in_registers(w: Any, v: Any, n: Any, matrix: Any, inputs: Any, x: Any, scaled: Any) -> None:
        one = lane.const(1.0)
        kit.march(w, v, STEPS, 2, one == one, lane.const(-99.0), one * 3.0, n, matrix, inputs, x, 1, scaled)

    @numba.njit
    def in_memory(w: Any, v: Any, n: Any, matrix: Any, inputs: Any, x: Any, scaled: Any) -> None:
        one = lane.const(1.0)
        kit.march_in_memory(
            w, v, STEPS, 2, one == one, lane.const(-99.0), one * 3.0, n, matrix, inputs, x, 1, scaled
        )

    return in_registers, in_memory


def _layer(kit: Any) -> Any:
    @numba.njit
    def in_panels(w: Any, to: Any, matrix: Any, count: Any) -> Any:
        kit.lay_in_panels(w, to, matrix, count)
        return kit.panels_at(to, matrix, count)

    return in_panels


@precisions
def test_steps_in_registers_have_the_bits_of_steps_in_memory(kit: Any, lane: Any) -> None:
    in_registers, in_memory = _walkers(kit, lane)
    for n in range(1, 10):
        for m in (0, 1, 3):
            ld = n + 1
            b = n * ld
            x = b + m * n
            scaled = x + 1 + STEPS * m
            v = scaled + m
            expected = _work(lane, v + (STEPS + 1) * (n + 1), seed=n)
            width = lane.WIDTH
            expected[(v + n) * width : (v + n + 1) * width] = np.arange(width) - 40.0  # exponents
            found = expected.copy()
            call = v, n, (0, ld, n), (b, n, m), x, scaled
            in_memory(expected, *call)
            in_registers(found, *call)
            # Inputs that were scaled are kept by one of them alone.
            expected[scaled * width : v * width] = found[scaled * width : v * width]
            np.testing.assert_array_equal(found, expected, err_msg=f"n = {n}, m = {m}")
            assert np.isfinite(found).all()


@columns
def test_steps_in_registers_have_the_bits_of_steps_in_memory_where_a_lane_is_a_column(
    kit: Any, lane: Any
) -> None:
    in_registers, in_memory = _walkers(kit, lane)
    in_panels = _layer(kit)
    width = lane.WIDTH
    for n in (
        2 * width - 2,
        2 * width,
        2 * width + 1,
        3 * width - 1,
        3 * width,
        3 * width + 2,
        4 * width,
        4 * width + 1,
        5 * width - 1,
        5 * width,
        5 * width + 1,
        6 * width,
        6 * width + 3,
        7 * width + 2,
        8 * width,
        8 * width + 1,
        9 * width - 1,
        12 * width,
        13 * width,
        16 * width,
        23 * width - 2,
    ):
        count = -(-n // width)
        for m in (0, 1, 4):
            b = n * count
            x = b + m * count
            scaled = x + 1 + STEPS * m  # as many cells as there are numbers are more than enough
            panels = scaled + 1
            v = panels + n * count
            expected = _work(lane, v + (STEPS + 1) * (count + 1), seed=n)
            rows = expected[: x * width].reshape(-1, count * width)
            rows[:, n:] = 0.0
            first = expected[v * width :]
            first[n : count * width] = 0.0
            first[count * width : (count + 1) * width] = -40.0  # one exponent for all lanes
            matrix = 0, count, n
            laid = in_panels(expected, panels, matrix, count)
            found = expected.copy()
            in_memory(expected, v, count, matrix, (b, count, m), x, scaled)
            in_registers(found, v, count, laid, (b, count, m), x, scaled)
            np.testing.assert_array_equal(found, expected, err_msg=f"n = {n}, m = {m}")
            assert np.isfinite(found).all()
            assert (laid == matrix) == (count <= 8)


def test_a_matrix_in_panels_times_two_vectors_is_that_times_each() -> None:
    kit, lane = cpu_columns, lane_cpu
    width = lane.WIDTH

    @numba.njit
    def together(w: Any, y: Any, count: Any, matrix: Any, x: Any) -> None:
        kit.apply_to_two(w, y, y + count, count, matrix, x, x + count)

    @numba.njit
    def apart(w: Any, y: Any, count: Any, matrix: Any, x: Any) -> None:
        for i in range(0, 2 * count, count):
            kit.apply_matrices(w, y + i, count, (0, 0, 0), 0, matrix, x + i)

    in_panels = _layer(kit)
    for n in (8 * width, 9 * width - 1, 11 * width + 1, 13 * width, 16 * width):
        count = -(-n // width)
        panels, x, y = n * count, 2 * n * count, 2 * (n + 1) * count
        expected = _work(lane, y + 2 * count, seed=n)
        found = expected.copy()
        apart(expected, y, count, (0, count, n), x)
        together(found, y, count, in_panels(found, panels, (0, count, n), count), x)
        found, expected = found[y * width :], expected[y * width :]
        # The last cells of a row have sums of their own order.
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=40.0 * np.finfo(found.dtype).eps * n**0.5)


@pytest.mark.parametrize("block", [48, 5])
@pytest.mark.parametrize(
    ("kit", "lane", "n"),
    [
        (cpu_columns, lane_cpu, 17),
        (cpu_columns, lane_cpu, 24),
        (cpu_columns, lane_cpu, 29),
        (cpu_columns, lane_cpu, 32),
        (cpu_columns_single, lane_single, 29),
        (cpu_columns_single, lane_single, 32),
        (cpu_columns_single, lane_single, 35),
    ],
)
def test_two_samples_at_once_have_the_bits_of_each_alone(kit: Any, lane: Any, n: int, block: int) -> None:
    width, samples, lags = lane.WIDTH, 7, np.array([0, 1, 5, 60, 61, 200])
    rng = np.random.default_rng(n)
    A, delta = rng.standard_normal((width, n, n)), rng.standard_normal((width, n))
    A[2, :, 0] *= 2.0**-60  # such blocks are done again, beside one that is not
    A[5] = np.triu(A[5], 1)
    delta[4] = 0.0
    steps = (width * n * n, n * n, n, 1), (width * n, n, 1)
    work = lanes(2 * step_norms_cells(n, True, block, width), _dtype(lane))

    def norms(start: int, stop: int) -> NDArray[Any]:
        out = lanes(lags.size * 2)
        given = A.reshape(-1), steps[0], delta.reshape(-1), steps[1]
        kit.step_norms(work, *given, n, lags, (block, 5), out, start, stop)
        return out[: lags.size * width].reshape(lags.size, width)[:, start:stop].T

    together = norms(0, samples)
    np.testing.assert_array_equal(together, np.concatenate([norms(s, s + 1) for s in range(samples)]))
    assert np.isfinite(together[[0, 1, 2, 3, 6]]).all()
    assert (together[5, 3:] == -np.inf).all()


@precisions
def test_two_groups_at_once_have_the_bits_of_each_alone(kit: Any, lane: Any) -> None:
    width, groups, lags = lane.WIDTH, 3, np.array([0, 1, 5, 60, 61, 200])
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13):
        rng = np.random.default_rng(n)
        A, delta = rng.standard_normal((groups, n * n, width)), rng.standard_normal((groups, n, width))
        A[1, 0, 2] *= 2.0**-60  # such blocks are done again, beside some that are not
        A[0, n - 1 :: n, 1] *= 2.0**60
        delta[2, :, 3] = 0.0
        given = A.astype(_dtype(lane)).reshape(-1), delta.astype(_dtype(lane)).reshape(-1)
        work = lanes(2 * step_norms_cells(n, False, 48, width), _dtype(lane))

        def norms(kernel: Any, n: int = n, given: Any = given, work: Any = work) -> NDArray[Any]:
            out = lanes(groups * lags.size * 2)
            kernel(work, given[0], n * n, given[1], n, n, lags, (48, 5), out, 0, groups)
            return out

        together = norms(kit.step_norms)
        np.testing.assert_array_equal(together, norms(kit.steps_alone), err_msg=f"n = {n}")
        assert np.isfinite(together).mean() > 0.4


@precisions
def test_panels_have_the_bits_of_single_columns(kit: Any, lane: Any) -> None:
    columns = SimpleNamespace()
    columns.combine = interleaved.build(lane, columns, jit, inlined)[2]
    plain = columns.combine

    @numba.njit
    def by_panels(w: Any, y: Any, count: Any, second: Any, z: Any, first: Any, x: Any, fresh: Any) -> None:
        kit.combine(w, y, count, second, z, first, x, 2, fresh)

    @numba.njit
    def by_columns(w: Any, y: Any, count: Any, second: Any, z: Any, first: Any, x: Any, fresh: Any) -> None:
        for j in range(count):
            b, b_down, b_rows = second
            a, down, rows = first
            plain(w, y + j, 1, (b + j, b_down, b_rows), z, (a + j, down, rows), x, 2, fresh)

    for count in (*range(1, 18), 31, 32, 47):
        for fresh in (True, False):
            rows, b_rows = 5, 2
            b = rows * count
            z = b + b_rows * count
            x = z + b_rows
            y = x + 2 * rows
            expected = _work(lane, y + count + 1, seed=count)
            found = expected.copy()
            call = y, count, (b, count, b_rows), z, (0, count, rows), x, fresh
            by_columns(expected, *call)
            by_panels(found, *call)
            np.testing.assert_array_equal(found, expected, err_msg=f"count = {count}, fresh = {fresh}")
