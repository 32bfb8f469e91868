"""Gaussian means of an activation: closed forms, or quadrature split at the kinks.

For Z ~ N(0, 1), V[g](q) = E[g(sqrt(q) Z)^2]. For a Gaussian pair (u, v) of variance q
and correlation 1 - gap, the half square E (g(u) - g(v))^2 / 2 keeps its relative
precision as gap -> 0, where V[g] - E g(u) g(v) would cancel.
"""

import math
from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Activation, Array, Function, Moments

_REACH = 9.0  # beyond, the Gaussian density is below 1e-18
_FIXED = np.array([-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
_SPREAD = np.array([-15.0, -5.0, -1.5, 0.0, 1.5, 5.0, 15.0])
_RULE = np.polynomial.legendre.leggauss(20)
_SMALL_RULE = np.polynomial.legendre.leggauss(14)
_MOST_NODES = 1024


def gaussian_moments(act: Activation, q: ArrayLike) -> Moments:
    """Return V[phi](q), V[phi'](q), V[phi''](q), each shaped as q; q >= 0."""
    q = np.maximum(np.asarray(q, dtype=np.float64), 1e-300)
    if act.moments is not None:
        return act.moments(q)
    if q.size == 0:
        return q, q, q
    x, weight = _line(act, q)
    return tuple(np.sum(weight * g(x) ** 2, axis=-1) for g in (act.phi, act.d1, act.d2))


def gaussian_mean(act: Activation, integrand: Function, q: Array) -> Array:
    """Return E g(sqrt(q) Z) by quadrature, for g smooth away from act's kinks."""
    x, weight = _line(act, np.asarray(q, dtype=np.float64))
    mean: Array = np.sum(weight * integrand(x), axis=-1)
    return mean


def _line(act: Activation, q: Array) -> tuple[Array, Array]:
    """Return points x = sqrt(q) z and Gaussian weights, [*q.shape, n]."""
    unit = 1 / np.sqrt(q)[..., None]
    near = [unit * (kink + _SPREAD) for kink in {0.0, *act.kinks}]
    fixed = np.broadcast_to(_FIXED, (*q.shape, len(_FIXED)))
    z, weight = _panels(np.concatenate([*near, fixed], axis=-1), -_REACH)
    return z / unit, weight


def _panels(
    breaks: Array, low: float, rule: tuple[Array, Array] = _RULE
) -> tuple[Array, Array]:
    """Return Gauss-Legendre points between the breaks, with the Gaussian density."""
    edges = np.sort(np.clip(breaks, low, _REACH), axis=-1)
    half = np.diff(edges, axis=-1)[..., None] / 2
    wide = half.reshape(-1, half.shape[-2]).max(axis=0) > 1e-14
    half, left = half[..., wide, :], edges[..., :-1, None][..., wide, :]
    z = left + half * (1 + rule[0])
    weight = half * rule[1] * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    shape = (*edges.shape[:-1], -1)
    return z.reshape(shape), weight.reshape(shape)


def half_square(act: Activation, g: Function, gap: float, q: float) -> float:
    """Return E (g(u) - g(v))^2 / 2 by quadrature, g = phi or phi'.

    With u, v = sqrt(q) (a s +- b d), a^2 = 1 - gap / 2, b^2 = gap / 2, the mean over s
    is split where u or v meets a kink, so that the mean over d is of a smooth function.
    """
    if gap <= 0:
        return 0.0
    a, b = math.sqrt(max(1 - gap / 2, 1e-30)), math.sqrt(gap / 2)
    unit = 1 / math.sqrt(q)
    centres = unit * np.array(sorted({0.0, *act.kinks}))
    d, weight_d = _panels(_outer_breaks(centres, unit, a, b), 0.0, _SMALL_RULE)
    lines = np.concatenate([centres + b * d[:, None], centres - b * d[:, None]], axis=1)
    near = (lines[:, :, None] + unit * _SPREAD).reshape(len(d), -1) / a
    fixed = np.broadcast_to(_FIXED, (len(d), len(_FIXED)))
    breaks = np.concatenate([near, fixed], axis=1)
    s, weight_s = _panels(breaks, -_REACH, _SMALL_RULE)
    u, v = ((a * s + sign * b * d[:, None]) / unit for sign in (1, -1))
    inner = np.einsum("ij,ij->i", weight_s, (g(u) - g(v)) ** 2)
    return float(weight_d @ inner)  # twice the half line, times one half


def _outer_breaks(centres: Array, unit: float, a: float, b: float) -> Array:
    """Where the mean over s changes its character as d grows, [k]."""
    steps = a * np.array([-9.0, -3.0, 3.0, 9.0])
    touching = np.abs(centres[:, None] - centres) / 2
    edges = (np.abs(centres)[:, None] + steps).ravel()
    near = np.concatenate([unit * _SPREAD[4:], touching.ravel(), edges]) / b
    found = np.unique(np.clip(np.concatenate([_FIXED[3:], near]), 0.0, _REACH))
    kept = np.insert(np.diff(found) > 0.02 * found[1:], 0, True)
    return np.append(found[kept], _REACH)


class PairTable:
    """The half square of phi and the mean of phi'(u) phi'(v) at one q, fast in gap.

    Both are smooth in the angle theta, cos theta = 1 - gap, so that a Chebyshev series
    on [0, pi] stands for them (closed forms where the activation has one).
    """

    def __init__(self, act: Activation, q: float) -> None:
        self.act, self.q = act, q

    def half_square(self, gap: float) -> float:
        """Return E (phi(u) - phi(v))^2 / 2 for a gap in [0, 2]."""
        if self.act.half_square is not None:
            return float(self.act.half_square(gap, self.q))
        return gap * _series(self._ratio, gap)

    def slope_mean(self, gap: float) -> float:
        """Return E phi'(u) phi'(v) for a gap in [0, 2]."""
        if self.act.slope_mean is not None:
            return float(self.act.slope_mean(gap, self.q))
        return _series(self._slope, gap)

    @cached_property
    def _ratio(self) -> Array:
        act, q = self.act, self.q
        return _coefficients(act, lambda gap: half_square(act, act.phi, gap, q) / gap)

    @cached_property
    def _slope(self) -> Array:
        act, q = self.act, self.q
        full = float(gaussian_moments(act, np.array(q))[1])
        return _coefficients(act, lambda gap: full - half_square(act, act.d1, gap, q))


@lru_cache(maxsize=64)
def pair_table(act: Activation, q: float) -> PairTable:
    """Return the table of an activation at one variance, kept for the next caller."""
    return PairTable(act, q)


def _coefficients(act: Activation, function: Callable[[float], float]) -> Array:
    """Return the Chebyshev series in theta on [0, pi], long enough for 1e-12.

    Raises:
        ValueError: 1024 terms leave more than 1e-8.
    """
    n = 32
    while True:
        angle = (np.arange(n) + 0.5) * math.pi / n
        theta = math.pi / 2 * (1 + np.cos(angle))
        values = np.array([function(2 * math.sin(t / 2) ** 2) for t in theta])
        coefficients: Array = 2 / n * np.cos(np.outer(np.arange(n), angle)) @ values
        coefficients[0] /= 2
        tail, largest = np.abs(coefficients[-n // 8 :]).max(), np.abs(values).max()
        if tail <= (1e-12 if n < _MOST_NODES else 1e-8) * largest:
            return coefficients
        if n >= _MOST_NODES:
            raise ValueError(
                f"the Gaussian means of activation {act.name!r} are no smooth function "
                f"of the angle: {n} terms leave {tail / largest:.1e} of them"
            )
        n *= 2


def _series(coefficients: Array, gap: float) -> float:
    theta = 2 * math.asin(math.sqrt(min(max(gap, 0.0), 2.0) / 2))
    angle = math.acos(min(max(2 * theta / math.pi - 1, -1.0), 1.0))
    return float(coefficients @ np.cos(np.arange(len(coefficients)) * angle))
