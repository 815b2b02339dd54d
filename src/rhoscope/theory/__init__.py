"""Closed forms and bounds: what mathematics says of random and of fixed matrices, for overlays and as oracles."""

from rhoscope.theory.calibration import CalibratedGain, calibrated_gain
from rhoscope.theory.eigenvalues import elliptic_law_share, expected_overlap
from rhoscope.theory.field_of_values import numerical_radius
from rhoscope.theory.fixed import (
    jordan_power,
    log_norm_normal,
    log_norm_shift,
    triangular2_peak,
    triangular2_power,
)
from rhoscope.theory.fresh import fresh_growth_variance, lyapunov_exponents_fresh
from rhoscope.theory.ginibre import (
    expected_eigenvalues_within,
    expected_power_norm,
    expected_real_eigenvalues,
    kostlan_cdf,
    kostlan_mean,
)
from rhoscope.theory.powers import (
    PowerBounds,
    Transient,
    log_power_bounds,
    log_power_norms,
    power_transient,
)
from rhoscope.theory.resolvent import KreissConstant, kreiss_constant
from rhoscope.theory.stationary import stationary_covariance

__all__ = [
    "CalibratedGain",
    "KreissConstant",
    "PowerBounds",
    "Transient",
    "calibrated_gain",
    "elliptic_law_share",
    "expected_eigenvalues_within",
    "expected_overlap",
    "expected_power_norm",
    "expected_real_eigenvalues",
    "fresh_growth_variance",
    "jordan_power",
    "kostlan_cdf",
    "kostlan_mean",
    "kreiss_constant",
    "log_norm_normal",
    "log_norm_shift",
    "log_power_bounds",
    "log_power_norms",
    "lyapunov_exponents_fresh",
    "numerical_radius",
    "power_transient",
    "stationary_covariance",
    "triangular2_peak",
    "triangular2_power",
]
