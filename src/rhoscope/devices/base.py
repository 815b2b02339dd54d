"""What a device is to the rest of the house."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from rhoscope.study import Study


class Device(Protocol):
    """Hardware that turns a range of sample indices into columns."""

    @property
    def name(self) -> str:
        """Short name, recorded with every shard."""
        ...

    def columns(
        self, study: "Study", start: int, stop: int, *, cancelled: Callable[[], bool] | None = None
    ) -> dict[str, np.ndarray]:
        """Every column of the result for samples start..stop-1, in order."""
        ...
