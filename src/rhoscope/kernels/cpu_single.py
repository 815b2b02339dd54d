"""The kernels for the CPU once more, in float32 and sixteen lanes; what draws matrices stays with `cpu`."""

import sys

from rhoscope.kernels import backpropagation as _backpropagation
from rhoscope.kernels import balance, batches_cpu, chase, condition, halves, hessenberg, numbers_wide, sweep
from rhoscope.kernels import few_rows as _few_rows
from rhoscope.kernels import francis as _francis
from rhoscope.kernels import groups_cpu as _groups_cpu
from rhoscope.kernels import interleaved as _interleaved
from rhoscope.kernels import lane_half as half
from rhoscope.kernels import lane_single as lane
from rhoscope.kernels import narrowed as _narrowed
from rhoscope.kernels import panels as _panels
from rhoscope.kernels import powers_interleaved as _powers
from rhoscope.kernels import recurrence as _recurrence
from rhoscope.kernels import recurrence_cpu as _recurrence_cpu
from rhoscope.kernels import scaled as _scaled
from rhoscope.kernels import shifts as _shifts
from rhoscope.kernels import singular as _singular
from rhoscope.kernels import small as _small
from rhoscope.kernels import spectrum as _spectrum
from rhoscope.kernels import strides as _strides
from rhoscope.kernels import strides_cpu as _strides_cpu
from rhoscope.kernels import two_blocks as _two_blocks
from rhoscope.kernels import two_samples as _two_samples
from rhoscope.kernels import widened as _widened
from rhoscope.kernels.caching import inlined, jit

kit = sys.modules[__name__]

normals, log_of = _widened.build(lane, kit, numbers_wide, jit)
begin_two, end_two = _two_blocks.build(lane, kit, inlined)
narrow_groups = _narrowed.build(lane, jit)
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
if lane.EIGHT_SUMS:
    apply_four, apply_corner = sweep.build(lane, inlined)
else:
    apply_four_half, apply_corner_half = sweep.build(half, inlined)
    apply_four, apply_corner = halves.build(half, kit, inlined)
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
(
    factor_shifted,
    divide,
    right_vector,
    left_vector,
    unit_largest,
    condition_number,
    radius_bounds,
) = condition.build(lane, kit, jit)
(
    gram,
    update_and_multiply,
    symmetric_reflector,
    tridiagonalise,
    laguerre_step,
    largest_root,
    spectral_norm,
) = _singular.build(lane, kit, jit)
hessenberg_form, rescale, eigenvalues, leading_eigenvalue, measure, finish_spectrum, spectrum = (
    _spectrum.build(lane, kit, jit)
)
spectrum_rows = _spectrum.ROWS
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
eigenvalues_batch, spectrum_batch = batches_cpu.build(lane, kit, jit)
(
    vector_size,
    vector_square,
    _,
    apply_matrices,
    outer_products,
    draw_inputs,
    scale_inputs,
    emit,
    note,
    cells,
    place_matrix,
    place_vector,
    transpose,
    steps_alone,
    bptt,
) = _interleaved.build(lane, kit, jit, inlined)
panel_16, panel_12, panel_11, panel_10, panel_9, panel_8, panel_4, panel_2, panel_1, combine = _panels.build(
    lane, kit, inlined
)
(
    factors,
    inverse_factors,
    exponent_of,
    _,
    matrix_exponent,
    state_floor,
    scale_vector,
    vector_exponent,
    rescale_vector,
    norm_of,
    log_norm,
) = _scaled.build(lane, kit, inlined)
copy_vector, march_in_memory, outside, at_fault, advance, settle_norms, record, norms_by_steps = (
    _recurrence.build(lane, kit, jit)
)
walk_2, walk_3, walk_4, walk_5, walk_6, walk_7, walk_8, walk, walks, march = _few_rows.build_interleaved(
    lane, kit, jit, inlined
)
(
    add_vector,
    clear_sum,
    raise_sum,
    add_states,
    add_inputs,
    input_exponent,
    run_segment,
    pass_forward,
    pass_back,
    pass_back_strides,
    start_back,
    end_back,
    regions,
    backpropagate,
) = _backpropagation.build(lane, kit, jit)
place_sample, step_norms, step_norms_batch = _recurrence_cpu.build(lane, kit, jit)
(
    walk_both_2,
    walk_both_3,
    walk_both_4,
    walk_both_5,
    walk_both_6,
    walk_both_7,
    walk_both_8,
    walk_both,
    goes_with_another,
    write_exponents,
    norms_of_two,
) = _two_samples.build_interleaved(lane, kit, jit, inlined)
square, _, _, _, _, _, panels_at, lay_in_panels = _powers.build(lane, kit, jit)
(
    matrix_square,
    raise_powers,
    add_image,
    map_inputs,
    record_between,
    unfold_sums,
    run_strides,
    stride_regions,
    backpropagate_by_strides,
) = _strides.build(lane, kit, jit)
turn, multiply_both, fetch, bptt_by_strides = _strides_cpu.build_interleaved(lane, kit, jit)
