"""Gradients of every sample of fully connected networks, as rank-one factors.

In a layer z = W h + b, one sample's loss has the gradient delta h' in W and delta in b,
where delta is its derivative in z. So one backward pass that stops at the
pre-activations gives the gradients of all samples; what is made of them (sums, norms,
products, Gram matrices) is a few matrix products of h [n, n_in] and delta [n, n_out].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.networks import ACTIVATIONS
from helpers.training import Loss

_PIECEWISE_LINEAR = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.Hardtanh,
    nn.Identity,
    ACTIVATIONS["abs"],
)
_ELEMENTWISE = tuple(set(ACTIVATIONS.values()))
_LOSSES: dict[str, Loss] = {
    "cross_entropy": functional.cross_entropy,
    "mse": functional.mse_loss,
}


def read_loss(loss: str | Loss) -> Loss:
    """Return the loss function of that name, or raise."""
    if callable(loss):
        return loss
    if loss not in _LOSSES:
        allowed = " or ".join(map(repr, _LOSSES))
        raise ValueError(f"loss must be {allowed} or a callable, got {loss!r}")
    return _LOSSES[loss]


def read_data(x: Tensor, y: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in the dtype of `like`, or raise unless they are finite and match."""
    x = torch.as_tensor(x).to(like)
    y = torch.as_tensor(y)
    y = y.to(like) if y.is_floating_point() else y
    if x.ndim < 2 or x.shape[-2] == 0 or y.shape[: x.ndim - 1] != x.shape[:-1]:
        raise ValueError(
            "x must be [n, n_in] and y start with the same n >= 1, "
            f"got {list(x.shape)} and {list(y.shape)}"
        )
    if not all(map(math.isfinite, torch.aminmax(x))):
        raise ValueError("x must be finite, got NaN or infinity")
    return x, y


@dataclass(frozen=True, eq=False)
class Factors:
    """Gradients of n samples in each of R networks; nothing of size n D is held.

    Attributes:
        layers: (h, delta, in_weight, in_bias) a layer: h [R or 1, n, n_in], delta
            [R, n, n_out], and which of its parameters are trained.
    """

    layers: list[tuple[Tensor, Tensor, bool, bool]]

    def rows(self) -> Tensor:
        """The gradients themselves, [R, n, D]."""
        return self._joined(
            lambda h, delta: (delta[..., None] * h[..., None, :]).flatten(-2),
            lambda delta: delta,
        )

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
        total, start = 0, 0
        for h, delta, in_weight, in_bias in self.layers:
            n_out, n_in = delta.shape[-1], h.shape[-1]
            if in_weight:
                part = v[..., start : start + n_out * n_in]
                part = part.unflatten(-1, (n_out, n_in))
                total = total + ((h @ part.mT) * delta).sum(-1)
                start += n_out * n_in
            if in_bias:
                part = v[..., start : start + n_out, None]
                total = total + (delta @ part)[..., 0]
                start += n_out
        return total

    def gram(self) -> Tensor:
        """Inner products of the gradients of all pairs of samples, [R, n, n]."""
        total = 0
        for h, delta, in_weight, in_bias in self.layers:
            total = total + (delta @ delta.mT) * (in_weight * (h @ h.mT) + in_bias)
        return total

    def norms(self) -> Tensor:
        """Squared norm of each sample's gradient, [R, n]."""
        total = 0
        for h, delta, in_weight, in_bias in self.layers:
            size = in_weight * (h**2).sum(-1) + in_bias
            total = total + (delta**2).sum(-1) * size
        return total

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


class Stack:
    """R networks of one architecture; their trained parameters are one tensor [R, D].

    Attributes:
        theta: trained parameters, [R, D]; adding to it in place moves the networks.
    """

    def __init__(self, nets: Sequence[nn.Sequential]) -> None:
        self._modules = list(_read(nets[0]))
        shapes = [
            [(p.shape, p.requires_grad) for p in net.parameters()] for net in nets
        ]
        if any(shape != shapes[0] for shape in shapes):
            raise ValueError("all networks must have the same architecture")
        named = [dict(net.named_parameters()) for net in nets]
        trained = [name for name, p in named[0].items() if p.requires_grad]
        if not trained:
            raise ValueError("net has no parameter with requires_grad")
        rows = [torch.cat([one[name].flatten() for name in trained]) for one in named]
        self.theta = torch.stack(rows).detach().clone()
        self._trained = trained
        self._values: dict[str, Tensor] = {}
        start = 0
        for name, first in named[0].items():
            if first.requires_grad:
                part = self.theta[:, start : start + first.numel()]
                self._values[name] = part.unflatten(1, first.shape)
                start += first.numel()
            else:
                self._values[name] = torch.stack([one[name] for one in named]).detach()

    @property
    def dimension(self) -> int:
        """D, the number of trained parameters of one network."""
        return self.theta.shape[1]

    def outputs(self, x: Tensor) -> Tensor:
        """Outputs [R, n, n_out] at inputs x [n, n_in] or [R, n, n_in]."""
        return self._forward(x)[0]

    def factors(self, x: Tensor, total: Callable[[Tensor], Tensor]) -> Factors:
        """Gradients of every sample of a sum of losses.

        Args:
            x: inputs, [n, n_in] or [R, n, n_in].
            total: outputs [R, n, n_out] -> sum over networks and samples.

        Cost: a forward pass, and the half of a backward pass that leads to the
        pre-activations.
        """
        with torch.enable_grad():
            outputs, inside = self._forward(x, record=True)
            value = total(outputs)
            deltas = torch.autograd.grad(value, [z for _, z, *_ in inside])
        return Factors(
            [
                (h.detach(), delta, *flags)
                for (h, _, *flags), delta in zip(inside, deltas, strict=True)
                if any(flags)
            ]
        )

    def gradients(self, x: Tensor, y: Tensor, loss: Loss) -> Factors:
        """Gradients of every sample of a loss that averages over samples."""
        shape = (len(self.theta), *x.shape[-2:-1])
        targets = y.expand(*shape, *y.shape[x.ndim - 1 :]).flatten(0, 1)

        def total(outputs: Tensor) -> Tensor:
            return loss(outputs.flatten(0, 1), targets) * len(targets)

        return self.factors(x, total)

    def losses(self, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
        """Loss of each network, [R]."""
        targets = y.expand(len(self.theta), *y.shape[x.ndim - 2 :])
        pairs = zip(self.outputs(x), targets, strict=True)
        return torch.stack([loss(*pair) for pair in pairs])

    def write(self, nets: Sequence[nn.Sequential]) -> None:
        """Copy the parameters into such networks."""
        with torch.no_grad():
            for r, net in enumerate(nets):
                for name, p in net.named_parameters():
                    p.copy_(self._values[name][r])

    def _forward(
        self, x: Tensor, *, record: bool = False
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor, bool, bool]]]:
        """Outputs, and what each linear layer gets and gives."""
        h = x if x.ndim == 3 else x[None]
        inside = []
        for index, module in enumerate(self._modules):
            if not isinstance(module, nn.Linear):
                h = module(h)
                continue
            weight, bias = f"{index}.weight", f"{index}.bias"
            z = h @ self._values[weight].mT
            if bias in self._values:
                z = z + self._values[bias][:, None]
            if record:
                z = z if z.requires_grad else z.requires_grad_()
                flags = (weight in self._trained, bias in self._trained)
                inside.append((h, z, *flags))
            h = z
        return h, inside


def piecewise_linear(net: nn.Module) -> bool:
    """Whether the network is Linear layers and activations made of straight pieces."""
    kinds = (nn.Linear, *_PIECEWISE_LINEAR)
    return isinstance(net, nn.Sequential) and all(isinstance(m, kinds) for m in net)


def _read(net: nn.Sequential) -> nn.Sequential:
    """Return the network, or raise if it is not one of `networks.mlp`'s kind."""
    if not isinstance(net, nn.Sequential):
        raise TypeError(
            "net must be a torch.nn.Sequential of Linear layers and activations, "
            f"got {type(net).__name__}"
        )
    for module in net:
        if not isinstance(module, (nn.Linear, *_ELEMENTWISE)):
            raise TypeError(
                "net must hold Linear layers and the activations of networks only, "
                f"got {type(module).__name__}"
            )
    return net
