"""The Kreiss constant, by level sets of the resolvent on circles and branch and bound over their radius."""

import heapq
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rhoscope.arrays import as_matrices
from rhoscope.errors import ArgumentError
from rhoscope.theory.numbers import single

_ANGLES = 16
_CIRCLES = 200
_OUTWARD = 60
"""Circles at most, the radius growing fourfold from each to the next, before those between are divided."""
_NEAR_CIRCLE = 1e-3
"""How far from modulus 1 an eigenvalue of the pencil may be by rounding; too many cost only time."""


class KreissConstant(NamedTuple):
    """Bounds of the Kreiss constant, `low` <= K <= `high`."""

    low: float
    high: float


class _Circle(NamedTuple):
    """‖(zI - A)⁻¹‖ at its largest on |z| = exp(s), between two bounds."""

    s: float
    low: float
    high: float

    @property
    def found(self) -> float:
        """A number that K is not below."""
        return math.expm1(self.s) * self.low


def kreiss_constant(matrix: Any, *, tolerance: float = 1e-4) -> KreissConstant:
    """The Kreiss constant K(A) = sup over |z| > 1 of (|z| - 1) ‖(zI - A)⁻¹‖, between two bounds.

    K <= sup_k ‖A^k‖ <= e n K (Kreiss's matrix theorem with Spijker's constant), so that K > 1 says that powers
    grow before they decay. K = 1 if ‖A‖ <= 1, as for a normal matrix with ρ <= 1, and infinite for ρ > 1.

    On a circle |z| = r the largest norm M(r) comes from level sets: the angles at which zI - A has a given
    singular value are eigenvalues of modulus 1 of a 2n×2n pencil. Outside the spectrum log M is convex in log r
    (Hadamard's three circles), so between two circles a chord bounds it from above; beyond the last one r M(r)
    does, which falls to 1. The interval with the highest bound is divided until bounds and found values meet.

    Parameters
    ----------
    matrix
        A, (n, n), real or complex.
    tolerance
        Relative distance of the bounds to reach, from 1e-8 to 1.

    Returns
    -------
    KreissConstant
        `.low` and `.high`. Both are infinite if ρ > 1. Where A is within rounding of matrices on either side of
        ρ = 1, `.high` is infinite; and rounding alone may keep the two further apart than the tolerance.

    Raises
    ------
    ArgumentError
        Not one square matrix of finite numbers, or a tolerance outside its range.

    References
    ----------
    L. N. Trefethen and M. Embree, "Spectra and Pseudospectra" (2005), section 18. N. A. Bruinsma and M. Steinbuch,
    "A fast algorithm to compute the H∞-norm of a transfer function matrix", Systems Control Lett. 14 (1990).
    M. N. Spijker, "On a conjecture by LeVeque and Trefethen related to the Kreiss matrix theorem", BIT 31 (1991).

    Examples
    --------
    >>> from rhoscope.theory import kreiss_constant
    >>> low, high = kreiss_constant([[0.9, 100.0], [0.0, 0.9]])
    >>> print(round(low), round(high))
    250 250
    """
    A = single("matrix", as_matrices(matrix, "matrix"))
    if not 1e-8 <= tolerance <= 1.0:
        raise ArgumentError(f"tolerance: {tolerance}; a number from 1e-08 to 1 would do")
    resolvent = _Resolvent(A, tolerance / 10.0)
    if np.linalg.norm(A, 2) <= 1.0 + resolvent.rounding:
        return KreissConstant(1.0, 1.0)  # ‖(zI - A)⁻¹‖ <= 1/(|z| - ‖A‖), and (|z| - 1)‖(zI - A)⁻¹‖ -> 1
    unit = resolvent.on_circle(0.0)
    if math.isfinite(unit.high):
        # No matrix within rounding of A has an eigenvalue on the unit circle: the computed ones are on their side.
        if resolvent.radius > 1.0:
            return KreissConstant(math.inf, math.inf)
        return _branch_and_bound(resolvent, unit, tolerance)
    found = (resolvent.found_on_circle(math.log1p(2.0**power)) for power in range(-40, 11))
    return KreissConstant(max(1.0, *found), math.inf)


def _branch_and_bound(resolvent: "_Resolvent", unit: _Circle, tolerance: float) -> KreissConstant:
    """Bounds of the largest (r - 1) M(r) over r > 1, from M on the unit circle."""
    best, last = 1.0, unit
    open_intervals: list[tuple[float, float, _Circle, _Circle]] = []

    def add(left: _Circle, right: _Circle) -> None:
        bound, s = _chord_bound(left, right)
        heapq.heappush(open_intervals, (-bound, s, left, right))

    # Outwards, until r M(r), which bounds all circles further out, is no higher than what was found.
    beyond = math.inf
    for outward in range(1, _OUTWARD):
        circle = resolvent.on_circle(math.log1p(4.0**outward))
        best = max(best, circle.found)
        add(last, circle)
        last = circle
        beyond = math.exp(last.s) * last.high
        if beyond <= best * (1.0 + tolerance):
            break
    for _ in range(_CIRCLES):
        minus_bound, s, left, right = open_intervals[0]
        if -minus_bound <= best * (1.0 + tolerance) or not left.s < s < right.s:
            break
        heapq.heappop(open_intervals)
        circle = resolvent.on_circle(s)
        best = max(best, circle.found)
        add(left, circle)
        add(circle, right)
    return KreissConstant(best, max(best, beyond, -open_intervals[0][0]))


def _chord_bound(left: _Circle, right: _Circle) -> tuple[float, float]:
    """A bound of (r - 1) M(r) between two circles, and the s = log r at which the chord through M reaches it.

    log(e^s - 1) plus the chord c + m s is concave, with its maximum where r = m/(m + 1).
    """
    width = right.s - left.s
    slope = math.log(right.high / left.high) / width
    peak = -math.log1p(1.0 / slope) if slope < -1.0 else math.inf
    s = min(max(peak, left.s), right.s)
    bound = math.expm1(s) * left.high * math.exp(slope * (s - left.s))
    # A bound at an end is divided in the middle: there alone something new can be found.
    margin = 1e-3 * width
    return bound, s if left.s + margin < s < right.s - margin else left.s + width / 2.0


class _Resolvent:
    """The resolvent of a matrix on circles round zero."""

    def __init__(self, A: NDArray[Any], tolerance: float):
        self.A = A
        self.tolerance = tolerance
        self.radius = float(np.abs(np.linalg.eigvals(A)).max())
        self.rounding = 8.0 * len(A) * float(np.finfo(float).eps)
        self._norm = float(np.linalg.norm(A))
        angles = 2.0 * math.pi * np.arange(_ANGLES) / _ANGLES
        self._angles = angles if A.dtype.kind == "c" else angles[: _ANGLES // 2 + 1]

    def on_circle(self, s: float) -> _Circle:
        """The largest ‖(zI - A)⁻¹‖ = 1/σ_min(zI - A) on |z| = exp(s)."""
        r = math.exp(s)
        slack = self._slack(r)
        least = floor = math.inf
        angles = self._angles
        while angles.size:
            descended = self._least_near(r, angles)
            if descended >= floor:
                break
            least, floor = descended, descended * (1.0 - self.tolerance)
            angles = self._between_crossings(r, floor)
        floor -= slack
        return _Circle(s, 1.0 / (least + slack), 1.0 / floor if floor > 0.0 else math.inf)

    def found_on_circle(self, s: float) -> float:
        """Some value of (|z| - 1)‖(zI - A)⁻¹‖ on |z| = exp(s), a large one, less what rounding may add."""
        r = math.exp(s)
        return math.expm1(s) / (self._least_near(r, self._angles) + self._slack(r))

    def _slack(self, r: float) -> float:
        """How far rounding may take σ_min."""
        return self.rounding * (r + self._norm)

    def _sigma(self, r: float, angles: NDArray[np.float64]) -> NDArray[np.floating]:
        """σ_min(r e^{iθ} I - A) at some angles."""
        shifted = r * np.exp(1j * angles)[:, None, None] * np.eye(len(self.A)) - self.A
        return np.linalg.svd(shifted, compute_uv=False)[:, -1]

    def _least_near(self, r: float, angles: NDArray[np.float64]) -> float:
        """The least σ_min at some angles, or a lower local minimum near it."""
        from scipy import optimize  # slow to load

        values = self._sigma(r, angles)
        angle, reach = float(angles[values.argmin()]), 2.0 * math.pi / _ANGLES
        found = optimize.minimize_scalar(
            lambda theta: float(self._sigma(r, np.array([theta]))[0]),
            bounds=(angle - reach, angle + reach),
            method="bounded",
            options={"xatol": 1e-6},
        )
        return min(float(values.min()), float(found.fun))

    def _between_crossings(self, r: float, level: float) -> NDArray[np.float64]:
        """Angles between those at which some singular value of r e^{iθ} I - A is `level`.

        They are the arguments of the eigenvalues ζ of modulus 1 of [[γ, -A], [r, 0]] + ζ [[0, r], [-A^H, γ]].
        """
        import scipy.linalg  # slow to load

        n, eye = len(self.A), np.eye(len(self.A))
        zero = np.zeros((n, n))
        left = np.block([[level * eye, -self.A], [r * eye, zero]])
        right = np.block([[zero, -r * eye], [self.A.conj().T, -level * eye]])
        numerator, denominator = scipy.linalg.eigvals(left, right, homogeneous_eigvals=True)
        on_circle = np.abs(np.abs(numerator) - np.abs(denominator)) < _NEAR_CIRCLE * np.abs(denominator)
        crossings = np.sort(np.angle(numerator[on_circle] / denominator[on_circle]))
        if not crossings.size:
            return crossings
        return crossings + np.diff(crossings, append=crossings[0] + 2.0 * math.pi) / 2.0
