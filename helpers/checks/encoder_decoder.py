"""The checks of chapter 4, encoder-decoder networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers import encoder_decoder
from helpers.checks.outcome import PASSED, Check, asked, near, number, told_apart

_CASES = [(1.0, False), (2.0, False), (1.0, True), (2.0, True)]


def dual_filters(answer: Callable[[np.ndarray, float, bool], ArrayLike]) -> Check:
    """Chapter 4, exercise 2: decoder filters with which a linear network rebuilds."""
    for seed, (alpha, skip) in enumerate(_CASES):
        psi = np.random.default_rng(seed).normal(size=(8, 2, 3))
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


def cone_count(answer: Callable[[np.ndarray], int]) -> Check:
    """Chapter 4, exercise 3: cones between hyperplanes through 0."""
    for name, normals in _arrangements().items():
        right = encoder_decoder.count_cones(normals)
        yours = asked(answer, normals.copy())
        if isinstance(yours, Check):
            return yours
        if not near(yours, right):
            return Check(False, f"for {name} you say {yours}, there are {right}")
    return PASSED


def threshold_sure(answer: Callable[[np.ndarray, float, float], float]) -> Check:
    """Chapter 4, exercise 4: Stein's estimate for soft thresholds."""
    for seed, threshold in enumerate((0.5, 1.0, 2.0)):
        y = np.random.default_rng(seed).normal(size=50) * 2
        sigma = 0.5 + seed
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
            return Check(False, f"for {case} you say {said}, right is {told}")
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
