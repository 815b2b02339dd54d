"""How a kernel is given its grid."""

from typing import Any

from rhoscope.devices.cuda_state import simulated

# Numba warns of grids with fewer blocks, each time; but nothing is wrong with a few matrices.
_WARNED_BELOW = 128


def configured(kernel: Any, blocks: int, threads: int, stream: Any = 0, shared: int = 0) -> Any:
    """`kernel[blocks, threads, stream, shared]`, whatever the number of blocks, without a warning.

    A filter of warnings would be the process's, and so in the way of other threads.
    """
    if simulated() or blocks >= _WARNED_BELOW:
        return kernel[blocks, threads, stream, shared]
    # The same object again and again, so it is not changed.
    usual = kernel[_WARNED_BELOW, threads, stream, shared]
    launch = object.__new__(type(usual))  # `copy.copy` fails at streams
    vars(launch).update(vars(usual), griddim=(blocks, 1, 1))
    return launch
