"""How fast two inputs become one on the edge of chaos: 1 / l, or 1 / l^2 with kinks."""

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Array
from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import positive, variances
from helpers.edge_of_chaos.gaussian_means import gaussian_moments


def beta(activation: Named, q: ArrayLike) -> Array:
    """Return beta_q of 1 - c_l ~ beta_q / l, on the edge of chaos at variance q.

    2 V[phi'](q) / (q V[phi''](q)): Hayou et al. 2019, for phi with a continuous
    derivative.

    Args:
        activation: as in `variance_map`.
        q: variances, any shape, > 0.

    Returns:
        Shaped as q.

    Raises:
        ValueError: phi' jumps: then the gap falls like 1 / l^2, see `kink_constant`.
        TypeError, ValueError: as `variance_map`.
    """
    act = resolve(activation)
    if act.jumps:
        raise ValueError(
            "activation must have a continuous derivative, that of "
            f"{act.name} jumps at {act.jumps[0][0]:g}: on the edge of chaos 1 - c "
            "falls like 1/l^2, with the constant of kink_constant"
        )
    given = variances(q)
    _, slope, curvature = gaussian_moments(act, given)
    with np.errstate(divide="ignore", over="ignore"):
        return 2 * slope / (given * curvature)


def kink_constant(activation: Named, q: float) -> float:
    """Return C of 1 - c_l ~ C / l^2, on the edge of chaos of an activation with kinks.

    Our extension of the ReLU law (9 pi^2 / 2, Hayou et al. 2019) to every kink:
    C = 18 pi^2 V[phi'](q)^2 / (sum_i J_i^2 exp(-x_i^2 / 2q))^2 where phi' jumps by J_i
    at x_i.

    Args:
        activation: as in `variance_map`.
        q: variance, > 0.

    Raises:
        ValueError: phi' does not jump: then see `beta`.
        TypeError, ValueError: as `variance_map`.
    """
    act, q = resolve(activation), positive("q", q)
    if not act.jumps:
        raise ValueError(
            "activation must have a kink, the derivative of "
            f"{act.name} does not jump: on the edge of chaos 1 - c falls like 1/l, "
            "with the constant of beta"
        )
    slope = float(gaussian_moments(act, q)[1])
    total = sum(jump**2 * math.exp(-(x**2) / (2 * q)) for x, jump in act.jumps)
    return 18 * math.pi**2 * slope**2 / total**2
