"""One system of `rhoscope.counterexamples`: it rests at h = 0 without input and misses its target by δ."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rhoscope.backprop import bptt
from rhoscope.devices import lapack
from rhoscope.scaled import scaled, sum_of_products

# Leading eigenvalues whose error may move the bounds of rho: those with at least this share of its modulus.
_CUTOFF = 0.9


@dataclass(frozen=True, eq=False)
class System:
    """One system, and what is known of it beforehand.

    Attributes
    ----------
    name, title, why
        What it is called, in a few words, and one sentence of why a naive reading of it is wrong.
    A, B, delta
        (n, n), (n, m) and ∂L/∂h_T = δ (n,); for fresh matrices A is (paths, T, n, n), A[:, T-k] at lag k.
    horizon
        T.
    exact_radius
        ρ of the system as it is meant, before entries were rounded.
    gradient
        Which gradient is looked at: "h" for ∂L/∂h_t, "x" for ∂L/∂x_t.
    exact
        Log growth at lags 0..T as exact arithmetic would have it, where rounding or chance changes it.
    reading
        The outcome that a naive reader expects; None for what the sign of log ρ says.
    """

    name: str
    title: str
    why: str
    A: NDArray[np.float64]
    B: NDArray[np.float64]
    delta: NDArray[np.float64]
    horizon: int
    exact_radius: float
    gradient: Literal["h", "x"] = "h"
    exact: NDArray[np.float64] | None = None
    reading: int | None = None

    def __post_init__(self) -> None:
        for array in (self.A, self.B, self.delta, self.exact):
            if array is not None:
                array.flags.writeable = False

    @property
    def size(self) -> int:
        """n."""
        return self.delta.size

    @property
    def x(self) -> NDArray[np.float64]:
        """Inputs, (T, m): zeros."""
        return np.zeros((self.horizon, self.B.shape[-1]))

    @property
    def h0(self) -> NDArray[np.float64]:
        """Initial state, (n,): zeros."""
        return np.zeros(self.size)

    @property
    def y(self) -> NDArray[np.float64]:
        """Target, (n,): as h_T = 0, the one that makes ∂L/∂h_T = h_T − y the δ of the system."""
        return -self.delta

    def radius(self) -> tuple[float, float, float]:
        """ρ(A) by LAPACK with its lower and upper bound."""
        values = lapack.eigenvalues(self.A)
        assert values is not None  # LAPACK converges on each of these few matrices
        low, high = lapack.radius_bounds(self.A, values, _CUTOFF)
        return float(np.abs(values).max()), low, high

    def paths(self) -> NDArray[np.float64]:
        """log‖gradient‖ at lags 0..T of each path, (paths, T+1); a fixed matrix has one."""
        found = bptt(self.A, self.B, self.x, self.h0, self.y)
        if self.gradient == "h":
            return found.log_norm_dh[None, ::-1]
        # x_t has t = 1..T, so its longest lag is T - 1.
        return scaled(found.dx).log_norm(axes=1)[None, ::-1]


@dataclass(frozen=True, eq=False)
class FreshSystem(System):
    """A system with another matrix of the same ensemble at each step; its ρ is the gain."""

    def radius(self) -> tuple[float, float, float]:
        """The gain three times: E‖δ‖² grows by its square a step, which no eigenvalue algorithm has to tell."""
        return self.exact_radius, self.exact_radius, self.exact_radius

    def paths(self) -> NDArray[np.float64]:
        """log‖∂L/∂h_{T-k}‖ at lags 0..T of each path, (paths, T+1)."""
        adjoint = scaled(self.A.swapaxes(-1, -2))
        gradient = scaled(np.tile(self.delta, (len(self.A), 1)))
        norms = [gradient.log_norm(axes=1)]
        for t in range(self.horizon - 1, -1, -1):
            gradient = sum_of_products(adjoint[:, t], gradient[:, None, :], axis=-1)
            norms.append(gradient.log_norm(axes=1))
        return np.stack(norms, axis=1)
