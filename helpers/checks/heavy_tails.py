"""The checks of chapter 9, heavy-tailed spectra."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import EllipsisType
from typing import Any

import numpy as np
from scipy.stats import truncnorm

from helpers import heavy_tails
from helpers.checks.outcome import (
    PASSED,
    UNSOLVED,
    Check,
    asked,
    near,
    number,
    told_apart,
)


def untouched_sigma(answer: float | EllipsisType | None) -> Check:
    """Chapter 9, exercise 1: sigma of the bulk of a 4096 x 384 layer never trained."""
    if answer is None or answer is ...:
        return UNSOLVED
    sigma = number(answer)
    if not 0 < sigma < math.inf:
        return Check(False, f"sigma is a number above 0, got {answer!r}")
    n, m = 4096, 384
    glorot = math.sqrt(2 * n / (n + m))
    right = glorot * float(truncnorm(-2, 2).std())
    if near(sigma, right, 1e-3):
        return PASSED
    if near(sigma, glorot, 1e-3):
        return Check(False, "that is the sigma before the values were cut off")
    ends = [heavy_tails.MarchenkoPastur(n / m, s).edges[1] for s in (sigma, right)]
    yours, theirs = told_apart(*ends)
    return Check(
        False,
        f"with {sigma:g} the bulk would end at {yours}, the untouched one ends "
        f"at {theirs}",
    )


def power_law_scan(
    answer: Callable[[np.ndarray], tuple[float, float]],
) -> Check:
    """Chapter 9, exercise 2: alpha and lambda_min of the tail, all starts tried."""
    rng = np.random.default_rng(0)
    stored = heavy_tails.pretrained_table()["spectra"]
    samples = {name: np.array(values) for name, values in stored.items()}
    samples["a Pareto sample, not sorted"] = rng.pareto(1.5, 300) + 1
    samples["a lognormal sample"] = np.exp(rng.normal(size=200))
    for name, values in samples.items():
        fit = heavy_tails.fit_power_law(values)
        right = fit.alpha, fit.xmin
        yours = asked(answer, values.copy())
        if isinstance(yours, Check):
            return yours
        if not (isinstance(yours, tuple | list | np.ndarray) and len(yours) == 2):
            return Check(False, f"expected a pair (alpha, lambda_min), got {yours!r}")
        if not (_agree(yours, right) or _agree(yours, _two_sided(values))):
            said = [told_apart(number(y), r) for y, r in zip(yours, right, strict=True)]
            return Check(
                False,
                f"for {name} you say alpha = {said[0][0]}, lambda_min = {said[1][0]}; "
                f"right are {said[0][1]} and {said[1][1]}",
            )
    return PASSED


def _agree(yours: Iterable[Any], right: tuple[float, float]) -> bool:
    return all(near(y, r) for y, r in zip(yours, right, strict=True))


def _two_sided(values: np.ndarray) -> tuple[float, float]:
    """The scan with the two-sided distance: the tail's share from both sides."""
    x = np.sort(values)
    best = (math.inf, math.nan, math.nan)
    for i in range(len(x) - 1):
        tail = x[i:] / x[i]
        n = len(tail)
        alpha = 1 + n / np.log(tail).sum()
        gap = 1 - tail ** (1 - alpha) - np.arange(n) / n
        distance = max(gap.max(), -gap.min(), (1 / n - gap).max())
        best = min(best, (float(distance), float(alpha), float(x[i])))
    return best[1:]


def spike_strength(answer: Callable[[float, float], float]) -> Check:
    """Chapter 9, exercise 3: theta from the position of a spike."""
    for q in (1.0, 2.0, 8.0):
        for ratio in (1.05, 1.5, 4.0):
            theta = ratio * q**-0.25
            position = heavy_tails.bbp(theta, q).position
            yours = asked(answer, position, q)
            if isinstance(yours, Check):
                return yours
            if not near(yours, theta):
                return Check(
                    False,
                    f"for top = {position:.6f}, Q = {q:g} you say {yours}, "
                    f"the right value is {theta:.6f}",
                )
    return PASSED
