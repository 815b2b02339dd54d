"""How kernels with a block of threads a matrix are launched."""

from typing import Any

from rhoscope.devices.cuda_memory import device_errors
from rhoscope.devices.cuda_state import simulated
from rhoscope.kernels.block_space import RESERVED, BlockPlan, resident

# What a block may have without asking, and what the simulator, which has no limit, is taken to have: that of an H200.
_UNASKED = 48 << 10
_SIMULATED = 227 << 10


def shared_memory() -> int:
    """Bytes of shared memory that one block may have on the current GPU."""
    from numba import cuda

    with device_errors("looking at the GPU"):
        if simulated():
            return _SIMULATED
        return int(cuda.current_context().device.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)


def run_blocks(
    stream: Any, kernel: Any, plan: BlockPlan, count: int, *arguments: Any, most: int | None = None
) -> None:
    """Launch a kernel on as many blocks as the GPU holds at once, which take `count` matrices in turns.

    most: how many matrices there is work space for, if the kernel needs any.
    """
    from numba import cuda

    with device_errors("starting a kernel"):
        multiprocessors = getattr(cuda.current_context().device, "MULTIPROCESSOR_COUNT", 1)
        blocks = multiprocessors * resident(plan.threads, plan.shared, shared_memory() + RESERVED)
        blocks = min(blocks, -(-count // plan.slots))
        if most is not None:
            blocks = min(blocks, most // plan.slots)
        launch = kernel[blocks, plan.threads, stream, plan.shared]
        # Numba gives equal launches the same object.
        if plan.shared > _UNASKED and not simulated() and _allow_shared not in launch.pre_launch_callbacks:
            launch.pre_launch_callbacks.append(_allow_shared)
        launch(*arguments)


def _allow_shared(kernel: Any, launch: Any) -> None:
    """Let a compiled kernel have the shared memory of its launch: cuFuncSetAttribute, for which Numba has no option."""
    from numba.cuda.cudadrv import driver as interface

    known: Any = interface
    function = kernel._codelibrary.get_cufunc()
    attribute = known.binding.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    known.driver.cuKernelSetAttribute(attribute, launch.sharedmem, function.handle, function.device.id)
