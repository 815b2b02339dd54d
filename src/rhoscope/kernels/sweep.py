"""Applying a run of three-element reflectors to the parts of H that the bulge does not need at once.

Reflector r of the run is I - v t^T-like with v = (1, v1, v2) on rows (or columns) kb + r .. kb + r + 2, held as
v1, v2 and the negated products -tau, -tau v1, -tau v2 (five elements each). An entry is read and written once for
the whole run instead of three times for every reflector, and four columns (rows) at a time hide the latency.
The order of operations on any one entry is the one of an undelayed sweep, so results do not depend on the run.
"""

from typing import Any


def build(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def apply_run(h, run, count, p, step, side, lines):
        """Apply `count` reflectors along `lines` lines: entries at p, p + step, ...; the next line is `side` away."""
        line = 0
        while line + 4 <= lines:
            q = p
            x0 = lane.load(h, q)
            x1 = lane.load(h, q + side)
            x2 = lane.load(h, q + 2 * side)
            x3 = lane.load(h, q + 3 * side)
            q += step
            y0 = lane.load(h, q)
            y1 = lane.load(h, q + side)
            y2 = lane.load(h, q + 2 * side)
            y3 = lane.load(h, q + 3 * side)
            for r in range(count):
                q += step
                v1 = lane.load(run, 5 * r)
                v2 = lane.load(run, 5 * r + 1)
                t0 = lane.load(run, 5 * r + 2)
                t1 = lane.load(run, 5 * r + 3)
                t2 = lane.load(run, 5 * r + 4)
                z0 = lane.load(h, q)
                z1 = lane.load(h, q + side)
                z2 = lane.load(h, q + 2 * side)
                z3 = lane.load(h, q + 3 * side)
                s0 = lane.fma(v2, z0, lane.fma(v1, y0, x0))
                s1 = lane.fma(v2, z1, lane.fma(v1, y1, x1))
                s2 = lane.fma(v2, z2, lane.fma(v1, y2, x2))
                s3 = lane.fma(v2, z3, lane.fma(v1, y3, x3))
                back = q - 2 * step
                lane.store(h, back, lane.fma(s0, t0, x0))
                lane.store(h, back + side, lane.fma(s1, t0, x1))
                lane.store(h, back + 2 * side, lane.fma(s2, t0, x2))
                lane.store(h, back + 3 * side, lane.fma(s3, t0, x3))
                x0 = lane.fma(s0, t1, y0)
                x1 = lane.fma(s1, t1, y1)
                x2 = lane.fma(s2, t1, y2)
                x3 = lane.fma(s3, t1, y3)
                y0 = lane.fma(s0, t2, z0)
                y1 = lane.fma(s1, t2, z1)
                y2 = lane.fma(s2, t2, z2)
                y3 = lane.fma(s3, t2, z3)
            back = q - step
            lane.store(h, back, x0)
            lane.store(h, back + side, x1)
            lane.store(h, back + 2 * side, x2)
            lane.store(h, back + 3 * side, x3)
            lane.store(h, q, y0)
            lane.store(h, q + side, y1)
            lane.store(h, q + 2 * side, y2)
            lane.store(h, q + 3 * side, y3)
            p += 4 * side
            line += 4
        while line < lines:
            q = p
            x0 = lane.load(h, q)
            q += step
            y0 = lane.load(h, q)
            for r in range(count):
                q += step
                z0 = lane.load(h, q)
                s0 = lane.fma(lane.load(run, 5 * r + 1), z0, lane.fma(lane.load(run, 5 * r), y0, x0))
                lane.store(h, q - 2 * step, lane.fma(s0, lane.load(run, 5 * r + 2), x0))
                x0 = lane.fma(s0, lane.load(run, 5 * r + 3), y0)
                y0 = lane.fma(s0, lane.load(run, 5 * r + 4), z0)
            lane.store(h, q - step, x0)
            lane.store(h, q, y0)
            p += side
            line += 1

    @jit
    def apply_one(h, p, step, side, lines, v1, v2, t0, t1, t2):
        """Apply one reflector along `lines` lines, the last one first-come: entries at p, p + step, p + 2 step."""
        for _ in range(lines):
            x = lane.load(h, p)
            y = lane.load(h, p + step)
            z = lane.load(h, p + 2 * step)
            s = lane.fma(v2, z, lane.fma(v1, y, x))
            lane.store(h, p, lane.fma(s, t0, x))
            lane.store(h, p + step, lane.fma(s, t1, y))
            lane.store(h, p + 2 * step, lane.fma(s, t2, z))
            p += side

    return apply_run, apply_one
