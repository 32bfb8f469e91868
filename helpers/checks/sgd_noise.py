"""The checks of chapter 6, the shape of SGD noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from helpers import sgd_noise
from helpers.checks.outcome import (
    PASSED,
    Check,
    asked,
    between,
    near,
    number,
    right_is,
    seeds,
    told_apart,
)


def quadratic_escape(
    answer: Callable[[np.ndarray, np.ndarray, float, float], tuple[float, float]],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 6, exercise 2: the ratio r and the excess loss of a quadratic."""
    cases = [(1.0, 0.01), (0.1, 1.0), (0.5, 30.0)]
    if seed is not None:
        rng = np.random.default_rng(seed)
        cases = [(between(rng, 0.1, 1), t * between(rng, 0.5, 2)) for _, t in cases]
    for place, one in enumerate(seeds(3, seed)):
        eta, t = cases[place]
        a, b = np.random.default_rng(one).normal(size=(2, 4, 6))
        h, sigma = a @ a.T, b @ b.T
        ratio = sgd_noise.escape_indicator(h, sigma, k=1).ratio
        right = ratio, float(sgd_noise.ou_escape(h, sigma, eta, t))
        yours = asked(answer, h, sigma, eta, t)
        if isinstance(yours, Check):
            return yours
        pair = list(yours) if np.ndim(yours) == 1 else []
        if len(pair) != 2 or any(math.isnan(number(part)) for part in pair):
            return Check(False, f"expected a pair (r, excess loss), got {yours!r}")
        for name, mine, its in zip(("r", "the excess loss"), pair, right, strict=True):
            if not near(mine, its):
                said, true = told_apart(number(mine), its)
                return Check(
                    False,
                    f"matrices {place}, eta = {eta:g}, t = {t:g}: you say that {name} "
                    f"is {said}, {right_is(true, seed)}",
                )
    return PASSED


def forgetting_time(
    answer: Callable[[np.ndarray], float], *, seed: int | None = None
) -> Check:
    """Chapter 6, exercise 3: when aligned noise has lost its head start."""
    decays = [0.8, 1.5, 2.0]
    if seed is not None:
        rng = np.random.default_rng(seed)
        decays = [between(rng, 0.95 * decay, 1.1 * decay) for decay in decays]
    for decay in decays:
        lam = np.arange(1, 21.0) ** -decay
        yours = asked(answer, lam)
        if isinstance(yours, Check):
            return yours
        if math.isnan(number(yours)):
            return Check(False, f"expected a number, got {yours!r}")
        right = brentq(lambda t, lam=lam: _head_start(lam, t) - 1.1, 1e-3, 1e5)
        if not near(yours, right):
            mine, its = told_apart(number(yours), right)
            return Check(
                False,
                f"for lambda_i = i^-{decay:g} you say {mine}, {right_is(its, seed)}",
            )
    return PASSED


def gaussian_noise(
    answer: Callable[[np.ndarray, int, np.ndarray], ArrayLike],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 6, exercise 4: a linear map of z whose covariance is Sigma."""
    rng = np.random.default_rng(seed or 0)
    batches = [1, 4] if seed is None else rng.integers(2, 9, size=2).tolist()
    for (n, dimension), batch_size in zip(((6, 3), (5, 9)), batches, strict=True):
        rows = rng.normal(size=(n, dimension)) + 1
        columns = []
        for z in np.eye(n):
            yours = asked(answer, rows, batch_size, z)
            if isinstance(yours, Check):
                return yours
            if np.shape(yours) != (dimension,):
                return Check(
                    False,
                    f"expected {dimension} numbers, got shape {np.shape(yours)}",
                )
            columns.append([number(part) for part in yours])
        found = np.transpose(columns) @ columns
        right = np.cov(rows.T, bias=True) / batch_size
        if not np.allclose(found, right, rtol=0, atol=1e-6):
            mine, its = told_apart(float(np.trace(found)), float(np.trace(right)))
            traces = f"the draw's trace is {mine}, that of Sigma is {its}"
            told = traces if seed is None else "the draw's covariance is not Sigma"
            return Check(
                False,
                f"for N = {n}, D = {dimension}, batch size {batch_size} {told}; "
                f"largest difference of an entry {np.abs(found - right).max():.3g}",
            )
    return PASSED


def _head_start(lam: np.ndarray, t: float) -> float:
    """Excess loss of aligned over isotropic noise at time t."""
    h = np.diag(lam)
    aligned, isotropic = h / lam.sum(), np.eye(len(lam)) / len(lam)
    return float(
        sgd_noise.ou_escape(h, aligned, 1.0, t)
        / sgd_noise.ou_escape(h, isotropic, 1.0, t)
    )
