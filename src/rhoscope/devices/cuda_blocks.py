"""How kernels with a block of threads a matrix are launched."""

from typing import Any

from rhoscope.devices.cuda_errors import device_errors
from rhoscope.devices.cuda_launch import configured
from rhoscope.devices.cuda_state import simulated
from rhoscope.kernels.block_space import RESERVED, STEPS_REGISTERS, BlockPlan, resident

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


def slots_at_once(plan: BlockPlan, count: int) -> int:
    """Of so many matrices, those that the GPU has at once at most: work space for others would lie idle."""
    blocks = min(_resident(plan, STEPS_REGISTERS), -(-count // plan.slots))
    return blocks * plan.slots


def _resident(plan: BlockPlan, registers: int) -> int:
    """Blocks that the GPU holds at once, whose threads take so many registers."""
    from numba import cuda

    with device_errors("looking at the GPU"):
        multiprocessors = getattr(cuda.current_context().device, "MULTIPROCESSOR_COUNT", 1)
    return multiprocessors * resident(plan.threads, plan.shared, shared_memory() + RESERVED, registers)


def run_blocks(
    stream: Any, kernel: Any, plan: BlockPlan, count: int, *arguments: Any, most: int | None = None
) -> None:
    """Launch a kernel on as many blocks as the GPU holds at once, which take `count` matrices in turns.

    most: how many matrices there is work space for, if the kernel needs any.
    """
    with device_errors("starting a kernel"):
        registers = STEPS_REGISTERS if simulated() else _prepare(kernel, plan, arguments)
        blocks = min(_resident(plan, registers), -(-count // plan.slots))
        if most is not None:
            blocks = min(blocks, most // plan.slots)
        configured(kernel, blocks, plan.threads, stream, plan.shared)(*arguments)


def _prepare(kernel: Any, plan: BlockPlan, arguments: tuple[Any, ...]) -> int:
    """Compile for these arguments, if that was not done before, and ask for shared memory; registers of a thread."""
    compiled = kernel.compile(tuple(kernel.typeof_pyval(argument) for argument in arguments))
    if plan.shared > _UNASKED:
        _allow_shared(compiled.library.get_cufunc(), plan.shared)
    return int(compiled.regs_per_thread)


def _allow_shared(function: Any, shared: int) -> None:
    """Let a kernel have so much shared memory: cuFuncSetAttribute, for which Numba has no option."""
    from numba.cuda.cudadrv import driver as interface

    known: Any = interface
    attribute = known.binding.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    known.driver.cuKernelSetAttribute(attribute, shared, function.handle, function.device.id)
