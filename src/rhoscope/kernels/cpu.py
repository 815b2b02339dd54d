"""All kernels assembled for the CPU.

Kernels call one another through this module (`kit.normals`), for the reason given in `lane_cpu`: a closure over a
module keeps the disk cache valid in the next process. Building costs nothing; each compiles on its first call.
"""

import sys

from rhoscope.kernels import balance, condition, francis, hessenberg, sweep
from rhoscope.kernels import lane_cpu as lane
from rhoscope.kernels import normal as _normal
from rhoscope.kernels import philox as _philox
from rhoscope.kernels.caching import inlined, jit

kit = sys.modules[__name__]

philox, words = _philox.build(lane, kit, inlined)
log_normal_range, log, sincospi, uniforms, normals = _normal.build(lane, kit, inlined)

clamp_exponent, pow2, exponent, normalise, balance_matrix = balance.build(lane, kit, jit)
reflector, hessenberg_upper, hessenberg_lower, reduce_hessenberg = hessenberg.build(lane, kit, jit)
apply_run, apply_one = sweep.build(lane, kit, jit)
(
    drop_negligible,
    eigenvalues_2x2,
    deflate,
    first_column,
    make_reflector,
    qr_sweep,
    francis_iterate,
) = francis.build(lane, kit, jit)
(
    factor_shifted,
    divide,
    right_vector,
    left_vector,
    unit_largest,
    condition_number,
    radius_bounds,
) = condition.build(lane, kit, jit)
