"""Random numbers and the logarithm for sixteen lanes in float64."""

import sys

from rhoscope.kernels import lane_wide as lane
from rhoscope.kernels import normal as _normal
from rhoscope.kernels import philox as _philox
from rhoscope.kernels.caching import inlined

kit = sys.modules[__name__]

products, philox, words = _philox.build(lane, kit, inlined)
log_normal_range, log, sincospi_near, sincospi, uniform_of, uniforms, normals_of, normals = _normal.build(
    lane, kit, inlined
)
