"""The checks of chapter 7, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from helpers.checks.outcome import PASSED, Check, asked, near, number, told_apart
from helpers.greedy_layerwise import error_bound

_ROUNDING = 1e-6  # of an answer in single precision
_Identity = Callable[..., tuple[ArrayLike, ArrayLike, ArrayLike]]


def identity_block(answer: _Identity) -> Check:
    """Chapter 7, exercise 2: convolution and batch norm that change nothing."""
    for n, seed in ((1, 0), (3, 1), (5, 2)):
        rng = np.random.default_rng(seed)
        m, v, eps = rng.normal(size=n), rng.uniform(0.01, 1, n), 1e-2
        yours = asked(answer, n, m, v, eps)
        if isinstance(yours, Check):
            return yours
        try:
            kernel, scale, shift = (np.asarray(p, dtype=np.float64) for p in yours)
        except (TypeError, ValueError):
            return Check(False, "expected three arrays (kernel, scale, shift)")
        if kernel.shape != (n, n, 3, 3) or scale.shape != (n,) or shift.shape != (n,):
            return Check(
                False,
                f"for n = {n} the shapes must be {(n, n, 3, 3)}, {(n,)} and {(n,)}, "
                f"got {kernel.shape}, {scale.shape} and {shift.shape}",
            )
        h = rng.uniform(size=(n, 6, 6))
        z = _convolved(h, kernel)
        off = abs(_normalized(z, m, v, eps, scale, shift) - h[:, 1:-1, 1:-1]).max()
        if off > _ROUNDING:
            what = (
                "the convolution"
                if abs(z - h[:, 1:-1, 1:-1]).max() > _ROUNDING
                else ("batch norm")
            )
            return Check(False, f"for n = {n}, {what} changes its input by {off:.2g}")
    return PASSED


def unstable_error(answer: Callable[[int, float, float, float], float]) -> Check:
    """Chapter 7, exercise 3: how the error grows when the solver is not stable."""
    for depth, a in ((1, 1.5), (50, 1.0), (50, 1.1), (20, 0.9)):
        right = float(error_bound(depth, 0.01, 2.0, 0.0, stability=a)[-1])
        yours = asked(answer, depth, 0.01, 2.0, a)
        if isinstance(yours, Check):
            return yours
        if math.isnan(number(yours)):
            return Check(False, f"expected a number, got {yours!r}")
        if not near(yours, right):
            mine, its = told_apart(number(yours), right)
            return Check(
                False,
                f"for L = {depth}, epsilon = 0.01, norm = 2, a = {a:g} you say "
                f"{mine}, the right value is {its}",
            )
    return PASSED


def receptive_reach(answer: Callable[[int, int, int], int]) -> Check:
    """Chapter 7, exercise 4: how far a layer sees when one before it downsamples."""
    for layer, k, m in ((1, 1, 2), (2, 3, 3), (1, 1, 1), (2, 1, 2), (4, 2, 2)):
        right = _reach(layer, k, m)
        yours = asked(answer, layer, k, m)
        if isinstance(yours, Check):
            return yours
        if math.isnan(number(yours)):
            return Check(False, f"expected a number, got {yours!r}")
        if not near(yours, right):
            mine, its = told_apart(number(yours), right)
            return Check(
                False,
                f"for layer {layer}, k = {k}, m = {m} you say {mine}, "
                f"the right value is {its}",
            )
    return PASSED


def _reach(layer: int, k: int, m: int) -> int:
    """Follow the interval of pixels that one unit sees, from the head downwards."""
    low, high = 0, 0
    for place in range(layer + k - 1, 0, -1):  # the head's convolutions come last
        low, high = low - 1, high + 1
        if place == m and m <= layer:
            low, high = 2 * low, 2 * high + 1
    return high - low


def _convolved(h: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the convolution of [n, 6, 6] without its border."""
    windows = np.lib.stride_tricks.sliding_window_view(h, (3, 3), axis=(1, 2))
    convolved: np.ndarray = np.einsum("cijab,ocab->oij", windows, kernel)
    return convolved


def _normalized(
    z: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    eps: float,
    scale: np.ndarray,
    shift: np.ndarray,
) -> np.ndarray:
    factor = (scale / np.sqrt(v + eps))[:, None, None]
    scaled: np.ndarray = factor * (z - m[:, None, None]) + shift[:, None, None]
    return scaled
