"""The checks of chapter 8, information flow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers import information_flow
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

_FOUR_DECIMALS = 1e-4  # twice what rounding to four decimals can do
_INPUTS = np.array([-3.0, -1.0, 1.0, 3.0])


def relu_information(
    answer: Callable[[float, float, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 8, exercise 2: I(X;T) of one noisy ReLU neuron."""
    for w, b, beta in _neurons(seed):
        signal = np.maximum(w * _INPUTS + b, 0)
        right = float(information_flow.scalar_information(signal, beta))
        yours = asked(answer, w, b, beta)
        if isinstance(yours, Check):
            return yours
        if not abs(number(yours) - right) <= _FOUR_DECIMALS:
            case = f"w = {w}, b = {b}, beta = {beta}"
            return Check(False, _told(case, yours, right, seed))
    return PASSED


def samples_needed(
    answer: Callable[[int, float, float], int], *, seed: int | None = None
) -> Check:
    """Chapter 8, exercise 3: samples that bring the bias down to epsilon."""
    for d, beta, epsilon in _biases(seed):
        c = float(information_flow.chi2_information([-1.0, 1.0], beta))
        law = information_flow.bias_law(1, d, beta)
        right = math.ceil(law.chi2 / (2 * epsilon))
        yours = asked(answer, d, c, epsilon)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            case = f"d = {d}, c = {c:.4f}, epsilon = {epsilon}"
            return Check(False, _told(case, yours, right, seed))
    return PASSED


def _told(case: str, yours: Any, right: float, seed: int | None) -> str:
    """Both values for a case, in digits that show how they differ."""
    said, value = told_apart(number(yours), right)
    said = f"{yours}" if math.isnan(number(yours)) else said
    return f"for {case} you say {said}, {right_is(value, seed)}"


def _neurons(seed: int | None) -> list[tuple[float, float, float]]:
    """Cases (w, b, beta); the last neuron is silent."""
    if seed is None:
        return [(1.0, 0.5, 0.1), (0.2, 0.0, 0.3), (-3.0, 1.0, 0.5), (1, -5, 1)]
    rng = np.random.default_rng(seed)
    return [
        (between(rng, 0.8, 1.5), between(rng, 0.2, 0.9), between(rng, 0.08, 0.15)),
        (between(rng, 0.1, 0.3), 0.0, between(rng, 0.2, 0.4)),
        (-between(rng, 2, 4), between(rng, 0.5, 2), between(rng, 0.3, 0.8)),
        (between(rng, 0.5, 1.5), -between(rng, 5, 8), between(rng, 0.5, 2)),
    ]


def _biases(seed: int | None) -> list[tuple[int, float, float]]:
    """Cases (d, beta, epsilon); the second asks for a number that rounds down."""
    if seed is None:
        return [(1, 1.0, 0.01), (4, 0.5, 0.15), (20, 0.5, 0.05)]
    rng = np.random.default_rng(seed)
    sizes = 1, int(rng.integers(3, 6)), int(rng.integers(10, 20))
    noises = between(rng, 0.8, 1.2), between(rng, 0.5, 0.8), between(rng, 0.5, 0.8)
    return [
        (d, beta, _off_whole(float(information_flow.bias_law(1, d, beta).chi2), rng))
        for d, beta in zip(sizes, noises, strict=True)
    ]


def _off_whole(chi2: float, rng: np.random.Generator) -> float:
    """An epsilon for which chi2 / (2 epsilon) is 0.1 to 0.4 above a whole number.

    Rounding errors then do not decide, and a number that is rounded is wrong.
    """
    while True:
        epsilon = between(rng, 0.01, 0.2)
        if 0.1 < (chi2 / (2 * epsilon)) % 1 < 0.4:
            return epsilon
