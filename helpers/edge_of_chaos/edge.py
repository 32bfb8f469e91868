"""The edge of chaos: where variances are kept and chi_1 = 1."""

import math
from dataclasses import dataclass

import numpy as np

from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import check_scales
from helpers.edge_of_chaos.gaussian_means import gaussian_moments
from helpers.edge_of_chaos.variance import moment_table, root_between

_FLAT = 1e-100  # a slope of 0, at a variance that stands for 0


@dataclass(frozen=True)
class EdgePoint:
    """A point of the edge of chaos: sigma_w, and the variance q that the layers keep.

    ReLU-like activations keep every variance there; q is 1 for them.
    """

    sigma_w: float
    q: float


def edge_of_chaos(activation: Named, sigma_b: float) -> EdgePoint:
    """Return the point of the edge of chaos at a bias scale.

    The smallest root q of q = sigma_b^2 + V[phi](q) / V[phi'](q), and
    sigma_w = 1 / sqrt(V[phi'](q)): the point that Algorithm 1 of Hayou et al. 2019 aims
    at, found by bracketing. At sigma_b = 0 the limit, where q = 0 if phi(0) = 0.
    ReLU-like activations have the one point sigma_b = 0.

    Args:
        activation: as in `variance_map`.
        sigma_b: scale of the biases, >= 0.

    Returns:
        sigma_w and q, each within 1e-10 of the root. Cost: 1 ms.

    Raises:
        ValueError: no such point.
        TypeError, ValueError: as `variance_map`.
    """
    act = resolve(activation)
    check_scales(sigma_b=sigma_b)
    if act.slopes is not None:
        if sigma_b != 0:
            raise ValueError(
                f"{act.name} is ReLU-like: its edge of chaos is the single point "
                f"sigma_b = 0, got sigma_b = {sigma_b!r}"
            )
        return EdgePoint(1 / math.sqrt(float(gaussian_moments(act, 1.0)[1])), 1.0)

    def excess(q: float) -> float:
        value, slope, _ = gaussian_moments(act, q)
        return float(q - value / slope - sigma_b**2)

    if sigma_b == 0 and act.phi(np.zeros(1))[0] == 0:
        q = 0.0
    else:
        grid, value, slope = moment_table(act)
        with np.errstate(divide="ignore", invalid="ignore"):
            high = int(np.argmax(grid - value / slope > sigma_b**2))
        if high == 0:
            raise ValueError(
                f"{act.name} has no edge of chaos at sigma_b = {sigma_b:g}: no "
                f"variance in [{grid[0]:g}, {grid[-1]:g}] is kept with chi_1 = 1"
            )
        q = root_between(excess, grid[high - 1], grid[high])
    kept = float(gaussian_moments(act, q)[1])
    if kept < _FLAT:
        raise ValueError(
            f"{act.name} has no edge of chaos at sigma_b = {sigma_b:g}: its slope is 0 "
            f"at q = {q:g}, so no sigma_w makes chi_1 = 1"
        )
    return EdgePoint(1 / math.sqrt(kept), q)
