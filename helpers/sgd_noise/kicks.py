"""What a run of noisy descent knows at a step, and the kick of each kind of noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from helpers.sgd_noise.curvature import HessianOperator
from helpers.sgd_noise.factors import Factors
from helpers.sgd_noise.operators import top_eigenpairs
from helpers.sgd_noise.stack import Stack
from helpers.training import Loss

_LANCZOS = 1e-3  # relative accuracy of the Hessian's eigenvalues


class Run:
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

    def gradient(self) -> Tensor:
        """Gradient of the mean loss, [R, D]; leaves those of all samples behind it."""
        self.factors = self.stack.gradients(self.x, self.y, self.loss)
        return self.factors.mean()

    def look(self, *, renew: bool) -> None:
        """Take the gradients of all samples where the networks are now."""
        self.renew = renew
        self.mean = self.gradient()
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
        parts = [self.factors.combine(c[..., k]) for k in range(self.rank)]
        axes = torch.stack(parts, -1)
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


def _constant(run: Run) -> Tensor:
    if run.first_trace is None:
        run.first_trace = run.trace
    return _isotropic(run, run.first_trace)


def _isotropic(run: Run, trace: Tensor) -> Tensor:
    d = run.stack.dimension
    return (trace / d).sqrt()[:, None] * run.normal(d)


def _diagonal(run: Run) -> Tensor:
    variance = run.factors.square_sum() / run.n - run.mean**2
    return (run.scale * variance.clamp_min(0)).sqrt() * run.normal(run.stack.dimension)


def _gaussian(run: Run) -> Tensor:
    z = run.normal(run.n)
    z = z - z.mean(1, keepdim=True)
    return run.factors.combine(math.sqrt(run.scale / run.n) * z)


KICKS: dict[str, Callable[[Run], Tensor]] = {
    "constant": _constant,
    "dynamic": lambda run: _isotropic(run, run.trace),
    "diagonal": _diagonal,
    "leading": lambda run: run.along(run.covariance_axes),
    "hessian": lambda run: run.along(lambda: run.hessian_axes(run.rank)),
    "first": lambda run: run.along(lambda: run.hessian_axes(1)),
    "gaussian": _gaussian,
}
