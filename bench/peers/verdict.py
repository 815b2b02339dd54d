"""What a peer's pipeline makes of its columns: per lag a table of outcomes, correlations and a slope, in NumPy."""

from typing import Any

import numpy as np

BAND = np.log(10.0)
Z = 1.959964


def assemble(
    gain: np.ndarray, radius: np.ndarray, frobenius: np.ndarray, gradients: np.ndarray
) -> np.ndarray:
    """Columns of a pipeline: gain, ρ, ‖A‖_F, then log norms at the lags, at lag 0, of ∂L/∂A and ∂L/∂B."""
    return np.column_stack([gain, radius, frobenius, gradients])


def tables(columns: np.ndarray, lags: np.ndarray, band: float = BAND) -> list[dict[str, Any]]:
    """For every lag: outcomes predicted (rows: vanishes, indeterminate, explodes) and observed, and what follows.

    Accuracy with Wilson's interval; Pearson's r of rate and log ρ with Fisher's, raw and at unit gain; Spearman's;
    the slope with its standard error; r of the rival ‖A‖_F. No bootstrap.
    """
    from scipy.stats import rankdata  # here: the rest of a peer needs no SciPy

    log_gain, log_radius = np.log(columns[:, 0]), np.log(columns[:, 1])
    rival = np.log(columns[:, 2] / np.sqrt(len(columns)))
    growth = columns[:, 3:-3] - columns[:, -3:-2]
    ranks = rankdata(log_radius)
    found = []
    for lag, grown in zip(lags.tolist(), growth.T, strict=True):
        outcome = _outcome(lag * log_radius, band), _outcome(grown, band)
        counts = np.zeros((3, 3), dtype=int)
        np.add.at(counts, outcome, 1)
        right, decided = counts[0, 0] + counts[2, 2], counts[::2, ::2].sum()
        rate = grown / lag
        raw, unit = _fit(log_radius, rate), _fit(log_radius - log_gain, rate - log_gain)
        found.append(
            {
                "lag": lag,
                "counts": counts,
                "accuracy": (right / decided if decided else np.nan, *_wilson(right, decided)),
                "decided": (decided / len(columns), *_wilson(decided, len(columns))),
                "raw": raw,
                "unit_gain": unit,
                "spearman": np.corrcoef(ranks, rankdata(rate))[0, 1],
                "rival": _fit(rival - log_gain, rate - log_gain),
            }
        )
    return found


def _outcome(values: np.ndarray, band: float) -> np.ndarray:
    return 1 + (values > band).astype(int) - (values < -band)


def _wilson(successes: float, trials: float) -> tuple[float, float]:
    if not trials:
        return np.nan, np.nan
    share = successes / trials
    middle = share + Z**2 / (2 * trials)
    half = Z * np.sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2))
    return (middle - half) / (1 + Z**2 / trials), (middle + half) / (1 + Z**2 / trials)


def _fit(x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """r with its interval; slope of y on x with its standard error, allowing for unequal variances."""
    x, y = x - x.mean(), y - y.mean()
    square = x @ x
    r = x @ y / np.sqrt(square * (y @ y))
    half = Z / np.sqrt(len(x) - 3)
    slope = x @ y / square
    error = np.sqrt(np.sum((x * (y - slope * x)) ** 2)) / square
    return {
        "r": r,
        "interval": tuple(np.tanh(np.arctanh(r) + np.array([-half, half]))),
        "slope": slope,
        "error": error,
    }
