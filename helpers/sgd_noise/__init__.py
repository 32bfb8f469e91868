"""The covariance of SGD's noise, the curvature it meets, and how it escapes.

The helper of chapter 6, on Zhu, Wu, Yu, Wu & Ma, "The Anisotropic Noise in Stochastic
Gradient Descent" (ICML 2019). Noisy descent is theta -> theta - eta (grad L + noise),
E noise = 0, Cov noise = Sigma; H is the Hessian of L, lam_1 >= ... >= lam_D its
eigenvalues and u_1, ..., u_D their eigenvectors. Tr(H Sigma) says how fast the noise
leaves a minimum; the isotropic noise of the same size has Sigmabar = (Tr Sigma / D) I.

Read in this order:

    laws.py         escape from a quadratic minimum in closed form
    particles.py    the paper's toy: data of many particles, and noise of each shape
    two_basins.py   its landscape, a sharp and a flat basin, and the escapes
    factors.py      gradients of every sample as rank-one factors
    stack.py        fully connected networks side by side, read layer by layer
    copies.py       a private copy of any other network
    problem.py      network, data and loss as they were when they were given
    memory.py       how many samples fit at once
    sample_rows.py  gradients of every sample of any network, streamed
    per_sample.py   the gradients of every sample, by the route a network allows
    covariance.py   Sigma as an operator: trace, eigenvectors, draws
    operators.py    symmetric operators, and their leading eigenpairs
    straight.py     networks that are piecewise linear in each parameter
    curvature.py    H as an operator, and its trace
    indicator.py    Tr(H Sigma) beside isotropic noise, and the paper's bounds
    sharpness.py    losses beside a minimum, and the expected sharpness
    kicks.py        the kick of each kind of noise
    noisy_runs.py   descent with those kicks, on many networks at once
    places.py       loss, accuracy and flatness where a descent has led
    losses.py       losses by name, and the paper's clipped one
    arguments.py    what the functions accept
    __main__.py     the command behind the stored run of the nine dynamics
"""

from helpers.sgd_noise.covariance import GradientNoise
from helpers.sgd_noise.curvature import HessianOperator, hessian
from helpers.sgd_noise.indicator import EscapeIndicator, escape_indicator, ratio_bound
from helpers.sgd_noise.laws import descent_escape, ou_escape
from helpers.sgd_noise.losses import clipped_square
from helpers.sgd_noise.noisy_runs import NOISES, NoisyRuns, dynamics
from helpers.sgd_noise.operators import top_eigenpairs
from helpers.sgd_noise.per_sample import per_sample_gradients
from helpers.sgd_noise.places import look
from helpers.sgd_noise.sharpness import displaced_losses, expected_sharpness
from helpers.sgd_noise.two_basins import SHAPES, Escape, TwoBasins, plot_basins

__all__ = [
    "NOISES",
    "SHAPES",
    "Escape",
    "EscapeIndicator",
    "GradientNoise",
    "HessianOperator",
    "NoisyRuns",
    "TwoBasins",
    "clipped_square",
    "descent_escape",
    "displaced_losses",
    "dynamics",
    "escape_indicator",
    "expected_sharpness",
    "hessian",
    "look",
    "ou_escape",
    "per_sample_gradients",
    "plot_basins",
    "ratio_bound",
    "top_eigenpairs",
]
