"""Gradients of every sample of fully connected networks, as rank-one factors.

In a layer z = W h + b, one sample's loss has the gradient delta h' in W and delta in b,
where delta is its derivative in z. So one backward pass that stops at the
pre-activations gives the gradients of all samples; what is made of them (sums, norms,
products, Gram matrices) is a few matrix products of h [n, n_in] and delta [n, n_out].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

Layer = tuple[Tensor, Tensor, bool, bool]
"""(h, delta, in_weight, in_bias), as `Factors` holds them."""


@dataclass(frozen=True, eq=False)
class Factors:
    """Gradients of n samples in each of R networks; nothing of size n D is held.

    Attributes:
        layers: (h, delta, in_weight, in_bias) a layer: h [R or 1, n, n_in], delta
            [R, n, n_out], and which of its parameters are trained.
    """

    layers: list[Layer]

    def rows(self) -> Tensor:
        """The gradients themselves, [R, n, D]."""
        return self._joined(
            lambda h, delta: (delta[..., None] * h[..., None, :]).flatten(-2),
            lambda delta: delta,
        )

    def blocks(self, size: int) -> Iterator[Tensor]:
        """The rows of one network in order, `size` at a time, [n_block, D]."""
        n = self.layers[0][1].shape[1]
        for start in range(0, n, size):
            part = slice(start, start + size)
            layers = [(h[:, part], d[:, part], w, b) for h, d, w, b in self.layers]
            yield Factors(layers).rows()[0]

    def combine(self, c: Tensor) -> Tensor:
        """Sum of the gradients with weights c, [R, n]: returns [R, D]."""
        return self._joined(
            lambda h, delta: ((delta * c[..., None]).mT @ h).flatten(-2),
            lambda delta: (delta * c[..., None]).sum(-2),
        )

    def mean(self) -> Tensor:
        """Mean of the gradients, [R, D]."""
        return self._joined(
            lambda h, delta: ((delta.mT @ h) / delta.shape[-2]).flatten(-2),
            lambda delta: delta.mean(-2),
        )

    def square_sum(self) -> Tensor:
        """Sum over samples of the squared entries of the gradients, [R, D]."""
        return self._joined(
            lambda h, delta: ((delta**2).mT @ h**2).flatten(-2),
            lambda delta: (delta**2).sum(-2),
        )

    def dot(self, v: Tensor) -> Tensor:
        """Inner product of each sample's gradient with v, [R, D]: returns [R, n]."""
        parts, start = [], 0
        for h, delta, in_weight, in_bias in self.layers:
            n_out, n_in = delta.shape[-1], h.shape[-1]
            if in_weight:
                part = v[..., start : start + n_out * n_in]
                part = part.view(*part.shape[:-1], n_out, n_in)
                parts.append(((h @ part.mT) * delta).sum(-1))
                start += n_out * n_in
            if in_bias:
                part = v[..., start : start + n_out, None]
                parts.append((delta @ part)[..., 0])
                start += n_out
        return _added(parts)

    def gram(self) -> Tensor:
        """Inner products of the gradients of all pairs of samples, [R, n, n]."""
        return _added(
            (delta @ delta.mT) * (in_weight * (h @ h.mT) + in_bias)
            for h, delta, in_weight, in_bias in self.layers
        )

    def norms(self) -> Tensor:
        """Squared norm of each sample's gradient, [R, n]."""
        return _added(
            (delta**2).sum(-1) * (in_weight * (h**2).sum(-1) + in_bias)
            for h, delta, in_weight, in_bias in self.layers
        )

    def _joined(
        self,
        of_weight: Callable[[Tensor, Tensor], Tensor],
        of_bias: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """The parts of all trained parameters in the order of the networks."""
        parts = []
        for h, delta, in_weight, in_bias in self.layers:
            if in_weight:
                parts.append(of_weight(h, delta))
            if in_bias:
                parts.append(of_bias(delta))
        return torch.cat(parts, -1)


def _added(parts: Iterable[Tensor]) -> Tensor:
    """The sum of what all layers give."""
    return reduce(torch.add, parts)
