"""Losses beside a minimum, and the sharpness that they show."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.models import check_evaluation, check_finite
from helpers.sgd_noise.arguments import (
    check_positive,
    read_count,
    read_real,
    read_seed,
    to_numpy,
)
from helpers.sgd_noise.copies import differentiating
from helpers.sgd_noise.problem import Problem, trained_parameters
from helpers.training import Loss

Array = NDArray[np.float64]
_NETWORKS_AT_ONCE = 32


def displaced_losses(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    steps: ArrayLike,
    *,
    loss: str | Loss = "cross_entropy",
) -> Array:
    """Loss of the network at theta + step, for many steps.

    Args:
        net: as in `per_sample_gradients`, left unchanged.
        x: inputs, [n, ...].
        y: targets, [n, ...].
        steps: displacements of the trained parameters, [K, D].
        loss: as in `per_sample_gradients`.

    Returns:
        [K]. Cost: K forward passes; those of Linear layers and activations are made a
        few dozen networks at a time.

    Raises:
        TypeError, ValueError: as `per_sample_gradients`; steps not [K, D], not finite
            or so long that a loss is not.
    """
    found = _losses(net, x, y, steps, loss)
    if not np.isfinite(found).all():
        raise ValueError("steps must lead to finite losses, got NaN or infinity there")
    return found


def _losses(
    net: nn.Module, x: Tensor, y: Tensor, steps: ArrayLike, loss: str | Loss
) -> Array:
    """What `displaced_losses` returns, not finite where the network is not."""
    check_evaluation(net)
    check_finite(net)
    moves = torch.as_tensor(read_real("steps", steps))
    dimension = sum(p.numel() for p in trained_parameters(net).values())
    if moves.ndim != 2 or moves.shape[1] != dimension:
        raise ValueError(
            f"steps must be [K, {dimension}], got shape {list(moves.shape)}"
        )
    if not moves.isfinite().all():
        raise ValueError("steps must be finite, got NaN or infinity")
    problem = Problem(net, x, y, loss)
    if problem.stack is None:
        return np.array(list(problem.losses(moves)))
    found = []
    with differentiating(), torch.no_grad():
        for part in torch.split(moves, _NETWORKS_AT_ONCE):
            stack = problem.stack.moved(part)
            found.append(stack.losses(problem.x, problem.y, problem.loss))
    return to_numpy(torch.cat(found))


def expected_sharpness(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    scale: float,
    draws: int = 100,
    loss: str | Loss = "cross_entropy",
    seed: int,
) -> tuple[float, float]:
    """E[L(theta + nu)] - L(theta) for nu Gaussian of deviation `scale`.

    The paper's measure of sharpness, (scale^2 / 2) Tr H to second order. Each draw is
    taken with both signs, which removes the slope.

    Args:
        net: as in `per_sample_gradients`.
        x: inputs, [n, ...].
        y: targets, [n, ...].
        scale: > 0; the paper's code uses 0.01.
        draws: pairs nu, -nu; >= 2.
        loss: as in `per_sample_gradients`.
        seed: integer.

    Returns:
        The mean and its standard error. Cost: 2 draws forward passes.

    Raises:
        TypeError, ValueError: as `per_sample_gradients`; an argument out of range, or
            a scale so large that a loss overflows.
    """
    check_positive("scale", scale)
    draws = read_count("draws", draws, least=2)
    generator = torch.Generator().manual_seed(read_seed(seed))
    check_evaluation(net)
    check_finite(net)
    dimension = sum(p.numel() for p in trained_parameters(net).values())
    nu = scale * torch.randn(draws, dimension, generator=generator, dtype=torch.float64)
    if not nu.isfinite().all():
        raise ValueError(f"scale must leave finite steps, got {scale!r}")
    here = _losses(net, x, y, np.zeros((1, dimension)), loss)
    both = [_losses(net, x, y, sign * nu, loss) for sign in (1, -1)]
    with np.errstate(over="ignore", invalid="ignore"):
        rise = (both[0] + both[1]) / 2 - here
        spread = rise.std(ddof=1)
    if not (np.isfinite(rise).all() and math.isfinite(spread)):
        raise ValueError(
            f"scale must leave losses and their squares finite, got {scale!r}"
        )
    return float(rise.mean()), float(spread / math.sqrt(draws))
