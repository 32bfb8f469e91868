"""The checks of chapter 1, linear regions."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import linear_regions, networks
from helpers.checks.outcome import (
    PASSED,
    UNSOLVED,
    Check,
    asked,
    between,
    near,
    number,
    right_is,
    seeds,
    told_apart,
)

Layers = list[tuple[np.ndarray, np.ndarray]]


def hard_tanh_breakpoints(
    answer: Callable[[Layers, np.ndarray, np.ndarray], ArrayLike],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 1, exercise 2: every breakpoint of a hard tanh network on a segment."""
    for network, one in enumerate(seeds(20, seed)):
        net = networks.mlp([3, 8, 8, 1], "hard_tanh", sigma_w=2, sigma_b=1, seed=one)
        layers = [_arrays(net[i]) for i in (0, 2)]
        start, end = np.random.default_rng(one).normal(size=(2, 3)) * 2
        right = np.asarray(linear_regions.line_breakpoints(net, start, end))
        yours = asked(answer, layers, start, end)
        if isinstance(yours, Check):
            return yours
        if wrong := _difference(yours, right, seed):
            return Check(False, f"network {network}: {wrong}")
    return PASSED


def angle_law(
    answer: Callable[[np.ndarray, np.ndarray, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 1, exercise 3: expected breakpoints of one first-layer neuron."""
    rng = np.random.default_rng(seed or 0)
    scales = [0.1, 1.0]
    if seed is not None:
        scales = [between(rng, 0.05, 0.2), between(rng, 0.5, 2)]
    cases = [(*rng.normal(size=(2, n)), s) for n in (1, 3, 50) for s in scales]
    cases.append((np.zeros(2), np.ones(2), scales[1]))
    for p, q, sigma_b in cases:
        right = linear_regions.expected_breakpoints([1], sigma_b, p, q)[0]
        yours = asked(answer, p, q, sigma_b)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            said, wanted = told_apart(number(yours), right)
            return Check(
                False,
                f"for p = {_short(p)}, q = {_short(q)}, sigma_b = {sigma_b} you say "
                f"{said}, {right_is(wanted, seed)}",
            )
    return PASSED


def half_of_layer_three(
    answer: float | EllipsisType | None, *, seed: int | None = None
) -> Check:
    """Chapter 1, exercise 4: the bias variance that leaves half inside [-1, 1]."""
    if answer is None or answer is ...:
        return UNSOLVED
    variance = number(answer)
    if not 0 < variance < math.inf:
        return Check(False, f"a variance is a number above 0, got {answer!r}")
    sigma_b = math.sqrt(variance)
    share = linear_regions.expected_breakpoints([1, 1, 1], sigma_b, [-1.0], [1.0])[2]
    if near(share, 0.5, 1e-3):
        return PASSED
    said, half = told_apart(share, 0.5)
    return Check(
        False,
        f"with sigma_b^2 = {variance:.6g} the segment holds {said} of the breakpoints "
        f"of layer 3, {right_is(half, seed, 'not')}",
    )


def _difference(yours: ArrayLike, right: np.ndarray, seed: int | None) -> str:
    """How the reader's breakpoints differ from the right ones; empty if they do not."""
    try:
        found = np.asarray(yours, dtype=np.float64)
    except (TypeError, ValueError):
        return f"expected an array of numbers, got {type(yours).__name__}"
    if found.ndim != 1:
        return f"expected numbers in a row, got an array of shape {list(found.shape)}"
    if found.size != right.size:
        true = right_is(right.size, seed, "there are")
        return f"{found.size} breakpoints found, {true}"
    off = np.nan_to_num(np.abs(found - right), nan=np.inf)
    if off.max(initial=0) <= 1e-9:
        return ""
    worst = int(np.argmax(off))
    said, wanted = told_apart(found[worst], right[worst])
    if seed is not None:
        return f"breakpoint {worst} is not at {said}"
    return f"breakpoint {worst} is at {wanted}, you say {said}"


def _arrays(linear: Any) -> tuple[np.ndarray, np.ndarray]:
    return linear.weight.detach().numpy(), linear.bias.detach().numpy()


def _short(point: np.ndarray) -> str:
    return np.array2string(point, precision=3, threshold=4)
