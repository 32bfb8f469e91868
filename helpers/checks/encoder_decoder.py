"""The checks of chapter 4, encoder-decoder networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers import encoder_decoder
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


def dual_filters(
    answer: Callable[[np.ndarray, float, bool], ArrayLike], *, seed: int | None = None
) -> Check:
    """Chapter 4, exercise 2: decoder filters with which a linear network rebuilds."""
    gains = [1.0, 2.0]
    if seed is not None:
        rng = np.random.default_rng(seed)
        gains = [between(rng, 0.5, 1.5), between(rng, 2.5, 4)]
    cases = [(alpha, skip) for skip in (False, True) for alpha in gains]
    for (alpha, skip), one in zip(cases, seeds(4, seed), strict=True):
        psi = np.random.default_rng(one).normal(size=(8, 2, 3))
        yours = asked(answer, psi.copy(), alpha, skip)
        if isinstance(yours, Check):
            return yours
        dual = _array(yours)
        if dual is None or dual.shape != psi.shape:
            got = "something else" if dual is None else dual.shape
            return Check(False, f"expected an array of shape {psi.shape}, got {got}")
        error = _rebuilding_error(psi, dual, alpha, skip)
        if not error < 1e-8:
            case = f"alpha = {alpha:g}, skip {skip}"
            return Check(False, f"for {case} the error is {error:.2g} of the input")
    return PASSED


def cone_count(
    answer: Callable[[np.ndarray], int], *, seed: int | None = None
) -> Check:
    """Chapter 4, exercise 3: cones between hyperplanes through 0."""
    made = _arrangements() if seed is None else _drawn_arrangements(seed)
    for name, normals in made.items():
        right = encoder_decoder.count_cones(normals)
        yours = asked(answer, normals.copy())
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            true = right_is(right, seed, "there are")
            return Check(False, f"for {name} you say {yours}, {true}")
    return PASSED


def threshold_sure(
    answer: Callable[[np.ndarray, float, float], float], *, seed: int | None = None
) -> Check:
    """Chapter 4, exercise 4: Stein's estimate for soft thresholds."""
    cases = [(0.5, 0.5), (1.0, 1.5), (2.0, 2.5)]
    if seed is not None:
        rng = np.random.default_rng(seed)
        cases = [(between(rng, 0.4, 2), between(rng, 0.4, 3)) for _ in cases]
    for (threshold, sigma), one in zip(cases, seeds(3, seed), strict=True):
        y = np.random.default_rng(one).normal(size=50) * 2
        kept = np.abs(y) > threshold
        gap = np.minimum(np.abs(y), threshold)
        right = (gap**2).mean() - sigma**2 + 2 * sigma**2 * kept.mean()
        yours = asked(answer, y.copy(), threshold, sigma)
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            case = f"t = {threshold:g}, sigma = {sigma:g}"
            said, told = told_apart(number(yours), right)
            said = said if np.isfinite(number(yours)) else f"{yours!r}"
            true = right_is(told, seed, "right is")
            return Check(False, f"for {case} you say {said}, {true}")
    return PASSED


def _array(value: ArrayLike) -> np.ndarray | None:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _rebuilding_error(
    psi: np.ndarray, dual: np.ndarray, alpha: float, skip: bool
) -> float:
    """Relative error of a network of one level with these filters."""
    if not np.isfinite(dual).all():
        return np.inf
    network = encoder_decoder.EncoderDecoder(
        6,
        (2, 8),
        3,
        pooling="identity",
        activation="linear",
        alpha=alpha,
        skip=skip,
        filters=[(torch.from_numpy(psi), torch.from_numpy(dual))],
    )
    x = np.random.default_rng(9).normal(size=(4, network.n_in))
    y = network(torch.from_numpy(x)).detach().numpy()
    return float(np.linalg.norm(y - x) / np.linalg.norm(x))


def _arrangements() -> dict[str, np.ndarray]:
    pairs = list(combinations(range(4), 2))
    return {
        "four lines in a plane": np.array([[1.0, 0], [0, 1], [1, 1], [1, -1]]),
        "six random planes in space": np.random.default_rng(0).normal(size=(6, 3)),
        "x_i = x_j in four dimensions": np.array(
            [np.eye(4)[i] - np.eye(4)[j] for i, j in pairs]
        ),
        "two equal planes and one more": np.array([[1.0, 2, 0], [2, 4, 0], [0, 0, 1]]),
        "two planes at an angle of 1e-4 and one more": np.array(
            [[1.0, 0, 0], [1, 1e-4, 0], [0, 0, 1]]
        ),
    }


def _drawn_arrangements(seed: int) -> dict[str, np.ndarray]:
    """Arrangements of the same kinds: other planes, with normals of other lengths."""
    rng = np.random.default_rng(seed)
    lines, planes, d = (int(n) for n in rng.integers((5, 5, 4), (8, 8, 6)))
    pairs = list(combinations(range(d), 2))
    braid = np.array([np.eye(d)[i] - np.eye(d)[j] for i, j in pairs])
    first, tilt, last = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    angle = between(rng, 1e-4, 2e-4)
    kinds = {
        f"{lines} lines in a plane": rng.normal(size=(lines, 2)),
        f"{planes} random planes in space": rng.normal(size=(planes, 3)),
        f"x_i = x_j in {d} dimensions": braid[rng.permutation(len(braid))],
        "two equal planes and one more": np.array([first, first, tilt]),
        f"two planes at an angle of {angle:g} and one more": np.array(
            [first, first + angle * tilt, last]
        ),
    }
    return {
        name: normals * rng.uniform(0.5, 2, size=(len(normals), 1))
        for name, normals in kinds.items()
    }
