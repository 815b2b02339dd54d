"""Closed forms: what mathematics says of random and of fixed matrices, for overlays and as oracles."""

from rhoscope.theory.fixed import jordan_power, log_norm_normal, log_norm_shift, triangular2_power
from rhoscope.theory.fresh import fresh_growth_variance, lyapunov_exponents_fresh
from rhoscope.theory.ginibre import (
    expected_eigenvalues_within,
    expected_power_norm,
    expected_real_eigenvalues,
    kostlan_cdf,
    kostlan_mean,
)

__all__ = [
    "expected_eigenvalues_within",
    "expected_power_norm",
    "expected_real_eigenvalues",
    "fresh_growth_variance",
    "jordan_power",
    "kostlan_cdf",
    "kostlan_mean",
    "log_norm_normal",
    "log_norm_shift",
    "lyapunov_exponents_fresh",
    "triangular2_power",
]
