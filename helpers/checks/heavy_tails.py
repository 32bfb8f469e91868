"""The checks of chapter 9, heavy-tailed spectra."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import EllipsisType

import numpy as np
from scipy.stats import truncnorm

from helpers import heavy_tails
from helpers.checks.outcome import PASSED, UNSOLVED, Check, asked, near


def untouched_sigma(answer: float | EllipsisType | None) -> Check:
    """Chapter 9, exercise 1: sigma of the bulk of a 4096 x 384 layer never trained."""
    if answer is None or answer is ...:
        return UNSOLVED
    if not isinstance(answer, int | float) or not 0 < answer < math.inf:
        return Check(False, f"sigma is a number above 0, got {answer!r}")
    n, m = 4096, 384
    glorot = math.sqrt(2 * n / (n + m))
    right = glorot * float(truncnorm(-2, 2).std())
    if math.isclose(answer, right, rel_tol=1e-3):
        return PASSED
    if math.isclose(answer, glorot, rel_tol=1e-3):
        return Check(False, "that is the sigma before the values were cut off")
    ends = [heavy_tails.MarchenkoPastur(n / m, s).edges[1] for s in (answer, right)]
    return Check(
        False,
        f"with {answer:g} the bulk would end at {ends[0]:.3f}, the untouched one ends "
        f"at {ends[1]:.3f}",
    )


def power_law_scan(
    answer: Callable[[np.ndarray], tuple[float, float]],
) -> Check:
    """Chapter 9, exercise 2: alpha and xmin of the tail, all xmin tried."""
    rng = np.random.default_rng(0)
    stored = heavy_tails.pretrained_table()["spectra"]
    samples = {name: np.array(values) for name, values in stored.items()}
    samples["a Pareto sample, not sorted"] = rng.pareto(1.5, 300) + 1
    samples["a lognormal sample"] = np.exp(rng.normal(size=200))
    for name, values in samples.items():
        right = heavy_tails.fit_power_law(values)
        yours = asked(answer, values.copy())
        if isinstance(yours, Check):
            return yours
        if not (isinstance(yours, tuple | list | np.ndarray) and len(yours) == 2):
            return Check(False, f"expected a pair (alpha, xmin), got {yours!r}")
        if not (near(yours[0], right.alpha) and near(yours[1], right.xmin)):
            return Check(
                False,
                f"for {name} you say alpha = {yours[0]}, xmin = {yours[1]}; right are "
                f"{right.alpha:.6f} and {right.xmin:.6f}",
            )
    return PASSED


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
                    f"for a spike at {position:.6f} with Q = {q:g} you say {yours}, "
                    f"the right value is {theta:.6f}",
                )
    return PASSED
