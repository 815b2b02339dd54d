"""Exceptions: each derives from `RhoscopeError` and from the builtin a user would expect.

Every message names the argument, the value received, and what would do.
"""


class RhoscopeError(Exception):
    """Base of every exception that rhoscope raises on purpose."""


class ArgumentError(RhoscopeError, ValueError):
    """An argument has the right type and an impossible value."""


class ArgumentTypeError(RhoscopeError, TypeError):
    """An argument has a type that cannot be used."""


class StudyError(RhoscopeError, ValueError):
    """A study, in Python or in TOML, does not describe a question that can be asked."""


class StudyFileNotFoundError(RhoscopeError, FileNotFoundError):
    """A study file or a run folder is not where the caller said."""


class StoreError(RhoscopeError, OSError):
    """A run folder cannot be written, belongs to something else, or does not hold what its manifest says."""


class DeviceError(RhoscopeError, RuntimeError):
    """The device asked for cannot be had, or failed."""
