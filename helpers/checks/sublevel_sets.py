"""The checks of chapter 5, connected sublevel sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers import sublevel_sets
from helpers.checks.outcome import (
    PASSED,
    Check,
    asked,
    near,
    number,
    right_is,
    seeds,
    told_apart,
)

Array = NDArray[np.float64]
Net = tuple[Array, Array]
Phi = Callable[[Array], Array]


def level_path(
    answer: Callable[[Net, Net, Array, Phi], Sequence[tuple[ArrayLike, ArrayLike]]],
    *,
    seed: int | None = None,
) -> Check:
    """Chapter 5, exercise 3: a polygon of two-layer networks that does not climb."""
    for pair, one in enumerate(seeds(10, seed)):
        a, b, x, y, phi = _pair(pair, one)
        corners = asked(answer, a, b, x, phi)
        if isinstance(corners, Check):
            return corners
        told = _complaint(corners, a, b, x, y, phi)
        if told:
            return Check(False, f"pair {pair}: {told}")
    return PASSED


def pass_level(answer: Callable[[Array], float], *, seed: int | None = None) -> Check:
    """Chapter 5, exercise 4: below which loss outputs must have rank N."""
    for name, y in _targets(seed).items():
        right = sublevel_sets.pass_height(y)
        yours = asked(answer, y)
        if isinstance(yours, Check):
            return yours
        if math.isnan(number(yours)):
            return Check(False, f"for {name} expected a number, got {yours!r}")
        if not near(yours, right, 1e-3):
            said, wanted = told_apart(number(yours), right)
            return Check(False, f"for {name} you say {said}, {right_is(wanted, seed)}")
    return PASSED


def _targets(seed: int | None) -> dict[str, Array]:
    """Outputs by name; of a seed, their singular values are 0.5 or more.

    A height near 0, of which a rounded answer keeps too few digits, is not drawn.
    """
    rng = np.random.default_rng(seed or 0)
    size = 4 if seed is None else int(rng.integers(5, 9))
    targets = {f"I of size {size}": np.eye(size)}
    for shape in ((3, 3), (3, 5)):
        y = rng.normal(size=shape)
        if seed is not None:
            u, s, v = np.linalg.svd(y, full_matrices=False)
            y = u * (s + 0.5) @ v
        targets[f"a random matrix {list(shape)}"] = y
    return targets


def _pair(number: int, seed: int) -> tuple[Net, Net, Array, Array, Phi]:
    """Two networks of width 2N, each with the best fit that its features allow.

    In every third pair one has no rank; every second is of ReLU.
    """
    rng = np.random.default_rng(seed)
    n, n_in, n_out, slope = 5, 3, 2, 0.2 * (number % 2)
    x = np.column_stack([rng.normal(size=(n, n_in)), np.ones(n)])
    y = rng.normal(size=(n, n_out))
    u, w = rng.normal(size=(2, n_in + 1, 2 * n))
    if number % 3 == 1:
        u[:, 1:] = u[:, :1]
    if number % 3 == 2:
        w[:] = 0

    def phi(z: Array) -> Array:
        return np.maximum(z, slope * z)

    return _fitted(u, x, y, phi), _fitted(w, x, y, phi), x, y, phi


def _fitted(u: Array, x: Array, y: Array, phi: Phi) -> Net:
    features = np.column_stack([phi(x @ u), np.ones(len(x))])
    return u, np.asarray(np.linalg.lstsq(features, y)[0], dtype=np.float64)


def _complaint(
    corners: Sequence[tuple[ArrayLike, ArrayLike]],
    a: Net,
    b: Net,
    x: Array,
    y: Array,
    phi: Phi,
) -> str:
    """Return what is wrong with a polygon; empty if nothing is."""
    try:
        nets = [
            (np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64))
            for u, v in corners
        ]
        fits = all((u.shape, v.shape) == (a[0].shape, a[1].shape) for u, v in nets)
    except (TypeError, ValueError, RuntimeError):
        return "expected a list of pairs (U, V)"
    if not (fits and nets):
        return f"every U needs shape {a[0].shape} and every V {a[1].shape}"
    for name, net, wanted in (("first", nets[0], a), ("last", nets[-1], b)):
        gap = max(float(np.abs(p - q).max()) for p, q in zip(net, wanted, strict=True))
        if not gap <= 1e-8:
            return f"the {name} corner is off by {gap:.3g}"
    ends = max(_loss(a, x, y, phi), _loss(b, x, y, phi))
    for side, ((u, v), (u_end, v_end)) in enumerate(pairwise(nets)):
        for t in np.linspace(0, 1, 21):
            net = ((1 - t) * u + t * u_end, (1 - t) * v + t * v_end)
            climb = _loss(net, x, y, phi) - ends
            if not climb <= 1e-9:
                return f"side {side + 1} climbs {climb:.3g} above the ends"
    return ""


def _loss(net: Net, x: Array, y: Array, phi: Phi) -> float:
    u, v = net
    return float(((phi(x @ u) @ v[:-1] + v[-1] - y) ** 2).sum() / (2 * len(y)))
