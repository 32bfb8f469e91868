"""Mean field of random networks: how length, angle and gradient travel with depth.

The helper of chapter 2, on Hayou, Doucet & Rousseau, "On the Impact of the Activation
Function on Deep Neural Networks Training" (ICML 2019). Layers have weights
N(0, sigma_w^2 / n_{l-1}) and biases N(0, sigma_b^2). At infinite width the
pre-activations z_l of two inputs are Gaussian with variance q_l and correlation c_l;
gap means 1 - c. Integrals are closed forms or quadrature split at the kinks, to 1e-10.
"""

from helpers.edge_of_chaos.activations import (
    ACTIVATIONS,
    Activation,
    relu_like,
)
from helpers.edge_of_chaos.gram_chains import (
    gram_chain,
)
from helpers.edge_of_chaos.mean_field import (
    EdgePoint,
    Trajectory,
    beta,
    chi,
    correlation_gap,
    correlation_map,
    correlation_slope,
    correlation_trajectory,
    depth_scale,
    edge_of_chaos,
    kink_constant,
    variance_fixed_point,
    variance_map,
    variance_slope,
    variance_trajectory,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "EdgePoint",
    "Trajectory",
    "beta",
    "chi",
    "correlation_gap",
    "correlation_map",
    "correlation_slope",
    "correlation_trajectory",
    "depth_scale",
    "edge_of_chaos",
    "gram_chain",
    "kink_constant",
    "relu_like",
    "variance_fixed_point",
    "variance_map",
    "variance_slope",
    "variance_trajectory",
]
