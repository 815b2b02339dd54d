"""How blocks of threads share the work of the kernels that have a form of their own; plain Python.

Thresholds and rates here follow from counts of operations and bytes. They are predictions; no GPU has measured them.
"""

from dataclasses import dataclass

from rhoscope.kernels.block_steps import COLUMNS, PART, ROWS
from rhoscope.kernels.recurrence import BLOCK

# Below this size a lane's matrix stays in the first-level cache (256 lanes a multiprocessor, n² numbers of 8 bytes
# each), whose bandwidth is that of shared memory, and a slot would have less than two threads.
STEPS_FROM = 8
# 512 threads of 128 registers fill the 65,536 of a multiprocessor, and hold 16,384 entries at 32 a thread.
STEPS_THREADS = 512
REGISTERS_UP_TO = 128
# Steps of a block where the matrix lies in shared memory, whose vectors would otherwise take its room.
SHARED_BLOCK = 8
# Threads of a block up to which slots are added: every `sync` waits for all of them.
SLOT_THREADS = 128
# Blocks that a multiprocessor runs at once at most, and shared memory that each takes besides its own.
MOST_BLOCKS = 32
RESERVED = 1024
_REGISTERS = 65536
_BYTES = 8


@dataclass(frozen=True)
class BlockPlan:
    """How `step_norms` of a size is launched: which of the kernels, steps between two rescalings, slots of a block.

    shape: n, elements of a vector, groups of rows, of columns, shares of a group, threads of a slot.
    regions: where shares, sums, the matrix and the next slot begin in the shared memory of a slot.
    """

    kernel: str
    block: int
    slots: int
    shape: tuple[int, int, int, int, int, int]
    regions: tuple[int, int, int, int]

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return self.slots * self.shape[5]

    @property
    def shared(self) -> int:
        """Bytes of shared memory of a block."""
        return _BYTES * self.slots * self.regions[3]


def steps_plan(n: int, available: int) -> BlockPlan | None:
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
    plan = BlockPlan(kernel, block, slots, shape, (shares, sums, matrix, end))
    return plan if groups > 0 and plan.shared <= available else None


def slots_for(threads: int) -> int:
    """Slots of that many threads in a block: as many as leave the fewest threads of its warps without work."""

    def idle(slots: int) -> float:
        return -(slots * threads) % 32 / (slots * threads)

    return min(range(1, max(1, SLOT_THREADS // threads) + 1), key=idle)


def resident(threads: int, shared: int, shared_there: int) -> int:
    """Blocks that a multiprocessor holds at once, whose threads take the registers that a block of 512 leaves each."""
    warps = -(-threads // 32)
    registers = _REGISTERS // STEPS_THREADS * 32 * warps
    return max(1, min(MOST_BLOCKS, shared_there // (shared + RESERVED), _REGISTERS // registers))
