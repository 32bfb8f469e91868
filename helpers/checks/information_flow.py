"""The checks of chapter 8, information flow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers import information_flow
from helpers.checks.outcome import PASSED, Check, asked, near, number, told_apart

_FOUR_DECIMALS = 1e-4  # twice what rounding to four decimals can do
_INPUTS = np.array([-3.0, -1.0, 1.0, 3.0])


def relu_information(answer: Callable[[float, float, float], float]) -> Check:
    """Chapter 8, exercise 2: I(X;T) of one noisy ReLU neuron."""
    for w, b, beta in ((1.0, 0.5, 0.1), (0.2, 0.0, 0.3), (-3.0, 1.0, 0.5), (1, -5, 1)):
        signal = np.maximum(w * _INPUTS + b, 0)
        right = float(information_flow.scalar_information(signal, beta))
        yours = asked(answer, w, b, beta)
        if isinstance(yours, Check):
            return yours
        if not abs(number(yours) - right) <= _FOUR_DECIMALS:
            case = f"w = {w}, b = {b}, beta = {beta}"
            return Check(False, _told(case, yours, right))
    return PASSED


def samples_needed(answer: Callable[[int, float, float], int]) -> Check:
    """Chapter 8, exercise 3: samples that bring the bias down to epsilon."""
    for d, beta, epsilon in ((1, 1.0, 0.01), (4, 0.5, 0.15), (20, 0.5, 0.05)):
        c = float(information_flow.chi2_information([-1.0, 1.0], beta))
        law = information_flow.bias_law(1, d, beta)
        right = math.ceil(law.chi2 / (2 * epsilon))
        yours = asked(answer, d, c, epsilon)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            case = f"d = {d}, c = {c:.4f}, epsilon = {epsilon}"
            return Check(False, _told(case, yours, right))
    return PASSED


def _told(case: str, yours: Any, right: float) -> str:
    """Both values for a case, in digits that show how they differ."""
    said, value = told_apart(number(yours), right)
    said = f"{yours}" if math.isnan(number(yours)) else said
    return f"for {case} you say {said}, the right value is {value}"
