"""The covariance of SGD's noise, the curvature it meets, and how it escapes.

The helper of chapter 6, on Zhu, Wu, Yu, Wu & Ma, "The Anisotropic Noise in Stochastic
Gradient Descent" (ICML 2019). Noisy descent is theta -> theta - eta (grad L + noise),
E noise = 0, Cov noise = Sigma; H is the Hessian of L, lam_1 >= ... >= lam_D its
eigenvalues and u_1, ..., u_D their eigenvectors. Tr(H Sigma) says how fast the noise
leaves a minimum; the isotropic noise of the same size has Sbar = (Tr Sigma / D) I.
"""

from helpers.sgd_noise.covariance import (
    GradientNoise,
    per_sample_gradients,
)
from helpers.sgd_noise.curvature import (
    HessianOperator,
    hessian,
    top_eigenpairs,
)
from helpers.sgd_noise.escape import (
    EscapeIndicator,
    clipped_square,
    displaced_losses,
    escape_indicator,
    expected_sharpness,
    plot_basins,
)
from helpers.sgd_noise.laws import (
    descent_escape,
    ou_escape,
    ratio_bound,
)
from helpers.sgd_noise.noisy_runs import (
    NOISES,
    NoisyRuns,
    dynamics,
)
from helpers.sgd_noise.two_basins import (
    SHAPES,
    Escape,
    TwoBasins,
)

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
    "ou_escape",
    "per_sample_gradients",
    "plot_basins",
    "ratio_bound",
    "top_eigenpairs",
]
