"""The checks of chapter 3, well-behaved networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import well_behaved
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

_BY_HAND = 1e-3  # of a constant that the reader may have rounded


def full_tangent(
    answer: Callable[[np.ndarray, np.ndarray], tuple[ArrayLike, ArrayLike]],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 3, exercise 2: the exact derivative of batch norm.

    The directions have sizes from 1 to 10^8: a difference of two batches, with a step
    that one of them suits, misses the others.
    """
    for batch, one in enumerate(seeds(5, seed)):
        y, dy = np.random.default_rng(one).normal(size=(2, 16, 3)) * 2 + 1
        step = 1e-6 * dy
        size = 100.0**batch
        right = (_normalized(y + step) - _normalized(y - step)) / 2e-6
        yours = asked(answer, y, size * dy)
        if isinstance(yours, Check):
            return yours
        try:
            z, dz = (np.asarray(part, dtype=np.float64) for part in yours)
        except (TypeError, ValueError, RuntimeError):
            return Check(False, "expected a pair of arrays (z, dz)")
        if z.shape != y.shape or dz.shape != y.shape:
            return Check(
                False, f"z and dz need shape {y.shape}, got {z.shape} and {dz.shape}"
            )
        if not np.allclose(z, _normalized(y), rtol=0, atol=1e-6):
            return Check(False, f"batch {batch}: z is not centred with variance 1")
        if not np.allclose(dz / size, right, rtol=0, atol=1e-6):
            worst = float(np.abs(dz - size * right).max())
            return Check(False, f"batch {batch}: dz is off by up to {worst:.3g}")
    return PASSED


def batch_norm_growth(
    answer: Callable[[int], float], *, seed: int | None = None
) -> Check:
    """Chapter 3, exercise 3: what batch norm does to a signal of rank m."""
    ranks = [3, 4, 10, 100]
    if seed is not None:
        rng = np.random.default_rng(seed)
        ranks = rng.integers((3, 5, 8, 50), (5, 8, 50, 200)).tolist()
    for rank in ranks:
        right = float(well_behaved.rank_growth(rank))
        yours = asked(answer, rank)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right, _BY_HAND):
            return Check(False, _told(f"m = {rank}", yours, right, seed))
    return PASSED


def scaled_branch(
    answer: Callable[[float, int], float], *, seed: int | None = None
) -> Check:
    """Chapter 3, exercise 4: branches scaled by sqrt(c / L), as L grows."""
    scales = [0.1, 1.0, 3.0]
    if seed is not None:
        rng = np.random.default_rng(seed)
        scales = [c * between(rng, 1, 1.5) for c in scales]
    for depth, c in enumerate(scales, 1):
        right = (1 + c) ** well_behaved.residual_exponent(depth)
        yours = asked(answer, c, depth)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right, _BY_HAND):
            return Check(False, _told(f"c = {c:g}, k = {depth}", yours, right, seed))
    return PASSED


def _told(case: str, yours: Any, right: float, seed: int | None) -> str:
    """What is wrong with a number, or that it is none."""
    if math.isnan(number(yours)):
        return f"for {case} expected a number, got {yours!r}"
    said, wanted = told_apart(number(yours), right)
    return f"for {case} you say {said}, {right_is(wanted, seed)}"


def _normalized(y: np.ndarray) -> np.ndarray:
    normalized: np.ndarray = (y - y.mean(axis=0)) / y.std(axis=0)
    return normalized
