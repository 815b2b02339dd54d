"""Arrays that live on a GPU are read there, their results stay there if asked for, and wrong ones are refused."""

import importlib.util
import json
from types import SimpleNamespace
from typing import Any

import cuda_array_cases
import numpy as np
import pytest
from device_process import KINDS, run_cases
from numpy.typing import NDArray

import rhoscope as rs
from rhoscope.arrays import on_gpu
from rhoscope.devices.cuda_state import CudaState

Found = tuple[dict[str, NDArray[Any]], dict[str, str]]


@pytest.fixture(scope="module", params=KINDS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a process of its own computes, and what it is told."""
    folder = tmp_path_factory.mktemp(request.param)
    results, said = run_cases(cuda_array_cases.__file__, request.param, folder)
    return results, json.loads(said)


def test_results_have_the_bits_of_the_cpu(found: Found) -> None:
    expected = cuda_array_cases.expected()
    computed = {name: values for name, values in found[0].items() if not name.startswith(BLOCKS)}
    assert {name.partition(",")[0] for name in computed} == expected.keys()
    for name, values in computed.items():
        truth = expected[name.partition(",")[0]]
        assert values.shape == truth.shape, name
        np.testing.assert_array_equal(values, truth, err_msg=name)


BLOCKS = ("norms", "values")


def test_so_have_those_of_kernels_with_a_block_a_matrix(found: Found) -> None:
    """Eigenvalues to the bit; norms, whose sums have another order, to twelve digits of growth over few steps."""
    A, delta = cuda_array_cases.block_inputs()
    lags = cuda_array_cases.FEW_LAGS
    expected = {
        "values": rs.eigvals(A, device="cpu"),
        "norms": rs.gradient_norms(A, delta, lags, method="step", device="cpu"),
        "norms of one": rs.gradient_norms(A[0], delta, lags, method="step", device="cpu"),
    }
    computed = {name: values for name, values in found[0].items() if name.startswith(BLOCKS)}
    assert len(computed) == 7
    for name, values in computed.items():
        kind = name.partition(",")[0]
        tolerance = 0.0 if kind == "values" else 1e-12
        np.testing.assert_allclose(values, expected[kind], rtol=0, atol=tolerance, err_msg=name)


REFUSED = {
    "not finite": ("ArgumentError", "matrices: nan at index (3, 1, 2)"),
    "complex not finite": ("ArgumentError", "at index (3, 1, 2)"),
    "float32": ("ArgumentTypeError", "float32 on a GPU, where float64 and complex128 would do"),
    "strides": ("ArgumentError", "where C order would do"),
    "not square": ("ArgumentError", "matrices: shape (35, 2, 3); square matrices"),
    "vectors": ("ArgumentError", "A: shape (35, 3, 3) beside delta of shape (3, 3)"),
    "device": ("ArgumentError", 'device = "cpu": an array lives on a GPU'),
    "kept by the CPU": ("ArgumentError", 'device = "cpu": an array lives on a GPU, or is to stay there'),
    "no such device": ("ArgumentError", "device = 'tpu': not a device"),
    "ladder": ("ArgumentError", 'method = "ladder": the CPU takes the binary powers'),
    "bptt": ("ArgumentTypeError", "A: this"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_with_what_would_do(found: Found, name: str) -> None:
    kind, words = REFUSED[name]
    assert found[1][name].startswith(f"{kind}: ")
    assert words in found[1][name]


def test_nothing_but_what_is_listed_is_refused(found: Found) -> None:
    assert found[1].keys() == REFUSED.keys()


def _dlpack(device: int) -> Any:
    return SimpleNamespace(__dlpack_device__=lambda: (device, 0), __dlpack__=lambda **options: None)


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (_dlpack(2), True),
        (_dlpack(13), True),
        (_dlpack(1), False),
        (SimpleNamespace(__cuda_array_interface__={"version": 3}), True),
        (np.eye(2), False),
        ([[1.0]], False),
    ],
)
def test_an_array_says_where_it_lives(value: Any, there: bool) -> None:
    assert on_gpu(value) == there


def test_without_a_gpu_an_array_that_lives_on_one_says_why_it_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: CudaState(False, "the reason"))
    with pytest.raises(rs.errors.DeviceError, match="the reason"):
        rs.eigvals(_dlpack(2))
    with pytest.raises(rs.errors.ArgumentTypeError, match=r"A: this SimpleNamespace lives on a GPU"):
        rs.bptt(_dlpack(2), 1.0, [1.0], 1.0, 1.0)


@pytest.fixture
def first_gpu(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """In the place of Numba's CUDA, for a process that computes on GPU 0."""
    import numba

    fake = SimpleNamespace(get_current_device=lambda: SimpleNamespace(id=0))
    monkeypatch.setattr(numba, "cuda", fake, raising=False)
    return fake


@pytest.mark.usefixtures("first_gpu")
def test_an_array_on_another_gpu_is_refused_before_a_kernel_touches_it() -> None:
    """Kernels that did would lose the device for all that follows."""
    from rhoscope.devices.cuda_arrays import borrow

    there = SimpleNamespace(__dlpack_device__=lambda: (2, 1), __cuda_array_interface__=None)
    with pytest.raises(
        rs.errors.ArgumentError, match=r"A: this SimpleNamespace lives on GPU 1, .* on GPU 0; copy it"
    ):
        borrow(there, "A")


def test_what_an_array_says_when_it_cannot_be_read_is_passed_on(first_gpu: SimpleNamespace) -> None:
    """PyTorch does so for arrays that take part in its differentiation."""
    from rhoscope.devices.cuda_arrays import borrow

    class Tensor:
        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            raise RuntimeError("use var.detach()")

        def __dlpack_device__(self) -> tuple[int, int]:
            return 2, 0

    with pytest.raises(
        rs.errors.ArgumentTypeError, match=r"A: this Tensor .* on the GPU: use var.detach\(\)"
    ):
        borrow(Tensor(), "A")
    lost = type("CudaAPIError", (Exception,), {"__module__": "numba.cuda.cudadrv.driver"})

    def fails(array: Any) -> None:
        raise lost("the device is lost")

    first_gpu.as_cuda_array = fails
    given = SimpleNamespace(__cuda_array_interface__={})
    with pytest.raises(rs.errors.DeviceError, match="reading A failed: the device is lost"):
        borrow(given, "A")


def test_a_device_lost_while_matrices_are_fetched_is_told_as_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rhoscope.devices.cuda import CudaDevice

    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: CudaState(True, "as told"))
    lost = type("CudaAPIError", (Exception,), {"__module__": "numba.cuda.cudadrv.driver"})

    def fails() -> None:
        raise lost("the device is lost")

    with pytest.raises(rs.errors.DeviceError, match="copying from the GPU failed: the device is lost"):
        CudaDevice(1).complex_eigenvalues(SimpleNamespace(copy_to_host=fails))


@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
def test_an_array_known_by_dlpack_alone_is_described_as_it_lies() -> None:
    """Read off arrays of NumPy, which export in the same way from host memory."""
    from rhoscope.devices.cuda_arrays import Exported

    array = np.arange(24.0).reshape(2, 3, 4)
    for given in (array, array[:, ::2], array.transpose(0, 2, 1)):
        described = Exported(given).__cuda_array_interface__
        assert described["data"][0] == given.ctypes.data
        assert (described["shape"], described["typestr"]) == (given.shape, given.dtype.str)
        assert (described["strides"] or array.strides) == given.strides
