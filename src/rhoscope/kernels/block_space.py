"""How blocks of threads share the work of the kernels that have a form of their own; plain Python.

Thresholds and rates here follow from counts of operations and bytes. They are predictions; no GPU has measured them.
"""

from dataclasses import dataclass

from rhoscope.kernels.block_steps import COLUMNS, PART, ROWS, TILE
from rhoscope.kernels.recurrence import BLOCK

# Below this size a lane's matrix stays in the first-level cache (256 lanes a multiprocessor, n² numbers of 8 bytes
# each), whose bandwidth is that of shared memory, and a slot would have less than two threads.
STEPS_FROM = 8
# 512 threads of 128 registers fill the 65,536 of a multiprocessor, and hold 16,384 entries at 32 a thread.
STEPS_THREADS = 512
STEPS_REGISTERS = 128
REGISTERS_UP_TO = 128
# Steps of a block where the matrix lies in shared memory, whose vectors would otherwise take its room.
SHARED_BLOCK = 8
# Of both passes a thread at times also holds its tile of the sum for the gradient, and 256 threads take all registers.
BPTT_THREADS = 256
# Eigenvalues: the threads of a block make each reflector alike, where as many lanes would make one each, so blocks pay
# where lanes wait for memory. The 33,792 lanes that an H200 runs share 50 MB of second-level cache, 1.5 KB each, which
# a matrix and its work space take from 11 up; but only from half a warp on is there work for the threads of a block.
SPECTRA_FROM = 17
# Shared memory has room for a few rows more, but four blocks of so many threads, asked for together, leave a thread 96
# registers, and so a multiprocessor 20 warps. The compiler alone takes 98, which leaves 16.
SPECTRA_THREADS = 160
SPECTRA_BLOCKS = 4
SPECTRA_VECTORS = 7
SPECTRA_STATE = 2
# Threads of a block up to which slots are added: every `sync` waits for all of them.
SLOT_THREADS = 128
# Blocks that a multiprocessor runs at once at most, and shared memory that each takes besides its own.
MOST_BLOCKS = 32
RESERVED = 1024
_REGISTERS = 65536
_BYTES = 8


@dataclass(frozen=True)
class BlockPlan:
    """How a kernel is launched: threads of a block, matrices it has at once, bytes of shared memory."""

    threads: int
    slots: int
    shared: int


@dataclass(frozen=True)
class StepsPlan(BlockPlan):
    """How `step_norms` of a size is launched: which of the kernels, and steps between two rescalings.

    shape: n, elements of a vector, groups of rows, of columns, shares of a group, threads of a slot.
    regions: where shares, sums, the matrix and the next slot begin in the shared memory of a slot.
    """

    kernel: str
    block: int
    shape: tuple[int, int, int, int, int, int]
    regions: tuple[int, ...]


def steps_plan(n: int, available: int) -> StepsPlan | None:
    """The plan for matrices n x n with that many bytes of shared memory a block; None where lanes do it."""
    if n < STEPS_FROM:
        return None
    in_registers = n <= REGISTERS_UP_TO
    if in_registers:
        groups, columns, block = -(-n // ROWS), -(-n // COLUMNS), BLOCK
        padded, width = groups * (ROWS + 1), columns * (COLUMNS + 1)
    else:
        groups, columns, block = STEPS_THREADS // n, n, SHARED_BLOCK
        padded, width = -(-n // PART) * PART, n
    slots = slots_for(groups * columns)
    shares = (block + 1) * (padded + 1)
    sums = shares + groups * width
    matrix = sums + padded // PART
    end = matrix if in_registers else matrix + n * n
    kernel = "shared" if not in_registers else "registers" if slots == 1 else "slots"
    shape = (n, padded, groups, columns, width, groups * columns)
    shared = _BYTES * slots * end
    if groups == 0 or shared > available:
        return None
    return StepsPlan(slots * shape[5], slots, shared, kernel, block, shape, (shares, sums, matrix, end))


def bptt_plan(n: int, m: int, available: int) -> StepsPlan | None:
    """The plan for both passes of samples of that size, with m inputs; None where lanes do it.

    regions go on after the sums: states of a block of steps, B, the sum for B, inputs, delta, and the next slot.
    """
    groups, columns = -(-n // ROWS), -(-n // COLUMNS)
    if n < STEPS_FROM or groups * columns > BPTT_THREADS:
        return None
    padded, width = groups * (ROWS + 1), columns * (COLUMNS + 1)
    slots = slots_for(groups * columns)
    regions = [(BLOCK + 1) * (padded + 1)]
    for cells in (
        groups * width, padded // PART, BLOCK * (padded + 1), n * m, n * m, BLOCK * m + 2, padded + 1,
    ):  # fmt: skip
        regions.append(regions[-1] + cells)
    shared = _BYTES * slots * regions[-1]
    if shared > available:
        return None
    kernel = "registers" if slots == 1 else "slots"
    shape = (n, padded, groups, columns, width, groups * columns)
    return StepsPlan(slots * shape[5], slots, shared, kernel, BLOCK, shape, tuple(regions))


def bptt_block_cells(plan: StepsPlan, horizon: int, segment: int) -> int:
    """Numbers of global memory that a slot keeps its states, checkpoints and the sum for the gradient in."""
    return (segment + 1 + -(-horizon // segment)) * (plan.shape[1] + 1) + TILE * plan.shape[5]


def spectra_plan(n: int, available: int) -> BlockPlan | None:
    """The plan for eigenvalues of matrices n x n; None where lanes or LAPACK find them."""
    shared = _BYTES * ((n + 2) * odd(n) + SPECTRA_VECTORS * n + SPECTRA_STATE)
    if not SPECTRA_FROM <= n <= SPECTRA_THREADS or shared > available:
        return None
    return BlockPlan(n, 1, shared)


def odd(n: int) -> int:
    """Leading dimension in shared memory: odd, so that neither rows nor columns meet in one bank."""
    return n | 1


def slots_for(threads: int) -> int:
    """Slots of that many threads in a block: as many as leave the fewest threads of its warps without work."""

    def idle(slots: int) -> float:
        return -(slots * threads) % 32 / (slots * threads)

    return min(range(1, max(1, SLOT_THREADS // threads) + 1), key=idle)


def resident(threads: int, shared: int, shared_there: int, registers: int) -> int:
    """Blocks that a multiprocessor holds at once, whose threads take so many registers each.

    A warp takes its registers in steps of eight a thread, and there is a whole number of warps to each of the four
    schedulers.
    """
    warps = _REGISTERS // (-(-registers // 8) * 8 * 32) // 4 * 4
    return max(1, min(MOST_BLOCKS, shared_there // (shared + RESERVED), warps // -(-threads // 32)))
