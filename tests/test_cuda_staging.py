"""Large arrays travel in pieces through memory that is held in place, and none of it is used again too early."""

import json
from collections.abc import Callable
from typing import Any

import late_device
import numpy as np
import pytest
from device_process import run_cases
from late_device import LateEvent, LateStream
from numpy.typing import NDArray

from rhoscope.devices import cuda_staging
from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda_staging import Staging
from rhoscope.devices.study_cpu import study_columns


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """What a device that does nothing before it must computes, and what it is told."""
    results, said = run_cases(late_device.__file__, "simulator", tmp_path_factory.mktemp("late"))
    return results, json.loads(said)


def test_a_device_that_copies_as_late_as_it_can_has_the_bits_of_the_cpu(
    late: tuple[dict[str, NDArray[Any]], list[str]],
) -> None:
    expected = late_device.compute(CpuDevice(1))
    study = late_device.LAPACK_STUDY
    by_lapack = study_columns(study, 0, study.samples, 1, 3, None)
    expected |= {f"LAPACK: {column}": values for column, values in by_lapack.items()}
    assert late[0].keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(late[0][name], values, err_msg=name)


def test_two_chunks_are_sent_before_a_kernel_of_the_first_is_waited_for(
    late: tuple[dict[str, NDArray[Any]], list[str]],
) -> None:
    pieces = late_device.CHUNK * late_device.MATRICES[0].nbytes // late_device.PIECE_BYTES
    assert late[1].index("kernel") == 2 * pieces


class There:
    """An array on a device, of which copies are started on a stream and done when that is waited for."""

    def __init__(self, numbers: NDArray[Any]) -> None:
        self.numbers = numbers

    def __getitem__(self, part: slice) -> "There":
        return There(self.numbers[part])

    def copy_to_device(self, array: NDArray[Any], stream: LateStream) -> None:
        stream.start(lambda: np.copyto(self.numbers, array))

    def copy_to_host(self, array: NDArray[Any], stream: LateStream) -> None:
        stream.start(lambda: np.copyto(array, self.numbers))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """A driver that lets a program hold memory in place or does not."""
    import numba

    class Refused(Exception):
        pass

    Refused.__module__ = "numba.cuda.cudadrv.driver"

    def install(allows: bool) -> None:
        def pinned_array(size: int, dtype: Any) -> NDArray[Any]:
            if not allows:
                raise Refused("CUDA_ERROR_OUT_OF_MEMORY")
            return np.empty(size, dtype)

        fake = type("cuda", (), {"pinned_array": staticmethod(pinned_array), "event": LateEvent})
        monkeypatch.setattr(numba, "cuda", fake, raising=False)
        monkeypatch.setattr(cuda_staging, "PIECE_BYTES", 64)

    return install


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.complex128])
@pytest.mark.parametrize("size", [9, 16, 65])
def test_arrays_arrive_whole_in_both_directions(host: Callable[[bool], None], dtype: Any, size: int) -> None:
    """Two streams share the pieces, and neither is waited for before an array of the other is sent."""
    host(True)
    staging = Staging(3)
    one, two = LateStream(), LateStream()
    sent = [np.arange(size).astype(dtype) + shift for shift in (0, 1000)]
    arrays = [There(np.zeros(size, dtype)) for _ in sent]
    assert staging.takes(sent[0].nbytes)
    for array, there, stream in zip(sent, arrays, (one, two), strict=True):
        given = array.copy()
        staging.send(given, there, stream)
        given[:] = -1  # is the program's again
    found = np.zeros(size, dtype)
    staging.fetch(arrays[0], found, one)
    np.testing.assert_array_equal(found, sent[0])
    two.synchronize()
    np.testing.assert_array_equal(arrays[1].numbers, sent[1])


def test_the_host_copies_a_piece_while_the_other_travels(host: Callable[[bool], None]) -> None:
    host(True)
    staging, stream = Staging(1), LateStream()
    sent = np.arange(24.0)
    assert staging.takes(sent.nbytes)
    staging.send(sent[:16], There(np.zeros(16)), stream)
    assert (stream.started, stream.done) == (2, 0)
    staging.send(sent, There(np.zeros(24)), stream)
    assert (stream.started, stream.done) == (5, 3)  # the first of each pair is waited for, and no more


def test_small_arrays_are_left_to_the_driver(host: Callable[[bool], None]) -> None:
    host(True)
    assert not Staging(1).takes(64)
    assert Staging(1).takes(72)


def test_where_no_memory_may_be_held_arrays_are_left_to_the_driver(host: Callable[[bool], None]) -> None:
    host(False)
    staging = Staging(1)
    assert not staging.takes(1000)
    assert not staging.takes(1000)
