"""The recurrences in float32 over the layout in which a lane is a column of one matrix."""

import sys

from rhoscope.kernels import backpropagation as _backpropagation
from rhoscope.kernels import columns as _columns
from rhoscope.kernels import columns_samples as _samples
from rhoscope.kernels import few_rows as _few_rows
from rhoscope.kernels import lane_single as lane
from rhoscope.kernels import powers_columns as _powers
from rhoscope.kernels import recurrence as _recurrence
from rhoscope.kernels import scaled as _scaled
from rhoscope.kernels import strides as _strides
from rhoscope.kernels import strides_cpu as _strides_cpu
from rhoscope.kernels import turns as _turns
from rhoscope.kernels import two_samples as _two_samples
from rhoscope.kernels.caching import inlined, jit
from rhoscope.kernels.cpu_single import begin_two, end_two, exponent, log_of, pow2

kit = sys.modules[__name__]

__all__ = ["begin_two", "end_two", "exponent", "log_of", "pow2"]

(
    vector_size,
    vector_square,
    combine_8,
    combine_4,
    combine_3,
    combine_narrow,
    combine_2,
    combine_1,
    combine_panel,
    outer_high,
    outer_broad,
    outer_tall,
    outer_flat,
    outer_single,
    apply_matrices,
    outer_products,
) = _columns.build(lane, kit, jit, inlined)
(
    draw_inputs,
    scale_inputs,
    place_of,
    emit,
    note,
    cells,
    place_rows,
    place_vector,
    place_square,
    largest_entry,
    place_matrix,
    place_sample,
    step_norms,
    bptt,
) = _samples.build(lane, kit, jit, inlined)
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
walk_2, walk_3, walk_4, walk_5, walk_6, walk_7, walk_8, walk, walks, march = _few_rows.build_columns(
    lane, kit, jit, inlined
)
divided, in_turns, panels_at, lay_in_panels, apply_in_turns, walk_in_turns = _turns.build(
    lane, kit, jit, inlined
)
(
    walk_both_2,
    walk_both_3,
    walk_both_4,
    walk_both,
    goes_with_another,
    write_exponents,
    norms_of_two,
) = _two_samples.build_columns(lane, kit, jit, inlined)
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
    product_12,
    product_6,
    product_4,
    product_2,
    product_1,
    pairs_12,
    pairs_8,
    pairs_4,
    pairs_1,
    pack,
    chain_of,
    square,
    square_pairs,
    square_cells,
    multiply_pairs,
    multiply_cells,
    *_,
) = _powers.build(lane, kit, jit, inlined)
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
turn, multiply_both, fetch, bptt_by_strides = _strides_cpu.build_columns(lane, kit, jit)
