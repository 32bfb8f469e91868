"""A Bezier curve of networks, trained to have a low loss all along."""

from collections.abc import Callable

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
    start: Theta,
    end: Theta,
    shape: Shape,
    x: Array,
    y: Targets,
    loss: str,
    *,
    bends: int,
    steps: int,
    lr: float,
    seed: int,
    progress: bool,
) -> list[Theta]:
    """Minimise the mean loss over the curve by Adam; the ends stay.

    Each step takes 8 points, one drawn uniformly from every eighth of [0, 1]. The
    inner controls start on the straight line; the learning rate falls linearly to 0.
    """
    ends = [[torch.from_numpy(layer) for layer in theta] for theta in (start, end)]
    share = torch.arange(1, bends + 1, dtype=torch.float64) / (bends + 1)
    inner = [
        torch.lerp(p, q, share[:, None, None]).requires_grad_()
        for p, q in zip(*ends, strict=True)
    ]
    data, targets = torch.from_numpy(with_ones(x)), torch.from_numpy(y)
    optimizer = torch.optim.Adam(inner, lr=lr)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 1e-3, steps)
    rng = random_generator(seed)
    bar = trange(steps, desc="Bezier curve", leave=False) if progress else range(steps)
    for _ in bar:
        t = (np.arange(_BATCH) + rng.random(_BATCH)) / _BATCH
        weights = torch.from_numpy(bernstein(t, bends + 1))
        theta = [
            torch.tensordot(weights, torch.cat([p[None], c, q[None]]), dims=1)
            for p, c, q in zip(ends[0], inner, ends[1], strict=True)
        ]
        optimizer.zero_grad()
        _mean_loss(theta, data, targets, shape, loss).backward()
        optimizer.step()
        decay.step()
    middle = [[c[k].detach().numpy() for c in inner] for k in range(bends)]
    return [start, *map(tuple, middle), end]


def _mean_loss(
    theta: list[Tensor], data: Tensor, y: Tensor, shape: Shape, loss: str
) -> Tensor:
    """Return the loss, averaged over the points."""
    z = data @ theta[0]
    for layer, slope in zip(theta[1:], shape.slopes, strict=True):
        h = functional.leaky_relu(z, slope)
        z = torch.baddbmm(layer[:, -1:], h, layer[:, :-1])
    if loss == "squared":
        return (z - y).square().sum() / (2 * len(y) * len(z))
    return functional.cross_entropy(z.flatten(0, 1), y.repeat(len(z)))
