"""Gradient descent with noise of a chosen shape, on many networks at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import trange

from helpers.sgd_noise.arguments import (
    check_batch,
    check_positive,
    read_count,
    read_data,
    read_seed,
)
from helpers.sgd_noise.copies import differentiating
from helpers.sgd_noise.covariance import noise_scale
from helpers.sgd_noise.kicks import KICKS, Run
from helpers.sgd_noise.losses import read_loss, read_targets
from helpers.sgd_noise.stack import Stack
from helpers.training import Loss

Noise = Literal[
    "gd",
    "sgd",
    "constant",
    "dynamic",
    "diagonal",
    "leading",
    "hessian",
    "first",
    "gaussian",
]

NOISES: tuple[Noise, ...] = get_args(Noise)
"""The noises that `dynamics` accepts."""


@dataclass(frozen=True, eq=False)
class NoisyRuns:
    """Where the networks ended; made by `dynamics`.

    Attributes:
        networks: one a run, in eval mode as given.
        power: mean over steps of |noise|^2, [R]; None for gd and sgd, which add none.
        trace: mean over steps of Tr Sigma along the way, [R]; None likewise.
    """

    networks: list[nn.Sequential]
    power: NDArray[np.float64] | None
    trace: NDArray[np.float64] | None


@differentiating()
def dynamics(
    net: nn.Sequential | Sequence[nn.Sequential],
    x: Tensor,
    y: Tensor,
    noise: Noise = "sgd",
    *,
    lr: float,
    steps: int,
    batch_size: int = 20,
    loss: str | Loss = "cross_entropy",
    rank: int = 20,
    refresh: int = 10,
    watch: Callable[[int, list[nn.Sequential]], None] | None = None,
    watch_every: int = 1,
    seed: int,
    progress: bool = True,
) -> NoisyRuns:
    """Run theta -> theta - lr (grad L(theta) + noise), all networks side by side.

    The dynamics of Zhu et al. 2019, table 1. With Sigma the covariance of a minibatch
    gradient at theta (drawn without replacement), the noise is Gaussian of covariance

        gd         0
        sgd        the minibatch's own noise, not Gaussian
        constant   isotropic, with the trace that Sigma has at the start
        dynamic    isotropic, trace Tr Sigma
        diagonal   the diagonal of Sigma
        leading    the `rank` leading eigenpairs of Sigma, scaled to Tr Sigma
        hessian    those of the Hessian, negative ones left out, scaled to Tr Sigma
        first      Tr Sigma u u', u the first eigenvector of the Hessian
        gaussian   Sigma itself (not in the paper; Wu et al. 2020)

    Sigma and its trace are those of every step; eigenvectors are renewed every
    `refresh` steps.

    Args:
        net: a network of Linear layers and activations, or R of one architecture,
            left unchanged.
        x: inputs, [N, n_in], or [R, N, n_in] for data of their own.
        y: targets, [N, ...] or [R, N, ...].
        noise: one of `NOISES`.
        lr: learning rate > 0.
        steps: >= 1.
        batch_size: m in 1..N; sets the size of the noise in every dynamic but gd.
        loss: "cross_entropy", "mse" or a callable (outputs, targets) -> mean.
        rank: eigenvectors of "leading" and "hessian", 1..min(N, D).
        refresh: steps between renewals of eigenvectors, >= 1.
        watch: called as watch(step, networks) after every `watch_every` steps; it must
            leave the networks as they are.
        watch_every: >= 1.
        seed: integer, of batches and noise.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).

    Raises:
        ValueError: an argument out of range, or architectures that differ.
        TypeError: a layer that is not Linear or an activation of `networks`.
        FloatingPointError: the parameters are no longer finite.

    Cost: a gradient of all data a step (sgd: of the batch); "leading" adds an
    eigenproblem [N, N] at each renewal, "hessian" about 3 rank products.
    """
    given = [net] if isinstance(net, nn.Module) else list(net)
    stack = Stack(given)
    nets = [copy.deepcopy(one) for one in given]
    x, y = read_data(x, y, stack.theta)
    stack.check_inputs(x)
    outputs = stack.outputs(x)
    n = x.shape[-2]
    _check(noise, lr, rank, n, stack.dimension)
    steps, refresh = read_count("steps", steps), read_count("refresh", refresh)
    watch_every = read_count("watch_every", watch_every)
    check_batch(batch_size, n)
    criterion = read_loss(loss)
    y = _read_targets(y, criterion, outputs, own=x.ndim == 3)
    stack.check(given, x, outputs)
    generator = torch.Generator().manual_seed(read_seed(seed))
    run = Run(stack, nets, x, y, criterion, generator, rank)
    run.scale = noise_scale(batch_size, n, replace=False)
    power, trace = torch.zeros(2, len(nets), dtype=torch.float64)
    for step in trange(steps, desc=noise, leave=False, disable=not progress):
        if noise == "sgd":
            stack.theta -= lr * run.minibatch_gradient(batch_size)
        elif noise == "gd":
            stack.theta -= lr * run.gradient()
        else:
            run.look(renew=step % refresh == 0)
            kick = KICKS[noise](run)
            stack.theta -= lr * (run.mean + kick)
            power += (kick**2).sum(1)
            trace += run.trace
        if watch is not None and (step + 1) % watch_every == 0:
            stack.write(nets)
            watch(step + 1, nets)
    if not torch.isfinite(stack.theta).all():
        raise FloatingPointError(f"{noise} diverged within {steps} steps (lr {lr:g})")
    stack.write(nets)
    if noise in ("gd", "sgd"):
        return NoisyRuns(nets, None, None)
    return NoisyRuns(nets, (power / steps).numpy(), (trace / steps).numpy())


def _read_targets(y: Tensor, loss: Loss, outputs: Tensor, *, own: bool) -> Tensor:
    """Return the targets of all runs as the loss takes them, or raise.

    Args:
        y: [n, ...] for all runs, or [R, n, ...] of their own.
        loss: from `read_loss`.
        outputs: [R, n, n_out].
        own: which of the two.
    """
    if not own:
        return read_targets(y, loss, outputs[0])
    return read_targets(y.flatten(0, 1), loss, outputs.flatten(0, 1)).view(y.shape)


def _check(noise: str, lr: float, rank: int, n: int, d: int) -> None:
    """Raise unless the arguments of `dynamics` are in range."""
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {NOISES}, got {noise!r}")
    check_positive("lr", lr)
    read_count("rank", rank, min(n, d))
