"""Moments of signal and noise in random networks of finite width.

The helper of chapter 3, on Labatie, "Characterizing Well-Behaved vs. Pathological Deep
Neural Networks" (ICML 2019). A signal h_l and a white noise dh_l go through the same
random ReLU network (the paper writes x^l for h_l). Data moments average over inputs
and positions, not over weights: mu_p are central, nu_p are not; both are then averaged
over channels. The normalized sensitivity is chi_l = sqrt(mu_2(dh_l) / mu_2(h_l)), over
the same at l = 0.
"""

from helpers.well_behaved.laws import (
    GAUSSIAN_MEAN_ABS,
    activation_growth,
    log_moment_law,
    rank_growth,
    residual_chi,
    residual_exponent,
    residual_growth,
    wide_vanilla,
)
from helpers.well_behaved.moments import (
    ARCHITECTURES,
    Fit,
    MomentTrajectory,
    growth_exponent,
    growth_rate,
    propagate,
)

__all__ = [
    "ARCHITECTURES",
    "GAUSSIAN_MEAN_ABS",
    "Fit",
    "MomentTrajectory",
    "activation_growth",
    "growth_exponent",
    "growth_rate",
    "log_moment_law",
    "propagate",
    "rank_growth",
    "residual_chi",
    "residual_exponent",
    "residual_growth",
    "wide_vanilla",
]
