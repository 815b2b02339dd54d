"""Groups of sixteen lanes of float32 from pairs of groups of eight lanes of float64."""

from typing import Any


def build(lane: Any, jit: Any) -> Any:
    """The kernel `narrow_groups`."""
    pair = lane.WIDTH // 2

    @jit
    def narrow_groups(source, to, elements):
        """Round groups of `elements` elements, two into one: eight lanes of float64 each to sixteen of float32."""
        for g in range(to.size // (elements * lane.WIDTH)):
            low = 2 * g * elements * pair
            high = low + elements * pair
            for i in range(elements):
                lane.store(
                    to,
                    g * elements + i,
                    lane.narrow_pair(
                        lane.load_at(source, low + i * pair), lane.load_at(source, high + i * pair)
                    ),
                )

    return narrow_groups
