"""The kernels for sixteen lanes in float64 that find eigenvalues."""

import sys

from rhoscope.kernels import balance, batches_cpu, chase, hessenberg, sweep
from rhoscope.kernels import francis as _francis
from rhoscope.kernels import groups_cpu as _groups_cpu
from rhoscope.kernels import lane_wide as lane
from rhoscope.kernels import shifts as _shifts
from rhoscope.kernels import small as _small
from rhoscope.kernels import spectrum as _spectrum
from rhoscope.kernels.caching import inlined, jit

kit = sys.modules[__name__]

(
    clamp_exponent,
    pow2,
    exponent,
    normalising,
    normalise,
    largest_beside,
    balancing,
    balanced,
    balance_matrix,
) = balance.build(lane, kit, jit, inlined)
householder, reflector, hessenberg_upper, hessenberg_lower, reduce_hessenberg = hessenberg.build(
    lane, kit, jit
)
apply_four, apply_corner = sweep.build(lane, inlined)
apply_line, apply_two, apply_lines, apply_run, make_reflector, chase_step, chase_run, qr_sweep = chase.build(
    lane, kit, jit, inlined
)
(
    small_beside,
    lost_beside,
    negligible,
    find_window,
    unit_of,
    roots,
    eigenvalues_2x2,
    read_pair,
    francis,
) = _francis.build(lane, kit, jit, inlined)
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
) = _shifts.build(lane, kit, inlined)
(
    without_negligible,
    reflect_three,
    reflect_two,
    sweep_four,
    cut_four,
    first_of_four,
    iterate_four,
    finish_four,
    francis_small,
    eigenvalues_two,
    francis_iterate,
) = _small.build(lane, kit, jit, inlined)
hessenberg_form, rescale, eigenvalues, _, _, _, _ = _spectrum.build(lane, kit, jit)
(
    take_group,
    take_fours,
    give_group,
    give_fours,
    give_half,
    give_quarter,
    give_eighth,
    give_one,
    give_pairs,
) = _groups_cpu.build(lane, kit, jit, inlined)
eigenvalues_batch, _ = batches_cpu.build(lane, kit, jit)
