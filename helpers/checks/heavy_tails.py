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
    between,
    near,
    number,
    right_is,
    told_apart,
)


def untouched_sigma(
    answer: float | EllipsisType | None, *, seed: int | None = None
) -> Check:
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
        f"with {sigma:g} the bulk would end at {yours}, "
        + right_is(theirs, seed, "the untouched one ends at"),
    )


def power_law_scan(
    answer: Callable[[np.ndarray], tuple[float, float]], *, seed: int | None = None
) -> Check:
    """Chapter 9, exercise 2: alpha and lambda_min of the tail, all starts tried."""
    for name, values in _samples(seed).items():
        fit = heavy_tails.fit_power_law(values)
        right = fit.alpha, fit.xmin
        yours = asked(answer, values.copy())
        if isinstance(yours, Check):
            return yours
        if not (isinstance(yours, tuple | list | np.ndarray) and len(yours) == 2):
            return Check(False, f"expected a pair (alpha, lambda_min), got {yours!r}")
        if not (_agree(yours, right) or _agree(yours, _two_sided(values))):
            said = [told_apart(number(y), r) for y, r in zip(yours, right, strict=True)]
            true = right_is(f"{said[0][1]} and {said[1][1]}", seed, "right are")
            return Check(
                False,
                f"for {name} you say alpha = {said[0][0]}, lambda_min = {said[1][0]}; "
                f"{true}",
            )
    return PASSED


def _samples(seed: int | None) -> dict[str, np.ndarray]:
    """Spectra and random samples; of a seed, four fifths of each spectrum, rescaled."""
    rng = np.random.default_rng(seed or 0)
    stored = heavy_tails.pretrained_table()["spectra"]
    samples = {name: np.array(values) for name, values in stored.items()}
    if seed is not None:
        samples = {
            f"a part of {name}": rng.uniform(0.5, 2)
            * rng.choice(values, 4 * len(values) // 5, replace=False)
            for name, values in samples.items()
        }
    samples["a Pareto sample, not sorted"] = rng.pareto(1.5, 300) + 1
    samples["a lognormal sample"] = np.exp(rng.normal(size=200))
    return samples


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


def spike_strength(
    answer: Callable[[float, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 9, exercise 3: theta from the position of a spike."""
    shapes, ratios = [1.0, 2.0, 8.0], [1.05, 1.5, 4.0]
    if seed is not None:
        rng = np.random.default_rng(seed)
        shapes = [between(rng, 1, 10) for _ in shapes]
        ratios = [r * between(rng, 1, 1.2) for r in ratios]
    for q in shapes:
        for ratio in ratios:
            theta = ratio * q**-0.25
            position = heavy_tails.bbp(theta, q).position
            yours = asked(answer, position, q)
            if isinstance(yours, Check):
                return yours
            if not near(yours, theta):
                return Check(
                    False,
                    f"for top = {position:.6f}, Q = {q:g} you say {yours}, "
                    + right_is(f"{theta:.6f}", seed),
                )
    return PASSED
