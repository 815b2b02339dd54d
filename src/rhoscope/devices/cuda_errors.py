"""What becomes of the errors of CUDA's driver."""

from collections.abc import Iterator
from contextlib import contextmanager

from rhoscope.errors import DeviceError


@contextmanager
def device_errors(doing: str) -> Iterator[None]:
    """Tell of a failure of the device in one sentence, as a `DeviceError`."""
    try:
        yield
    except Exception as error:
        # The driver is reached through two packages, whose errors have no common class, and one of them no public one.
        if not type(error).__module__.startswith(("numba.cuda.cudadrv", "cuda.")):
            raise
        raise DeviceError(
            f'device = "cuda": {doing} failed: {error}; use fewer samples at once, or device = "cpu"'
        ) from error
