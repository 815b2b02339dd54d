"""The kernels of a block of threads assembled for CUDA, where they have a form of their own.

As in `cuda`, kernels call one another through this module; the scalar mathematics is that of every other device.
What is launched from Python is in `grids_block`.
"""

import sys

from rhoscope.kernels import balance, chase, francis, hessenberg, shifts
from rhoscope.kernels import block_backprop as _block_backprop
from rhoscope.kernels import block_norms as _block_norms
from rhoscope.kernels import block_spectrum as _block_spectrum
from rhoscope.kernels import block_steps as _block_steps
from rhoscope.kernels import cuda as _lanes
from rhoscope.kernels import lane_block as lane
from rhoscope.kernels import scaled as _scaled
from rhoscope.kernels import small as _small
from rhoscope.kernels.jit_cuda import inlined, jit

kit = sys.modules[__name__]

log = _lanes.log
normals = _lanes.normals
clamp_exponent, pow2, exponent, normalising, _, largest_beside, balancing, *_ = balance.build(
    lane, kit, inlined, inlined
)
householder, *_ = hessenberg.build(lane, kit, inlined)
_, _, _, _, make_reflector, *_ = chase.build(lane, kit, jit, inlined)
(
    small_beside,
    lost_beside,
    negligible,
    find_window,
    unit_of,
    roots,
    eigenvalues_2x2,
    read_pair,
    _,
) = francis.build(lane, kit, jit, jit)
(
    is_exceptional,
    exceptional,
    nearest_root,
    polynomial,
    halley,
    refined,
    shift,
    shifted_column,
    rows_to,
    corner_of,
    first_column,
) = shifts.build(lane, kit, jit)
_, reflect_three, *_ = _small.build(lane, kit, jit, inlined)

factors, inverse_factors, exponent_of, log_of, matrix_exponent, state_floor, *_ = _scaled.build(
    lane, kit, inlined
)
(
    load_tile,
    scale_tile,
    load_shared,
    scale_shared,
    largest_of,
    multiply,
    multiply_shared,
    add_shares,
    rescale_slot,
    march_slot,
    advance_slot,
    copy_slot,
) = _block_steps.build(lane, kit, inlined)
(
    slot_sum,
    slot_size,
    slot_norm,
    write_norm,
    record_slot,
    take_logs,
    slot_norms,
) = _block_norms.build(lane, kit, inlined)
(
    load_block,
    block_normalise,
    balance_norms,
    block_balance,
    block_hessenberg,
    block_form,
    reflect_line,
    block_sweep,
    block_francis,
) = _block_spectrum.build(lane, kit, inlined)
(
    draw_slot,
    drive_slot,
    slot_segment,
    slot_difference,
    states_slot,
    outer_slot,
    inputs_slot,
    tile_norm,
    cells_norm,
) = _block_backprop.build(lane, kit, inlined)
