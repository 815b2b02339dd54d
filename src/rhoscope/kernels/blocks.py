"""The kernels of a block of threads assembled for CUDA, where they have a form of their own.

As in `cuda`, kernels call one another through this module; the scalar mathematics is that of every other device.
What is launched from Python is in `grids_block`.
"""

import sys

from rhoscope.kernels import balance
from rhoscope.kernels import block_steps as _block_steps
from rhoscope.kernels import cuda as _lanes
from rhoscope.kernels import lane_block as lane
from rhoscope.kernels import scaled as _scaled
from rhoscope.kernels.jit_cuda import inlined

kit = sys.modules[__name__]

log = _lanes.log
clamp_exponent, pow2, exponent, *_ = balance.build(lane, kit, inlined)
factors, exponent_of, log_of, *_ = _scaled.build(lane, kit, inlined)
(
    load_tile,
    scale_tile,
    load_shared,
    scale_shared,
    largest_of,
    multiply,
    multiply_shared,
    add_shares,
    slot_sum,
    slot_size,
    slot_norm,
    rescale_slot,
    march_slot,
    advance_slot,
    record_slot,
    slot_norms,
) = _block_steps.build(lane, kit, inlined)
