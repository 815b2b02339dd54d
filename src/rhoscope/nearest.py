"""The known name that was meant by an unknown one."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The nearest known name, quoted; all of them where none is near."""
    names = sorted(known)
    return " or ".join(map(repr, difflib.get_close_matches(name, names, n=1))) or (
        f"one of {', '.join(names)}" if names else "none"
    )
