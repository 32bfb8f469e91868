"""The checks of chapter 3, well-behaved networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers import well_behaved
from helpers.checks.outcome import PASSED, Check, asked, near


def full_tangent(
    answer: Callable[[np.ndarray, np.ndarray], tuple[ArrayLike, ArrayLike]],
) -> Check:
    """Chapter 3, exercise 2: the exact derivative of batch norm."""
    for seed in range(5):
        y, dy = np.random.default_rng(seed).normal(size=(2, 16, 3)) * 2 + 1
        step = 1e-6 * dy
        right = (_normalized(y + step) - _normalized(y - step)) / 2e-6
        yours = asked(answer, y, dy)
        if isinstance(yours, Check):
            return yours
        try:
            z, dz = (np.asarray(part, dtype=np.float64) for part in yours)
        except (TypeError, ValueError):
            return Check(False, "expected a pair of arrays (z, dz)")
        if z.shape != y.shape or dz.shape != y.shape:
            return Check(
                False, f"z and dz need shape {y.shape}, got {z.shape} and {dz.shape}"
            )
        if not np.allclose(z, _normalized(y), rtol=0, atol=1e-6):
            return Check(False, f"batch {seed}: z is not centred with variance 1")
        if not np.allclose(dz, right, rtol=0, atol=1e-6):
            worst = float(np.abs(dz - right).max())
            return Check(False, f"batch {seed}: dz is off by up to {worst:.3g}")
    return PASSED


def batch_norm_growth(answer: Callable[[int], float]) -> Check:
    """Chapter 3, exercise 3: what batch norm does to a signal of rank r."""
    for rank in (3, 4, 10, 100):
        right = float(well_behaved.rank_growth(rank))
        yours = asked(answer, rank)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(
                False, f"for r = {rank} you say {yours}, the right value is {right:.6f}"
            )
    return PASSED


def scaled_branch(answer: Callable[[float, int], float]) -> Check:
    """Chapter 3, exercise 4: branches scaled by sqrt(c / L), as L grows."""
    for c, depth in ((0.1, 1), (1.0, 2), (3.0, 3)):
        right = (1 + c) ** well_behaved.residual_exponent(depth)
        yours = asked(answer, c, depth)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(
                False,
                f"for c = {c:g}, H = {depth} you say {yours}, "
                f"the right value is {right:.6f}",
            )
    return PASSED


def _normalized(y: np.ndarray) -> np.ndarray:
    normalized: np.ndarray = (y - y.mean(axis=0)) / y.std(axis=0)
    return normalized
