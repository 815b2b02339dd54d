"""What is said where CUDA cannot be had, and which device "auto" takes, and says so."""

import logging
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest

import rhoscope as rs
from rhoscope.devices import choose as choosing
from rhoscope.devices import cuda_state
from rhoscope.devices.choose import choose
from rhoscope.devices.cpu import CpuDevice
from rhoscope.devices.cuda import CudaDevice
from rhoscope.devices.cuda_state import CudaState, state


def install(monkeypatch: pytest.MonkeyPatch, found: CudaState) -> None:
    """Put a state in the place of the machine's."""
    monkeypatch.setattr(cuda_state, "state", lambda: found)
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: found)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if numba-cuda 9.9 were installed."""
    monkeypatch.setattr(cuda_state.metadata, "version", lambda name: "9.9")


def driver(
    monkeypatch: pytest.MonkeyPatch,
    *,
    available: bool = True,
    error: Exception | None = None,
    gpus: int = 1,
    capability: tuple[int, int] = (9, 0),
) -> None:
    """Put a driver in the place of Numba's."""
    import numba

    fake = SimpleNamespace(
        cudadrv=SimpleNamespace(driver=SimpleNamespace(driver=SimpleNamespace(pid=None))),
        is_available=lambda: available,
        cuda_error=lambda: error,
        gpus=[None] * gpus,
        get_current_device=lambda: SimpleNamespace(name="Some GPU", compute_capability=capability),
    )
    monkeypatch.setattr(numba, "cuda", fake, raising=False)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(cuda_state.metadata, "version", missing)
    found = state()
    assert not found.usable
    assert "numba-cuda is not installed" in found.text
    assert "cuda13" in found.text


@pytest.mark.usefixtures("package")
def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, available=False, error=RuntimeError("CUDA driver library cannot be found.\n:\n"))
    assert state() == CudaState(
        False, "numba-cuda 9.9: no GPU can be reached: CUDA driver library cannot be found."
    )


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("asked_before", [False, True])
def test_a_child_of_a_process_whose_other_libraries_use_the_gpu(
    monkeypatch: pytest.MonkeyPatch, asked_before: bool
) -> None:
    """The driver fails when it is first asked, and is remembered as unavailable from then on."""
    said = RuntimeError("Error at driver init: Call to cuInit results in CUDA_ERROR_NOT_INITIALIZED (3)")
    driver(monkeypatch, available=False, error=said)
    if not asked_before:
        import numba

        def fails() -> bool:
            raise said

        known: Any = numba
        monkeypatch.setattr(known.cuda, "is_available", fails)
    found = state()
    assert not found.usable
    assert found.text.startswith(
        "numba-cuda 9.9: this process was forked from one that had begun to use the GPU"
    )


@pytest.mark.usefixtures("package")
def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, available=False, gpus=0)
    assert state() == CudaState(False, "numba-cuda 9.9: the driver knows no GPU")


@pytest.mark.usefixtures("package")
def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, available=False)
    found = state()
    assert not found.usable
    assert "NVVM" in found.text


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(("capability", "usable"), [((7, 0), False), ((7, 5), True), ((10, 0), True)])
def test_the_oldest_gpu_that_will_do(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], usable: bool
) -> None:
    driver(monkeypatch, capability=capability)
    found = state()
    assert found.usable == usable
    assert "Some GPU" in found.text
    assert f"capability {capability[0]}.{capability[1]}" in found.text
    assert usable or "7.5 is the oldest" in found.text


def test_asking_for_cuda_says_why_it_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rhoscope.devices.cuda.state", lambda: CudaState(False, "the reason."))
    with pytest.raises(rs.errors.DeviceError, match=r'device = "cuda": the reason; or use device = "cpu"'):
        rs.eigvals([[1.0]], device="cuda")


def test_info_tells_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_state, "state", lambda: CudaState(False, "the reason"))
    assert rs.info().cuda == "the reason"


@pytest.mark.parametrize(
    ("size", "operations", "works", "name"),
    [
        (8, 1e13, True, "cuda"),
        (8, 1e13, False, "cpu"),  # no GPU
        (8, 1e6, True, "cpu"),  # too little to do
        (512, 1e13, True, "cpu"),  # matrices too large
    ],
)
def test_auto_takes_the_gpu_where_it_is_worth_it_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    size: int,
    operations: float,
    works: bool,
    name: str,
) -> None:
    install(monkeypatch, CudaState(works, "Some GPU"))
    caplog.set_level(logging.DEBUG)
    assert choose("auto", 1, size=size, operations=operations).name == name
    said = 'device = "auto" takes the GPU for about 1.0e+13 operations on 8 x 8 matrices: Some GPU'
    expected = [("rhoscope", logging.INFO, said)] if name == "cuda" else []
    assert caplog.record_tuples == expected
    assert choose("cpu", 1, size=size, operations=operations).name == "cpu"
    if works:
        assert choose("cuda", 1, size=size, operations=operations).name == "cuda"
    assert caplog.record_tuples == expected  # what was asked for is not said


def test_functions_say_once_that_they_compute_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, CudaState(True, "Some GPU"))
    monkeypatch.setattr(choosing, "WORTH_OPERATIONS", 1.0)
    caplog.set_level(logging.INFO)
    for name in ("eigenvalues", "log_norms"):
        of_cpu = getattr(CpuDevice, name)
        monkeypatch.setattr(
            CudaDevice, name, lambda device, *given, of_cpu=of_cpu: of_cpu(CpuDevice(1), *given)
        )
    A, delta = [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]
    calls = {
        "eigvals": lambda: rs.eigvals(A),
        "spectral_radius": lambda: rs.spectral_radius(A),
        "steps": lambda: rs.gradient_norms(A, delta, [3], method="step"),
        "the host's": lambda: rs.gradient_norms(A, delta, [3], method="ladder"),
        "arrays there": lambda: choosing.choose_gpu("auto", 1),
    }
    said = {}
    for name, call in calls.items():
        caplog.clear()
        call()
        said[name] = caplog.messages
    assert said["eigvals"] == said["spectral_radius"]
    assert said["steps"] == [
        'device = "auto" takes the GPU for about 2.4e+01 operations on 2 x 2 matrices: Some GPU'
    ]
    assert said["the host's"] == []
    assert said["arrays there"] == [
        'device = "auto" takes the GPU, where arrays live or are to stay: Some GPU'
    ]
    assert len(said["eigvals"]) == 1


def test_small_work_does_not_look_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked() -> CudaState:
        raise AssertionError

    monkeypatch.setattr(cuda_state, "state", looked)
    assert choose("auto", 1, size=8, operations=choosing.WORTH_OPERATIONS / 2).name == "cpu"
