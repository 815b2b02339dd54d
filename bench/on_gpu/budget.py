"""How much time a part has, and how large its work may be."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Budget:
    """Seconds that a part may take from now on; `small` asks for sizes that Numba's simulator can do."""

    seconds: float
    small: bool = False
    _began: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds until its end, never negative."""
        return max(0.0, self._began + self.seconds - time.perf_counter())

    def share(self, among: int) -> "Budget":
        """What is left, divided among so many."""
        return Budget(self.left / among, self.small)
