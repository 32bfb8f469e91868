"""The checks of chapter 2, the edge of chaos."""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType

import numpy as np

from helpers import edge_of_chaos
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

Function = Callable[[np.ndarray], np.ndarray]


def edge_point(
    answer: Callable[[Function, Function, float], tuple[float, float]],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 2, exercise 2: (sigma_w, q) on the edge of chaos of an activation."""
    scales = _scales(seed).items()
    for name, sigma_b in [(name, s) for name, all_ in scales for s in all_]:
        act = edge_of_chaos.ACTIVATIONS[name]
        right = edge_of_chaos.edge_of_chaos(name, sigma_b)
        yours = asked(answer, act.phi, act.d1, sigma_b)
        if isinstance(yours, Check):
            return yours
        try:
            sigma_w, q = yours
        except (TypeError, ValueError):
            return Check(False, f"expected a pair (sigma_w, q), got {yours!r}")
        for letter, given, wanted in (
            ("sigma_w", sigma_w, right.sigma_w),
            ("q", q, right.q),
        ):
            if not near(given, wanted):
                said, shown = told_apart(number(given), wanted)
                return Check(
                    False,
                    f"for {name} at sigma_b = {sigma_b} you say {letter} = {said}, "
                    f"{right_is(shown, seed)}",
                )
    return PASSED


def leaky_like_residual(
    answer: float | EllipsisType | None, *, seed: int | None = None
) -> Check:
    """Chapter 2, exercise 3: the leaky slope equal to a residual branch of scale 1."""
    if answer is None or answer is ...:
        return UNSOLVED
    slope = number(answer)
    if not 0 < slope < 1:
        return Check(False, f"the slope is a number between 0 and 1, got {answer!r}")
    share = (1 - slope) ** 2 / (1 + slope**2)
    if near(share, 1 / 3, 1e-3):
        return PASSED
    said, wanted = told_apart(share, 1 / 3)
    return Check(
        False,
        f"with a = {slope:.6g} the leaky ReLU has p = {said}, "
        + right_is(wanted, seed, "the residual network p ="),
    )


def _scales(seed: int | None) -> dict[str, tuple[float, ...]]:
    """Values of sigma_b for each activation."""
    if seed is None:
        return {"tanh": (0.05, 0.2, 1.0, 0.01), "elu": (0.05, 0.2, 1.0), "erf": (0.2,)}
    rng = np.random.default_rng(seed)
    ends = ((0.04, 0.08), (0.15, 0.4), (0.8, 1.2))
    tanh, elu = ([between(rng, *pair) for pair in ends] for _ in range(2))
    return {
        "tanh": (*tanh, between(rng, 0.01, 0.02)),
        "elu": tuple(elu),
        "erf": (between(rng, 0.1, 0.4),),
    }
