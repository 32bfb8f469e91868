"""Gradient descent with noise of a chosen shape, on many networks at once."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import trange

from helpers.sgd_noise.covariance import check_batch, noise_scale
from helpers.sgd_noise.curvature import HessianOperator, top_eigenpairs
from helpers.sgd_noise.per_sample import Factors, Stack, read_data, read_loss
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

NOISES: tuple[str, ...] = get_args(Noise)
"""The noises that `dynamics` accepts."""

_LANCZOS = 1e-3  # relative accuracy of the Hessian's eigenvalues


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
        seed: integer seed of batches and noise.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).

    Raises:
        ValueError: an argument out of range, or architectures that differ.
        TypeError: a layer that is not Linear or an activation of `networks`.
        FloatingPointError: the parameters are no longer finite.

    Cost: a gradient of all data a step (sgd: of the batch); "leading" adds an
    eigenproblem [N, N] at each renewal, "hessian" about 3 rank products.
    """
    nets = [net] if isinstance(net, nn.Module) else list(net)
    nets = [copy.deepcopy(one) for one in nets]
    stack = Stack(nets)
    x, y = read_data(x, y, stack.theta)
    n = x.shape[-2]
    _check(noise, lr, steps, refresh, rank, n, stack.dimension)
    check_batch(batch_size, n)
    criterion = read_loss(loss)
    generator = torch.Generator().manual_seed(seed)
    run = _Run(stack, nets, x, y, criterion, generator, rank)
    run.scale = noise_scale(batch_size, n, replace=False)
    power, trace = [], []
    for step in trange(steps, desc=noise, leave=False, disable=not progress):
        if noise == "sgd":
            stack.theta -= lr * run.minibatch_gradient(batch_size)
            continue
        run.look(renew=step % refresh == 0)
        kick = _KICKS[noise](run)
        stack.theta -= lr * (run.mean + kick)
        power.append((kick**2).sum(1).double())
        trace.append(run.trace.double())
    if not torch.isfinite(stack.theta).all():
        raise FloatingPointError(f"{noise} diverged within {steps} steps (lr {lr:g})")
    stack.write(nets)
    if noise in ("gd", "sgd"):
        return NoisyRuns(nets, None, None)
    means = (torch.stack(found).mean(0).numpy() for found in (power, trace))
    return NoisyRuns(nets, *means)


class _Run:
    """The state of one call of `dynamics`: R networks, and what was measured last."""

    scale: float
    factors: Factors
    mean: Tensor  # gradient of the mean loss, [R, D]
    trace: Tensor  # Tr Sigma, [R]
    renew: bool
    first_trace: Tensor | None = None
    axes: Tensor  # [R, D, k]
    shares: Tensor  # of the trace along each axis, [R, k]

    def __init__(
        self,
        stack: Stack,
        nets: list[nn.Sequential],
        x: Tensor,
        y: Tensor,
        loss: Loss,
        generator: torch.Generator,
        rank: int,
    ) -> None:
        self.stack, self.nets, self.rank = stack, nets, rank
        self.x, self.y, self.loss, self.generator = x, y, loss, generator
        self.n_runs, self.n = len(nets), x.shape[-2]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, [R, *shape]."""
        like = self.stack.theta
        shape = (self.n_runs, *shape)
        return torch.randn(shape, generator=self.generator, dtype=like.dtype)

    def minibatch_gradient(self, size: int) -> Tensor:
        """Gradient of a batch of its own for each network, [R, D]."""
        keys = torch.rand(self.n_runs, self.n, generator=self.generator)
        chosen = keys.topk(size, dim=1).indices
        if self.x.ndim == 2:
            x, y = self.x[chosen], self.y[chosen]
        else:
            runs = torch.arange(self.n_runs)[:, None]
            x, y = self.x[runs, chosen], self.y[runs, chosen]
        return self.stack.gradients(x, y, self.loss).mean()

    def look(self, *, renew: bool) -> None:
        """Take the gradients of all samples where the networks are now."""
        self.renew = renew
        self.factors = self.stack.gradients(self.x, self.y, self.loss)
        self.mean = self.factors.mean()
        second = self.factors.norms().mean(1)
        self.trace = self.scale * (second - (self.mean**2).sum(1)).clamp_min(0)

    def along(self, axes: Callable[[], tuple[Tensor, Tensor]]) -> Tensor:
        """Noise of the present trace along axes that are renewed now and then."""
        if self.renew:
            self.axes, weights = axes()
            total = weights.sum(1, keepdim=True)
            if not (total > 0).all():
                raise ValueError("no positive eigenvalue to shape the noise with")
            self.shares = weights / total
        size = (self.trace[:, None] * self.shares).sqrt()
        return (self.axes @ (size * self.normal(size.shape[1]))[..., None])[..., 0]

    def covariance_axes(self) -> tuple[Tensor, Tensor]:
        """Leading eigenvectors of Sigma, through the Gram matrices."""
        gram = self.factors.gram()
        centred = gram - gram.mean(1, keepdim=True) - gram.mean(2, keepdim=True)
        centred += gram.mean((1, 2), keepdim=True)
        values, c = torch.linalg.eigh(centred)
        values, c = values[:, -self.rank :].clamp_min(0), c[..., -self.rank :]
        c = c - c.mean(1, keepdim=True)
        axes = [self.factors.combine(c[..., k]) for k in range(self.rank)]
        axes = torch.stack(axes, -1)
        return axes / axes.norm(dim=1, keepdim=True).clamp_min(1e-30), values

    def hessian_axes(self, k: int) -> tuple[Tensor, Tensor]:
        """First k eigenvectors of each network's Hessian."""
        self.stack.write(self.nets)
        pairs = []
        for r, net in enumerate(self.nets):
            own = (self.x, self.y) if self.x.ndim == 2 else (self.x[r], self.y[r])
            operator = HessianOperator(net, *own, loss=self.loss)
            pairs.append(top_eigenpairs(operator, k, tol=_LANCZOS))
        values, vectors = (
            torch.as_tensor(np.stack(part)).to(self.stack.theta)
            for part in zip(*pairs, strict=True)
        )
        return vectors, values.clamp_min(0)


def _constant(run: _Run) -> Tensor:
    if run.first_trace is None:
        run.first_trace = run.trace
    return _isotropic(run, run.first_trace)


def _isotropic(run: _Run, trace: Tensor) -> Tensor:
    d = run.stack.dimension
    return (trace / d).sqrt()[:, None] * run.normal(d)


def _diagonal(run: _Run) -> Tensor:
    variance = run.factors.square_sum() / run.n - run.mean**2
    return (run.scale * variance.clamp_min(0)).sqrt() * run.normal(run.stack.dimension)


def _gaussian(run: _Run) -> Tensor:
    z = run.normal(run.n)
    z = z - z.mean(1, keepdim=True)
    return run.factors.combine(math.sqrt(run.scale / run.n) * z)


_KICKS: dict[str, Callable[[_Run], Tensor]] = {
    "gd": lambda run: torch.zeros_like(run.mean),
    "constant": _constant,
    "dynamic": lambda run: _isotropic(run, run.trace),
    "diagonal": _diagonal,
    "leading": lambda run: run.along(run.covariance_axes),
    "hessian": lambda run: run.along(lambda: run.hessian_axes(run.rank)),
    "first": lambda run: run.along(lambda: run.hessian_axes(1)),
    "gaussian": _gaussian,
}


def _check(
    noise: str, lr: float, steps: int, refresh: int, rank: int, n: int, d: int
) -> None:
    """Raise unless the arguments of `dynamics` are in range."""
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {NOISES}, got {noise!r}")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be finite and > 0, got {lr!r}")
    for name, value in {"steps": steps, "refresh": refresh}.items():
        if value < 1:
            raise ValueError(f"{name} must be >= 1, got {value!r}")
    if not 1 <= rank <= min(n, d):
        raise ValueError(f"rank must be in 1..{min(n, d)}, got {rank!r}")
