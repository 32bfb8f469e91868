"""The checks of chapter 10, adversarial examples and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from helpers import adversarial_noise
from helpers.checks.outcome import PASSED, Check, asked, near

_DIGITS = 0.05  # of log10: 5 standard errors of 20,000 draws


def farthest_quantile(answer: Callable[[float, float], float]) -> Check:
    """Chapter 10, exercise 2: the isoperimetric bound of every quantile."""
    for mu, alpha in ((0.01, 0.5), (0.2, 0.9), (1e-6, 0.3), (0.4, 0.1)):
        right = float(adversarial_noise.isoperimetric_quantile(mu, 1.0, alpha))
        yours = asked(answer, mu, alpha)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(
                False,
                f"for mu = {mu:g}, alpha = {alpha:g} you say {yours}, "
                f"the right value is {right:.6f}",
            )
    return PASSED


def shell_ratio(answer: Callable[[int, float], float]) -> Check:
    """Chapter 10, exercise 3: errors on all sides beside the linear law."""
    for n, mu in ((1, 0.01), (64, 0.01), (3072, 0.01), (3072, 1e-6)):
        right = float(
            adversarial_noise.shell_distance(mu, 1.0, n)
            / adversarial_noise.halfspace_distance(mu, 1.0)
        )
        yours = asked(answer, n, mu)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(
                False,
                f"for n = {n}, mu = {mu:g} you say {yours}, "
                f"the right value is {right:.6f}",
            )
    return PASSED


def importance_rate(
    answer: Callable[
        [Callable[[np.ndarray], np.ndarray], np.ndarray, np.random.Generator], float
    ],
) -> Check:
    """Chapter 10, exercise 4: an error rate from draws around the nearest error."""
    for n, t, far in ((64, 5.0, math.inf), (16, 7.0, math.inf), (8, 3.0, 6.0)):
        nearest = np.zeros(n)
        nearest[0] = t

        def wrong(z: np.ndarray, t: float = t, far: float = far) -> np.ndarray:
            return (z[:, 0] >= t) | (z[:, 0] <= -far)

        right = math.log10(norm.sf(t) + norm.sf(far))
        yours = asked(answer, wrong, nearest, np.random.default_rng(0))
        if isinstance(yours, Check):
            return yours
        try:
            log10 = math.log10(yours)
        except (TypeError, ValueError):
            return Check(False, f"expected a rate above 0, you return {yours}")
        if abs(log10 - right) > _DIGITS:
            return Check(
                False,
                f"a half-space at {t:g} in {n} dimensions: you say 10^{log10:.2f}, "
                f"the right rate is 10^{right:.2f}",
            )
    return PASSED
