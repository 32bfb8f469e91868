"""Two inputs: how their correlation travels with depth.

c_l = f(c_{l-1}) at one variance q of both; computed as the gap 1 - c, which keeps its
relative precision as c -> 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Activation, Array
from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import check_count, positive, within
from helpers.edge_of_chaos.gaussian_means import half_square, pair_table
from helpers.edge_of_chaos.variance import (
    any_variance,
    variance_fixed_point,
    variance_map,
)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The correlation of two inputs through the layers, [depth + 1] each.

    Attributes:
        gap: 1 - c_l, without cancellation; entry 0 is the start.
        slope: f'(c_l), the factor by which layer l changes the covariance of gradients.
    """

    gap: Array
    slope: Array

    @property
    def c(self) -> Array:
        """The correlations c_l, [depth + 1]."""
        return 1 - self.gap


def correlation_map(
    activation: Named, c: ArrayLike, q: float, sigma_w: float, sigma_b: float
) -> Array:
    """Return the correlation after one more layer, f(c).

    f(c) = (sigma_b^2 + sigma_w^2 E phi(u) phi(v)) / F(q), u and v of variance q and
    correlation c; at a fixed point F(q) = q and this is the paper's f. Near c = 1 use
    `correlation_gap`.

    Args:
        activation: as in `variance_map`.
        c: correlations, any shape, in [-1, 1]; beyond by rounding counts as the end.
        q: variance of both inputs, > 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.

    Returns:
        Shaped as c; absolute error below 1e-10. Cost by quadrature: 1 ms for one value,
        50 ms for an array at a new q and 10 us for each of its values.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    given = within("c", c, -1, 1)
    return 1 - correlation_gap(activation, 1 - given, q, sigma_w, sigma_b)


def correlation_gap(
    activation: Named, gap: ArrayLike, q: float, sigma_w: float, sigma_b: float
) -> Array:
    """Return 1 - f(1 - gap) without cancellation, for gaps as small as 1e-12.

    sigma_w^2 E (phi(u) - phi(v))^2 / (2 F(q)).

    Args:
        activation: as in `variance_map`.
        gap: 1 - c, any shape, in [0, 2].
        q: variance of both inputs, > 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.

    Returns:
        Shaped as gap; relative error below 1e-10.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    act, q = resolve(activation), positive("q", q)
    following = _next_variance(act, q, sigma_w, sigma_b)
    scale = sigma_w**2 / following
    function = pair_table(act, q).half_square
    if np.ndim(gap) == 0 and act.half_square is None:
        function = partial(half_square, act, act.phi, q=q)
    return scale * _each(function, gap)


def correlation_slope(
    activation: Named, gap: ArrayLike, q: float, sigma_w: float, sigma_b: float
) -> Array:
    """Return f'(1 - gap) = sigma_w^2 (q / F(q)) E phi'(u) phi'(v).

    By Price's theorem. At a fixed point it is the factor by which one layer changes the
    covariance of the gradients of two inputs; f'(1) = chi_1.

    Args:
        activation: as in `variance_map`.
        gap: 1 - c, any shape, in [0, 2].
        q: variance of both inputs, > 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.

    Returns:
        Shaped as gap.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    act, q = resolve(activation), positive("q", q)
    following = _next_variance(act, q, sigma_w, sigma_b)
    scale = sigma_w**2 * q / following
    return scale * _each(pair_table(act, q).slope_mean, gap)


def correlation_trajectory(
    activation: Named,
    sigma_w: float,
    sigma_b: float,
    c0: float,
    depth: int,
    *,
    q: float | None = None,
) -> Trajectory:
    """Return the correlation of two inputs through depth layers, c_l = f(c_{l-1}).

    Both inputs have the variance q in every layer (Hayou et al. 2019, section 2).

    Args:
        activation: as in `variance_map`.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.
        c0: correlation to start from, in [-1, 1].
        depth: number of layers, >= 1.
        q: the variance; None is its limit from 1. A ReLU-like network of growing
            variance forgets its biases, and they are left out.

    Raises:
        ValueError: the variance has no finite positive limit.
        TypeError, ValueError: as `variance_map`.

    Cost: 10 us a layer, and 50 ms for a new q by quadrature.
    """
    act = resolve(activation)
    check_count(depth=depth)
    start = float(within("c0", c0, -1, 1))
    if q is None:
        q = variance_fixed_point(act, sigma_w, sigma_b)
        if math.isinf(q):
            where = f"at sigma_w = {sigma_w:g}, sigma_b = {sigma_b:g}"
            q, sigma_b = any_variance(act, where), 0.0
        if q == 0:
            raise ValueError(
                f"the variance of {act.name} tends to 0 at sigma_w = {sigma_w:g}, "
                f"sigma_b = {sigma_b:g}: give the q at which to compute"
            )
    q = positive("q", q)
    table = pair_table(act, q)
    following = _next_variance(act, q, sigma_w, sigma_b)
    scale = sigma_w**2 / following
    gaps = [1.0 - start]
    for _ in range(depth):
        gaps.append(min(scale * table.half_square(gaps[-1]), 2.0))
    slopes = scale * q * _each(table.slope_mean, np.array(gaps))
    return Trajectory(np.array(gaps), slopes)


def _next_variance(act: Activation, q: float, sigma_w: float, sigma_b: float) -> float:
    """Return F(q), or raise when it is zero."""
    following = float(variance_map(act, q, sigma_w, sigma_b))
    if following == 0:
        raise ValueError(
            "sigma_w and sigma_b must not both be 0, nor their squares: the next layer "
            "would be constant"
        )
    return following


def _each(function: Callable[[float], float], gap: ArrayLike) -> Array:
    """Apply a function of one gap to each, or raise."""
    gaps = within("gap", gap, 0, 2)
    return np.array([function(g) for g in gaps.ravel()]).reshape(gaps.shape)
