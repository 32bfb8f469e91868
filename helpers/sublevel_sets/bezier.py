"""Bezier curves of networks, trained to have a low loss all along."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.special import comb
from torch import Tensor
from torch.nn import functional
from tqdm import trange

from helpers.sublevel_sets.arguments import random_generator
from helpers.sublevel_sets.losses import Targets
from helpers.sublevel_sets.matrices import (
    Array,
    Shape,
    Theta,
    with_ones,
)

_BATCH = 8  # points of the curve in one step
_LAST_RATE = 1e-3  # share of the learning rate at the end


def bezier_curve(controls: list[Theta]) -> Callable[[Array], Theta]:
    """Return t [T] -> matrices of the Bezier curve with these networks as controls."""
    layers = [np.stack(layer) for layer in zip(*controls, strict=True)]

    def curve(t: Array) -> Theta:
        weights = bernstein(t, len(controls) - 1)
        return tuple(np.tensordot(weights, layer, axes=1) for layer in layers)

    return curve


def bernstein(t: Array, degree: int) -> Array:
    """Return the Bernstein polynomials of this degree at t, [T, degree + 1]."""
    k = np.arange(degree + 1)
    t = t[:, None]
    return comb(degree, k) * t**k * (1 - t) ** (degree - k)


def trained_controls(
    ends: Sequence[tuple[Theta, Theta]],
    shape: Shape,
    data: Sequence[tuple[Array, Targets]],
    loss: str,
    *,
    bends: int,
    steps: int,
    lr: float,
    seed: int,
    progress: bool,
) -> list[list[Theta]]:
    """Minimise the mean loss over R curves side by side by Adam; their ends stay.

    Each step takes 8 points, one drawn uniformly from every eighth of [0, 1], the same
    for all curves. The inner controls start on the straight line; the learning rate
    falls linearly to a thousandth.
    """
    sides = zip(*ends, strict=True)
    first, last = ([_stacked(p) for p in zip(*side, strict=True)] for side in sides)
    share = torch.arange(1, bends + 1, dtype=torch.float64) / (bends + 1)
    inner = [
        torch.lerp(p, q, share[:, None, None, None]).requires_grad_()
        for p, q in zip(first, last, strict=True)
    ]
    inputs = _stacked([with_ones(x) for x, _ in data])
    targets = _stacked([y for _, y in data])
    optimizer = torch.optim.Adam(inner, lr=lr, fused=True)
    rng = random_generator(seed)
    bar = trange(steps, desc="Bezier curve", leave=False) if progress else range(steps)
    for step in bar:
        t = (np.arange(_BATCH) + rng.random(_BATCH)) / _BATCH
        weights = torch.from_numpy(bernstein(t, bends + 1))
        theta = [
            torch.tensordot(weights, torch.cat([p[None], c, q[None]]), dims=1)
            for p, c, q in zip(first, inner, last, strict=True)
        ]
        optimizer.param_groups[0]["lr"] = lr * (1 - (1 - _LAST_RATE) * step / steps)
        optimizer.zero_grad()
        _mean_loss(theta, inputs, targets, shape, loss).backward()
        optimizer.step()
    found = [c.detach().numpy() for c in inner]
    return [
        [start, *(tuple(c[k, r] for c in found) for k in range(bends)), end]
        for r, (start, end) in enumerate(ends)
    ]


def _stacked(arrays: Sequence[Array | Targets]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))


def _mean_loss(
    theta: list[Tensor], data: Tensor, y: Tensor, shape: Shape, loss: str
) -> Tensor:
    """Return the loss, averaged over the points and added up over the curves.

    theta: a layer is [T, R, n + 1, m]; data [R, N, n_0 + 1], y [R, N, ...].
    """
    z = data @ theta[0]
    for layer, slope in zip(theta[1:], shape.slopes, strict=True):
        h = functional.leaky_relu(z, slope)
        z = h @ layer[..., :-1, :] + layer[..., -1:, :]
    if loss == "squared":
        return (z - y).square().sum() / (2 * y.shape[1] * len(z))
    labels = y.expand(z.shape[:-1]).flatten()
    return len(y) * functional.cross_entropy(z.flatten(0, -2), labels)
