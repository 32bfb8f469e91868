"""One input: how the variance of the pre-activations travels with depth.

q_l = F(q_{l-1}) with F(q) = sigma_b^2 + sigma_w^2 V[phi](q): the map, its slope, the
limit of its iterates, found by bracketing.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from helpers.activations import Activation, Array
from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import (
    LARGEST,
    check_count,
    check_scales,
    positive,
    variances,
)
from helpers.edge_of_chaos.gaussian_means import gaussian_mean, gaussian_moments

_GRID = np.logspace(-7, 7, 561)
_BEYOND = np.concatenate([np.logspace(-201, -8, 194), np.logspace(8, 201, 194)])


def variance_map(
    activation: Named, q: ArrayLike, sigma_w: float, sigma_b: float
) -> Array:
    """Return the variance of the next layer, F(q) = sigma_b^2 + sigma_w^2 V[phi](q).

    Hayou et al. 2019, section 2; V[g](q) = E[g(sqrt(q) Z)^2], Z ~ N(0, 1).

    Args:
        activation: a key of `ACTIVATIONS` or an `Activation`.
        q: variances, any shape, >= 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.

    Returns:
        Shaped as q; relative error below 1e-10. Cost: 0.1 ms a value by quadrature.

    Raises:
        TypeError: `activation` is neither a name nor an `Activation`.
        ValueError: an unknown name, or an argument out of its range.
    """
    act = resolve(activation)
    check_scales(sigma_w=sigma_w, sigma_b=sigma_b)
    value, _, _ = gaussian_moments(act, variances(q))
    return sigma_b**2 + sigma_w**2 * value


def variance_slope(activation: Named, q: float, sigma_w: float) -> float:
    """Return F'(q), how a small error of the variance grows in one layer.

    sigma_w^2 E[phi'^2 + phi phi''](sqrt(q) Z), computed as sigma_w^2 E[x phi phi'] / q
    at x = sqrt(q) Z, which holds at kinks too. Below 1 the variance is attracted to a
    fixed point, above 1 repelled.

    Args:
        activation: as in `variance_map`.
        q: variance, > 0.
        sigma_w: scale of the weights, >= 0.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    act, q = resolve(activation), positive("q", q)
    check_scales(sigma_w=sigma_w)
    mean = gaussian_mean(act, lambda x: x * act.phi(x) * act.d1(x), np.array(q))
    return float(sigma_w**2 * mean / q)


def variance_fixed_point(
    activation: Named, sigma_w: float, sigma_b: float, q0: float = 1.0
) -> float:
    """Return the limit of q -> F(q) from q0; inf where the variance grows for ever.

    For V[phi] non-decreasing in q, as for all of `ACTIVATIONS`, the limit is the first
    fixed point above or below q0, found by bracketing and not by iterating: near the
    edge of chaos the iteration takes thousands of steps.

    Args:
        activation: as in `variance_map`.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.
        q0: variance to start from, > 0.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    act, q0 = resolve(activation), positive("q0", q0)
    check_scales(sigma_w=sigma_w, sigma_b=sigma_b)
    if act.slopes is not None:
        return _homogeneous_limit(act.slopes, sigma_w, sigma_b, q0)

    def excess(q: float) -> float:
        return float(q - sigma_b**2 - sigma_w**2 * gaussian_moments(act, q)[0])

    grows = excess(q0) <= 0
    for grid, value in (moment_table(act)[:2], _table_beyond(act)):
        above = grid - sigma_b**2 - sigma_w**2 * value > 0
        if grows and len(ends := grid[(grid > q0) & above]):
            low = max(q0, grid[np.searchsorted(grid, ends[0]) - 1])
            return root_between(excess, low, ends[0])
        if not grows and len(ends := grid[(grid < q0) & ~above]):
            high = min(q0, grid[np.searchsorted(grid, ends[-1]) + 1])
            return root_between(excess, ends[-1], high)
    return math.inf if grows else 0.0


def _homogeneous_limit(
    slopes: tuple[float, float], sigma_w: float, sigma_b: float, q0: float
) -> float:
    """Return the limit of q -> sigma_b^2 + rate q."""
    rate = sigma_w**2 * (slopes[0] ** 2 + slopes[1] ** 2) / 2
    if math.isclose(rate, 1, rel_tol=1e-12):
        return q0 if sigma_b == 0 else math.inf
    return sigma_b**2 / (1 - rate) if rate < 1 else math.inf


def variance_trajectory(
    activation: Named, q0: float, sigma_w: float, sigma_b: float, depth: int
) -> Array:
    """Return q_0, F(q_0), F(F(q_0)), ..., [depth + 1]; inf from 1e100 on.

    Args:
        activation: as in `variance_map`.
        q0: variance to start from, >= 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.
        depth: number of steps, >= 1.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    check_count(depth=depth)
    check_scales(q0=q0, sigma_w=sigma_w, sigma_b=sigma_b)
    path = [float(q0)]
    for _ in range(depth):
        last = path[-1]
        if last < LARGEST:
            last = float(variance_map(activation, last, sigma_w, sigma_b))
        path.append(last if last < LARGEST else math.inf)
    return np.array(path)


@lru_cache(maxsize=64)
def moment_table(act: Activation) -> tuple[Array, Array, Array]:
    """Return the grid of variances with V[phi] and V[phi'] on it."""
    value, slope, _ = gaussian_moments(act, _GRID)
    return _GRID, value, slope


@lru_cache(maxsize=64)
def _table_beyond(act: Activation) -> tuple[Array, Array]:
    """Return variances further out, coarser, with V[phi] on them; inf if it is."""
    with np.errstate(over="ignore"):
        return _BEYOND, gaussian_moments(act, _BEYOND)[0]


def any_variance(act: Activation, where: str) -> float:
    """Return a variance to compute with where it grows for ever, or raise."""
    if act.slopes is None:
        raise ValueError(
            f"the variance of {act.name} grows without bound {where}: there is no "
            "fixed point to compute at"
        )
    return 1.0


def root_between(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root between two points of opposite signs, to the last digit."""
    rtol = 4 * np.finfo(float).eps
    return float(brentq(function, low, high, xtol=1e-300, rtol=rtol))
