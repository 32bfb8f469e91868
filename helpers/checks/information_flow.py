"""The checks of chapter 8, information flow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers import information_flow
from helpers.checks.outcome import PASSED, Check, asked, near

_INPUTS = np.array([-3.0, -1.0, 1.0, 3.0])


def relu_information(answer: Callable[[float, float, float], float]) -> Check:
    """Chapter 8, exercise 2: I(X;T) of one noisy ReLU neuron."""
    for w, b, beta in ((1.0, 0.5, 0.1), (0.2, 0.0, 0.3), (-3.0, 1.0, 0.5), (1, -5, 1)):
        signal = np.maximum(w * _INPUTS + b, 0)
        right = float(information_flow.scalar_information(signal, beta))
        yours = asked(answer, w, b, beta)
        if isinstance(yours, Check):
            return yours
        if not _within(yours, right, 1e-4):
            return Check(
                False,
                f"for w = {w}, b = {b}, beta = {beta} you say {yours}, "
                f"the right value is {right:.5f}",
            )
    return PASSED


def samples_needed(answer: Callable[[int, float, float], int]) -> Check:
    """Chapter 8, exercise 3: samples that bring the bias down to epsilon."""
    for d, beta, epsilon in ((1, 1.0, 0.01), (4, 0.5, 0.1), (20, 0.5, 0.05)):
        c = float(information_flow.chi2_information([-1.0, 1.0], beta))
        law = information_flow.bias_law(1, d, beta)
        right = math.ceil(law.chi2 / (2 * epsilon))
        yours = asked(answer, d, c, epsilon)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(
                False,
                f"for d = {d}, c = {c:.4f}, epsilon = {epsilon} you say {yours}, "
                f"the right value is {right}",
            )
    return PASSED


def _within(yours: Any, right: float, tolerance: float) -> bool:
    try:
        return abs(float(yours) - right) <= tolerance
    except (TypeError, ValueError):
        return False
