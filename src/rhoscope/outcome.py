"""The closed table of what can become of a sample."""

from enum import IntEnum


class Outcome(IntEnum):
    """Whether a sample was computed, and if not, why.

    `text` says what happened, why, and what to try.
    """

    OK = 0
    LAPACK = 1
    NOT_CONVERGED = 2
    NON_FINITE = 3
    ZERO_ERROR = 4

    @property
    def computed(self) -> bool:
        """True when every column of the sample holds a computed value."""
        return self in (Outcome.OK, Outcome.LAPACK)

    @property
    def text(self) -> str:
        """What happened, why, and what to try."""
        return _TEXTS[self]


_TEXTS = {
    Outcome.OK: "computed",
    Outcome.LAPACK: "computed; the lane kernel did not converge, so LAPACK found the spectrum",
    Outcome.NOT_CONVERGED: "no spectrum: neither the lane kernel nor LAPACK converged; inspect the matrix with "
    "ensemble.sample(size, 1, seed=seed, gain=gain, start=index)",
    Outcome.NON_FINITE: "a matrix holds NaN or Inf; mend the array or the law it comes from",
    Outcome.ZERO_ERROR: "the error at the last step is exactly zero, so relative growth is undefined; "
    'draw it independently with delta = "independent"',
}
