"""All kernels assembled for CUDA, from the texts that the CPU runs.

As in `cpu`, kernels call one another through this module. What is launched from Python is in `grids`.
"""

import sys

from rhoscope.kernels import backpropagation as _backpropagation
from rhoscope.kernels import balance, chase, condition, hessenberg, sweep
from rhoscope.kernels import fills_entries as _fills_entries
from rhoscope.kernels import fills_rotated as _fills_rotated
from rhoscope.kernels import francis as _francis
from rhoscope.kernels import fresh as _fresh
from rhoscope.kernels import gaussian as _gaussian
from rhoscope.kernels import interleaved as _interleaved
from rhoscope.kernels import lane_cuda as lane
from rhoscope.kernels import normal as _normal
from rhoscope.kernels import philox as _philox
from rhoscope.kernels import recurrence as _recurrence
from rhoscope.kernels import reflections as _reflections
from rhoscope.kernels import scaled as _scaled
from rhoscope.kernels import shifts as _shifts
from rhoscope.kernels import singular as _singular
from rhoscope.kernels import small as _small
from rhoscope.kernels import spectrum as _spectrum
from rhoscope.kernels import two_blocks as _two_blocks
from rhoscope.kernels.jit_cuda import inlined, jit

kit = sys.modules[__name__]

products, philox, words = _philox.build(lane, kit, inlined)
log_normal_range, log, sincospi_near, sincospi, uniform_of, uniforms, normals_of, normals = _normal.build(
    lane, kit, inlined
)
begin_two, end_two = _two_blocks.build(lane, kit, inlined)
put_number, fill_normals, gain_of, multiply = _gaussian.build(lane, kit, jit, inlined)
random_reflection, reflect_four, reflect_one, reflect = _reflections.build(lane, kit, jit)
(
    fill_ginibre,
    put_complex,
    put_mirrored,
    fill_complex_pairs,
    fill_mirrored_pairs,
    fill_complex_ginibre,
    fill_elliptic,
    fill_sparse,
) = _fills_entries.build(lane, kit, jit, inlined)
ring_blocks, random_frame, fill_diagonal, fill_triangular, fill_haar, fill_low_rank = _fills_rotated.build(
    lane, kit, jit
)

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
apply_four, apply_corner = sweep.build(lane, jit)
apply_line, apply_two, apply_lines, apply_run, make_reflector, chase_step, chase_run, qr_sweep = chase.build(
    lane, kit, jit, jit
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
) = _francis.build(lane, kit, jit, jit)
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
) = _shifts.build(lane, kit, jit)
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
) = _small.build(lane, kit, jit, jit)
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
    vector_size,
    vector_square,
    combine,
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
    step_norms,
    bptt,
) = _interleaved.build(lane, kit, jit, inlined)
(
    factors,
    inverse_factors,
    exponent_of,
    log_of,
    matrix_exponent,
    state_floor,
    scale_vector,
    vector_exponent,
    rescale_vector,
    norm_of,
    log_norm,
) = _scaled.build(lane, kit, jit)
copy_vector, march, outside, at_fault, advance, settle_norms, record, norms_by_steps = _recurrence.build(
    lane, kit, jit
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
(
    fresh_regions,
    fresh_group_regions,
    tame,
    fresh_step,
    fresh_begin,
    fresh_forward,
    fresh_subtract,
    fresh_backward,
) = _fresh.build(lane, kit, jit)
