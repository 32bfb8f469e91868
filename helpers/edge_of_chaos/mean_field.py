"""Mean field of random networks: how length, angle and gradient travel with depth.

The helper of chapter 2, on Hayou, Doucet & Rousseau, "On the Impact of the Activation
Function on Deep Neural Networks Training" (ICML 2019). Layers have weights
N(0, sigma_w^2 / n_{l-1}) and biases N(0, sigma_b^2). At infinite width the
pre-activations z_l of two inputs are Gaussian with variance q_l and correlation c_l;
gap means 1 - c. Integrals are closed forms or quadrature split at the kinks, to 1e-10.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from helpers.edge_of_chaos.activations import (
    Activation,
    Array,
    Named,
    check_count,
    check_scales,
    positive,
    resolve,
    variances,
)
from helpers.edge_of_chaos.gaussian_pairs import (
    gaussian_mean,
    gaussian_moments,
    half_square,
    pair_table,
)

_Q_GRID = np.logspace(-7, 7, 561)
_ROOT = {"xtol": 1e-300, "rtol": 4 * np.finfo(float).eps}
_LARGEST_Q = 1e100


@dataclass(frozen=True)
class EdgePoint:
    """A point of the edge of chaos: sigma_w, and the variance q that the layers keep.

    ReLU-like activations keep every variance there; q is 1 for them.
    """

    sigma_w: float
    q: float


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


# One input: the variance.


def variance_map(
    activation: Named, q: ArrayLike, sigma_w: float, sigma_b: float
) -> Array:
    """Return the variance of the next layer, F(q) = sigma_b^2 + sigma_w^2 V[phi](q).

    Hayou et al. 2019, section 2; V[g](q) = E g(sqrt(q) Z)^2, Z ~ N(0, 1).

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

    grid, value, _ = _table(act)
    above = grid - sigma_b**2 - sigma_w**2 * value > 0
    if excess(q0) <= 0:
        ends = grid[(grid > q0) & above]
        if not len(ends):
            return math.inf
        low = max(q0, grid[np.searchsorted(grid, ends[0]) - 1])
        return float(brentq(excess, low, ends[0], **_ROOT))
    ends = grid[(grid < q0) & ~above]
    if not len(ends):
        return 0.0
    high = min(q0, grid[np.searchsorted(grid, ends[-1]) + 1])
    return float(brentq(excess, ends[-1], high, **_ROOT))


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
    path = [float(variances(q0))]
    for _ in range(depth):
        last = path[-1]
        if last < _LARGEST_Q:
            last = float(variance_map(activation, last, sigma_w, sigma_b))
        path.append(last if last < _LARGEST_Q else math.inf)
    return np.array(path)


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
        q = _any_q(act, f"at sigma_w = {sigma_w:g}, sigma_b = {sigma_b:g}")
    factor = float(chi(act, q, sigma_w))
    if factor == 0:
        return 0.0
    rate = abs(math.log(factor))
    return math.inf if rate < 1e-14 else 1 / rate


# Two inputs: the correlation.


def correlation_map(
    activation: Named, c: ArrayLike, q: float, sigma_w: float, sigma_b: float
) -> Array:
    """Return the correlation after one more layer, f(c).

    f(c) = (sigma_b^2 + sigma_w^2 E phi(u) phi(v)) / F(q), u and v of variance q and
    correlation c; at a fixed point F(q) = q and this is the paper's f. Near c = 1 use
    `correlation_gap`.

    Args:
        activation: as in `variance_map`.
        c: correlations, any shape, in [-1, 1].
        q: variance of both inputs, > 0.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.

    Returns:
        Shaped as c; absolute error below 1e-10. Cost by quadrature: 1 ms for one value,
        50 ms for an array at a new q and 10 us for each of its values.

    Raises:
        TypeError, ValueError: as `variance_map`.
    """
    given = np.asarray(c, dtype=np.float64)
    if not (np.abs(given) <= 1).all():
        raise ValueError(f"c must lie in [-1, 1], got {c!r}")
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
    scale = sigma_w**2 / _next_variance(act, q, sigma_w, sigma_b)
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
    scale = sigma_w**2 * q / _next_variance(act, q, sigma_w, sigma_b)
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
    if not -1 <= c0 <= 1:
        raise ValueError(f"c0 must lie in [-1, 1], got {c0!r}")
    if q is None:
        q = variance_fixed_point(act, sigma_w, sigma_b)
        if math.isinf(q):
            where = f"at sigma_w = {sigma_w:g}, sigma_b = {sigma_b:g}"
            q, sigma_b = _any_q(act, where), 0.0
    q = positive("q", q)
    table = pair_table(act, q)
    scale = sigma_w**2 / _next_variance(act, q, sigma_w, sigma_b)
    gaps = [1.0 - c0]
    for _ in range(depth):
        gaps.append(min(scale * table.half_square(gaps[-1]), 2.0))
    slopes = scale * q * _each(table.slope_mean, np.array(gaps))
    return Trajectory(np.array(gaps), slopes)


# The edge of chaos.


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
        grid, value, slope = _table(act)
        high = int(np.argmax(grid - value / slope > sigma_b**2))
        if high == 0:
            raise ValueError(
                f"{act.name} has no edge of chaos at sigma_b = {sigma_b:g}: no "
                f"variance in [{grid[0]:g}, {grid[-1]:g}] is kept with chi_1 = 1"
            )
        q = float(brentq(excess, grid[high - 1], grid[high], **_ROOT))
    return EdgePoint(1 / math.sqrt(float(gaussian_moments(act, q)[1])), q)


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
            f"the derivative of {act.name} jumps at {act.jumps[0][0]:g}: on the edge "
            "of chaos 1 - c falls like 1/l^2, with the constant of kink_constant"
        )
    given = variances(q)
    _, slope, curvature = gaussian_moments(act, given)
    with np.errstate(divide="ignore"):
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
            f"the derivative of {act.name} does not jump: on the edge of chaos 1 - c "
            "falls like 1/l, with the constant of beta"
        )
    slope = float(gaussian_moments(act, q)[1])
    total = sum(jump**2 * math.exp(-(x**2) / (2 * q)) for x, jump in act.jumps)
    return 18 * math.pi**2 * slope**2 / total**2


# Shared by the above.


@lru_cache(maxsize=64)
def _table(act: Activation) -> tuple[Array, Array, Array]:
    """Return the grid of variances with V[phi] and V[phi'] on it."""
    value, slope, _ = gaussian_moments(act, _Q_GRID)
    return _Q_GRID, value, slope


def _next_variance(act: Activation, q: float, sigma_w: float, sigma_b: float) -> float:
    """Return F(q), or raise when it is zero."""
    following = float(variance_map(act, q, sigma_w, sigma_b))
    if following == 0:
        raise ValueError(
            "sigma_w and sigma_b must not both be 0: the next layer would be constant"
        )
    return following


def _each(function: Callable[[float], float], gap: ArrayLike) -> Array:
    """Apply a function of one gap to each, or raise."""
    gaps = np.asarray(gap, dtype=np.float64)
    if not ((gaps >= 0) & (gaps <= 2)).all():
        raise ValueError(f"gap must lie in [0, 2], got {gap!r}")
    return np.array([function(g) for g in gaps.ravel()]).reshape(gaps.shape)


def _any_q(act: Activation, where: str) -> float:
    """Return a variance to compute with where it grows for ever, or raise."""
    if act.slopes is None:
        raise ValueError(
            f"the variance of {act.name} grows without bound {where}: there is no "
            "fixed point to compute at"
        )
    return 1.0
