"""Mean field of random networks: how length, angle and gradient travel with depth.

The helper of chapter 2, on Hayou, Doucet & Rousseau, "On the Impact of the Activation
Function on Deep Neural Networks Training" (ICML 2019). Layers have weights
N(0, sigma_w^2 / n_{l-1}) and biases N(0, sigma_b^2). At infinite width the
pre-activations z_l of two inputs are Gaussian with variance q_l and correlation c_l;
gap means 1 - c. Integrals are closed forms or quadrature split at the kinks, to 1e-10.

Read in this order:
    activations.py: the activations of which the mean field is known.
    gaussian_means.py: V[phi](q) and the means of Gaussian pairs, by quadrature.
    variance.py: one input; F(q), its slope, its limit.
    gradients.py: chi_1, and the depth over which gradients change.
    correlation.py: two inputs; f(c), its slope, the gap through the layers.
    edge.py: the edge of chaos, where variances are kept and chi_1 = 1.
    rates.py: how fast the gap falls there.
    gram_chains.py: random networks of finite width.
    trainability.py: many networks of one shape, trained at once.
    arguments.py: checks of numbers.
"""

from helpers.activations import Activation, relu_like
from helpers.edge_of_chaos.activations import ACTIVATIONS
from helpers.edge_of_chaos.correlation import (
    Trajectory,
    correlation_gap,
    correlation_map,
    correlation_slope,
    correlation_trajectory,
)
from helpers.edge_of_chaos.edge import EdgePoint, edge_of_chaos
from helpers.edge_of_chaos.gradients import chi, depth_scale
from helpers.edge_of_chaos.gram_chains import gram_chain
from helpers.edge_of_chaos.rates import beta, kink_constant
from helpers.edge_of_chaos.trainability import Start, final_accuracies, train_together
from helpers.edge_of_chaos.variance import (
    variance_fixed_point,
    variance_map,
    variance_slope,
    variance_trajectory,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "EdgePoint",
    "Start",
    "Trajectory",
    "beta",
    "chi",
    "correlation_gap",
    "correlation_map",
    "correlation_slope",
    "correlation_trajectory",
    "depth_scale",
    "edge_of_chaos",
    "final_accuracies",
    "gram_chain",
    "kink_constant",
    "relu_like",
    "train_together",
    "variance_fixed_point",
    "variance_map",
    "variance_slope",
    "variance_trajectory",
]
