"""Numbers that decide which stored shards may be reused; raise one when the bits it speaks of change."""

from importlib.metadata import version

SAMPLER_VERSION = 2  # the map (seed, sample, stream) -> A, B, x, h_0, y
NUMERICS_VERSION = 2  # everything computed from those draws
STUDY_SCHEMA = 1  # the fields of a study and what they mean


def package_version() -> str:
    """The installed version of rhoscope."""
    return version("rhoscope")
