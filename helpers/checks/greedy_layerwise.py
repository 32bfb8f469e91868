"""The checks of chapter 7, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

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
from helpers.greedy_layerwise import error_bound

_ROUNDING = 1e-6  # of an answer in single precision
_Identity = Callable[..., tuple[ArrayLike, ArrayLike, ArrayLike]]


def identity_block(answer: _Identity, *, seed: int | None = None) -> Check:
    """Chapter 7, exercise 2: convolution and batch norm that change nothing."""
    for n, one in zip((1, 3, 5), seeds(3, seed), strict=True):
        rng = np.random.default_rng(one)
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


def unstable_error(
    answer: Callable[[int, float, float, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 7, exercise 3: how the error grows when the solver is not stable."""
    for depth, epsilon, norm, a in _solvers(seed):
        right = float(error_bound(depth, epsilon, norm, 0.0, stability=a)[-1])
        yours = asked(answer, depth, epsilon, norm, a)
        if isinstance(yours, Check):
            return yours
        if math.isnan(number(yours)):
            return Check(False, f"expected a number, got {yours!r}")
        if not near(yours, right):
            mine, its = told_apart(number(yours), right)
            return Check(
                False,
                f"for L = {depth}, epsilon = {epsilon:g}, norm = {norm:g}, a = {a:g} "
                f"you say {mine}, {right_is(its, seed)}",
            )
    return PASSED


def receptive_reach(
    answer: Callable[[int, int, int], int], *, seed: int | None = None
) -> Check:
    """Chapter 7, exercise 4: how far a layer sees when one before it downsamples."""
    for layer, k, m in _layers(seed):
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
                f"{right_is(its, seed)}",
            )
    return PASSED


def _solvers(seed: int | None) -> list[tuple[int, float, float, float]]:
    """Cases (L, epsilon, norm, a)."""
    if seed is None:
        cases = ((1, 1.5), (50, 1.0), (50, 1.1), (20, 0.9))
        return [(depth, 0.01, 2.0, a) for depth, a in cases]
    rng = np.random.default_rng(seed)
    stabilities = between(rng, 1.3, 2), 1.0, between(rng, 1.05, 1.2)
    return [
        (depth, between(rng, 0.002, 0.05), between(rng, 1, 4), a)
        for depth, a in zip(
            (1, *map(int, rng.integers(15, 60, size=3))),
            (*stabilities, between(rng, 0.8, 0.95)),
            strict=True,
        )
    ]


def _layers(seed: int | None) -> list[tuple[int, int, int]]:
    """Cases (layer, k, m): in two of them nothing is downsampled yet."""
    if seed is None:
        return [(1, 1, 2), (2, 3, 3), (1, 1, 1), (2, 1, 2), (4, 2, 2)]
    rng = np.random.default_rng(seed)
    layers, heads = rng.integers((2, 1), (8, 5), size=(5, 2)).T.tolist()
    after, before = [1, 1, 1 - layers[2], 1 - layers[3], 0], [4, 4, 0, 0, 1]
    places = (layers + rng.integers(after, before)).tolist()
    return list(zip(layers, heads, places, strict=True))


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
