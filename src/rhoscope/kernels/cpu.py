"""All kernels assembled for the CPU.

Kernels call one another through this module (`kit.normals`), for the reason given in `lane_cpu`: a closure over a
module keeps the disk cache valid in the next process. Building costs nothing; each compiles on its first call.
"""

import sys

from rhoscope.kernels import lane_cpu as lane
from rhoscope.kernels.caching import jit

kit = sys.modules[__name__]
