"""The checks of chapter 10, adversarial examples and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from helpers import adversarial_noise
from helpers.checks.outcome import PASSED, Check, asked, near, number, told_apart

_DIGITS = 0.06  # of log10: 5 standard errors of 20,000 draws


def farthest_quantile(answer: Callable[[float, float], float]) -> Check:
    """Chapter 10, exercise 2: the isoperimetric bound of every quantile."""
    for mu, p in ((0.01, 0.5), (0.2, 0.9), (1e-6, 0.3), (0.4, 0.1)):
        right = float(adversarial_noise.isoperimetric_quantile(mu, 1.0, p))
        yours = asked(answer, mu, p)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            said, true = told_apart(number(yours), right)
            return Check(
                False,
                f"for mu = {mu:g}, p = {p:g} you say {said}, the right value is {true}",
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
            said, true = told_apart(number(yours), right)
            return Check(
                False,
                f"for n = {n}, mu = {mu:g} you say {said}, the right value is {true}",
            )
    return PASSED


def importance_rate(
    answer: Callable[
        [Callable[[np.ndarray], np.ndarray], np.ndarray, np.random.Generator], float
    ],
) -> Check:
    """Chapter 10, exercise 4: an error rate from draws around the nearest error."""
    for name, (n, t, wrong, rate) in _error_sets().items():
        axis = np.random.default_rng(n).normal(size=(2, n))
        axis = np.linalg.qr(axis.T)[0].T

        def turned(
            z: np.ndarray,
            wrong: Callable[..., np.ndarray] = wrong,
            axis: np.ndarray = axis,
        ) -> np.ndarray:
            return wrong(z @ axis[0], z @ axis[1])

        yours = asked(answer, turned, t * axis[0], np.random.default_rng(0))
        if isinstance(yours, Check):
            return yours
        value = number(yours)
        if not 0 < value < math.inf:
            return Check(False, f"expected a rate above 0, you return {yours}")
        if abs(math.log10(value) - math.log10(rate)) > _DIGITS:
            return Check(
                False,
                f"{name} at {t:g} in {n} dimensions: you say "
                f"10^{math.log10(value):.2f}, the right rate is "
                f"10^{math.log10(rate):.2f}",
            )
    return PASSED


_Wrong = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _error_sets() -> dict[str, tuple[int, float, _Wrong, float]]:
    """Error sets by name: dimensions, distance, the set in a plane, its rate."""
    bowl = quad(lambda v: norm.pdf(v) * norm.sf(4 + v**2 / 2), -12, 12)[0]
    return {
        "a half-space": (64, 5.0, lambda u, v: u >= 5, norm.sf(5)),
        "a quarter-space": (16, 5.0, lambda u, v: (u >= 5) & (v >= 0), norm.sf(5) / 2),
        "a bowl": (32, 4.0, lambda u, v: u >= 4 + v**2 / 2, bowl),
        "two half-spaces": (
            8, 3.0, lambda u, v: (u >= 3) | (u <= -6), norm.sf(3) + norm.sf(6),
        ),
    }  # fmt: skip
