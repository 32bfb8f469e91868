"""The checks of chapter 10, adversarial examples and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from helpers import adversarial_noise
from helpers.checks.outcome import (
    PASSED,
    Check,
    asked,
    between,
    near,
    number,
    right_is,
    told_apart,
)

_DIGITS = 0.06  # of log10: 5 standard errors of 20,000 draws


def farthest_quantile(
    answer: Callable[[float, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 10, exercise 2: the isoperimetric bound of every quantile."""
    for mu, p in _rates_and_shares(seed):
        right = float(adversarial_noise.isoperimetric_quantile(mu, 1.0, p))
        yours = asked(answer, mu, p)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            said, true = told_apart(number(yours), right)
            return Check(
                False,
                f"for mu = {mu:g}, p = {p:g} you say {said}, {right_is(true, seed)}",
            )
    return PASSED


def shell_ratio(
    answer: Callable[[int, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 10, exercise 3: errors on all sides beside the linear law."""
    for n, mu in _sizes_and_rates(seed):
        right = float(
            adversarial_noise.shell_distance(mu, 1.0, n)
            / adversarial_noise.halfspace_distance(mu, 1.0)
        )
        yours = asked(answer, n, mu)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            said, true = told_apart(number(yours), right)
            return Check(
                False,
                f"for n = {n}, mu = {mu:g} you say {said}, {right_is(true, seed)}",
            )
    return PASSED


def importance_rate(
    answer: Callable[
        [Callable[[np.ndarray], np.ndarray], np.ndarray, np.random.Generator], float
    ],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 10, exercise 4: an error rate from draws around the nearest error."""
    distances = [5.0, 5.0, 4.0, 3.0]
    if seed is not None:
        distances = list(distances + np.random.default_rng(seed).uniform(-0.5, 0, 4))
    for name, (n, t, wrong, rate) in _error_sets(*distances).items():
        axis = np.random.default_rng(n + (seed or 0)).normal(size=(2, n))
        axis = np.linalg.qr(axis.T)[0].T

        def turned(
            z: np.ndarray,
            wrong: Callable[..., np.ndarray] = wrong,
            axis: np.ndarray = axis,
        ) -> np.ndarray:
            return wrong(z @ axis[0], z @ axis[1])

        yours = asked(answer, turned, t * axis[0], np.random.default_rng(seed or 0))
        if isinstance(yours, Check):
            return yours
        value = number(yours)
        if not 0 < value < math.inf:
            return Check(False, f"expected a rate above 0, you return {yours}")
        if abs(math.log10(value) - math.log10(rate)) > _DIGITS:
            return Check(
                False,
                f"{name} at {t:g} in {n} dimensions: you say "
                f"10^{math.log10(value):.2f}, "
                + right_is(f"10^{math.log10(rate):.2f}", seed, "the right rate is"),
            )
    return PASSED


_Wrong = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _error_sets(
    half: float, quarter: float, bowl: float, two: float
) -> dict[str, tuple[int, float, _Wrong, float]]:
    """Error sets by name: dimensions, distance, the set in a plane, its rate."""
    inside = quad(lambda v: norm.pdf(v) * norm.sf(bowl + v**2 / 2), -12, 12)[0]
    return {
        "a half-space": (64, half, lambda u, v: u >= half, norm.sf(half)),
        "a quarter-space": (
            16, quarter, lambda u, v: (u >= quarter) & (v >= 0), norm.sf(quarter) / 2,
        ),
        "a bowl": (32, bowl, lambda u, v: u >= bowl + v**2 / 2, inside),
        "two half-spaces": (
            8, two, lambda u, v: (u >= two) | (u <= -2 * two),
            norm.sf(two) + norm.sf(2 * two),
        ),
    }  # fmt: skip


def _rates_and_shares(seed: int | None) -> list[tuple[float, float]]:
    """Pairs (mu, p); in the last the bound is 0."""
    if seed is None:
        return [(0.01, 0.5), (0.2, 0.9), (1e-6, 0.3), (0.4, 0.1)]
    rng = np.random.default_rng(seed)
    return [
        (between(rng, 0.005, 0.05), between(rng, 0.4, 0.6)),
        (between(rng, 0.1, 0.3), between(rng, 0.8, 0.95)),
        (between(rng, 1e-7, 1e-5), between(rng, 0.2, 0.4)),
        (between(rng, 0.3, 0.45), between(rng, 0.05, 0.2)),
    ]


def _sizes_and_rates(seed: int | None) -> list[tuple[int, float]]:
    """Pairs (n, mu)."""
    if seed is None:
        return [(1, 0.01), (64, 0.01), (3072, 0.01), (3072, 1e-6)]
    rng = np.random.default_rng(seed)
    large = int(rng.integers(1000, 4000))
    return [
        (1, between(rng, 0.005, 0.05)),
        (int(rng.integers(20, 100)), between(rng, 0.005, 0.05)),
        (large, between(rng, 0.005, 0.05)),
        (large, between(rng, 1e-7, 1e-5)),
    ]
