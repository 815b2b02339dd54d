"""Kernels that run over either half of the lanes in turn, for registers that hold only a half."""

from typing import Any


def build(half: Any, kit: Any, inlined: Any) -> Any:
    @inlined
    def apply_four(h, run, first, count, p, step, side):
        """As `apply_four` of `sweep`."""
        kit.apply_four_half(h, run, first, count, p, step, side)
        kit.apply_four_half(half.part(h, 1), half.part(run, 1), first, count, p, step, side)

    @inlined
    def apply_corner(h, p, ld, v1, v2, t0, t1, t2):
        """As `apply_corner` of `sweep`."""
        x, y, z = kit.apply_corner_half(
            h, p, ld, half.lower(v1), half.lower(v2), half.lower(t0), half.lower(t1), half.lower(t2)
        )
        x2, y2, z2 = kit.apply_corner_half(
            half.part(h, 1),
            p,
            ld,
            half.upper(v1),
            half.upper(v2),
            half.upper(t0),
            half.upper(t1),
            half.upper(t2),
        )
        return half.join(x, x2), half.join(y, y2), half.join(z, z2)

    return apply_four, apply_corner
