"""Moments of signal and noise in random networks of finite width.

The helper of chapter 3, on Labatie, "Characterizing Well-Behaved vs. Pathological Deep
Neural Networks" (ICML 2019). A signal h_l and a white noise dh_l go through the same
random ReLU network (the paper writes x^l for h_l). Data moments average over inputs
and positions, not over weights: mu_p are central, nu_p are not; both are then averaged
over channels. The normalized sensitivity is chi_l = sqrt(mu_2(dh_l) / mu_2(h_l)), over
the same at l = 0.

Read in this order:
    laws.py: constants, exponents and exact limits in closed form.
    moments.py: the moments of one signal and one noise.
    tangent.py: signal and noise through one layer, or one residual unit.
    batches.py: the inputs read; of each draw, its generator, batch and noise.
    trajectory.py: the moments by draw and layer, and their intervals.
    propagation.py: the simulation, which sends many draws through many layers.
    fits.py: an exponential and a power law, fitted to each draw.
    module_propagation.py: the same moments after each module of any one network.
    module_moments.py: those by module, and what is derived from them.
    module_passes.py: one pass through a network, read after each module.
    module_checks.py: whether a network is one function that does not jump.
    arguments.py: checks of arguments that the other files share.
    __main__.py: the command, for convolutional networks at the paper's size.
"""

from helpers.well_behaved.fits import Fit, growth_exponent, growth_rate
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
from helpers.well_behaved.module_moments import ModuleMoments
from helpers.well_behaved.module_propagation import propagate_module
from helpers.well_behaved.propagation import ARCHITECTURES, propagate
from helpers.well_behaved.trajectory import MomentTrajectory

__all__ = [
    "ARCHITECTURES",
    "GAUSSIAN_MEAN_ABS",
    "Fit",
    "ModuleMoments",
    "MomentTrajectory",
    "activation_growth",
    "growth_exponent",
    "growth_rate",
    "log_moment_law",
    "propagate",
    "propagate_module",
    "rank_growth",
    "residual_chi",
    "residual_exponent",
    "residual_growth",
    "wide_vanilla",
]
