"""The gradient: by how much a layer changes its size, and over how many layers."""

import math

from numpy.typing import ArrayLike

from helpers.activations import Array
from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import check_scales, variances
from helpers.edge_of_chaos.gaussian_means import gaussian_moments
from helpers.edge_of_chaos.variance import any_variance, variance_fixed_point


def chi(activation: Named, q: ArrayLike, sigma_w: float) -> Array:
    """Return chi_1 = f'(1) = sigma_w^2 V[phi'](q).

    The mean factor by which a layer changes the squared norm of a gradient, and by
    which it changes a small gap. Below 1: ordered phase; 1: edge of chaos; above:
    chaotic (Schoenholz et al. 2017; Hayou et al. 2019).

    Args:
        activation: as in `variance_map`.
        q: variances, any shape, >= 0.
        sigma_w: scale of the weights, >= 0.

    Returns:
        Shaped as q.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    act = resolve(activation)
    check_scales(sigma_w=sigma_w)
    return sigma_w**2 * gaussian_moments(act, variances(q))[1]


def depth_scale(
    activation: Named, sigma_w: float, sigma_b: float, *, q0: float = 1.0
) -> float:
    """Return 1 / |ln chi_1|: over how many layers gradients change by a factor e.

    In the ordered phase it is the depth scale of the gap too, the paper's
    -1 / ln chi_1. At the limit of the variance from q0; inf on the edge of chaos.

    Args:
        activation: as in `variance_map`.
        sigma_w: scale of the weights, >= 0; 0 has depth scale 0.
        sigma_b: scale of the biases, >= 0.
        q0: variance to start from, > 0.

    Raises:
        ValueError: the variance grows without bound, unless ReLU-like.
        TypeError, ValueError: as `variance_map`.
    """
    act = resolve(activation)
    q = variance_fixed_point(act, sigma_w, sigma_b, q0)
    if math.isinf(q):
        q = any_variance(act, f"at sigma_w = {sigma_w:g}, sigma_b = {sigma_b:g}")
    factor = sigma_w**2 * float(gaussian_moments(act, q)[1])
    if factor == 0:
        return 0.0
    rate = abs(math.log(factor))
    return math.inf if rate < 1e-14 else 1 / rate
