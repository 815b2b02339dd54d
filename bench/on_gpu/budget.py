"""How much time a part has, how large its work may be, and how what fails in it is told."""

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


def words(error: Exception) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
