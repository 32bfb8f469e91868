"""Fully connected networks of one architecture side by side, read layer by layer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from helpers.models import check_agreement, check_finite, check_plain, is_finite
from helpers.networks import ACTIVATIONS
from helpers.sgd_noise.factors import Factors, Layer
from helpers.training import Loss

_ELEMENTWISE = tuple({k for k in ACTIVATIONS.values() if isinstance(k, type)})
_SHOWN = 8  # samples on which layers and network are compared


class Stack:
    """R networks of one architecture; their trained parameters are one tensor [R, D].

    Attributes:
        theta: trained parameters, [R, D]; adding to it in place moves the networks.
    """

    def __init__(self, nets: Sequence[nn.Sequential]) -> None:
        if not nets:
            raise ValueError("net must be one network or more, got none")
        for net in nets:
            _check(net)
        self._modules = list(nets[0])
        named = [dict(net.named_parameters()) for net in nets]
        shapes = [[(p.shape, p.requires_grad) for p in one.values()] for one in named]
        if any(shape != shapes[0] for shape in shapes):
            raise ValueError("all networks must have the same architecture")
        trained = [name for name, p in named[0].items() if p.requires_grad]
        if not trained:
            raise ValueError("net has no parameter with requires_grad")
        rows = [torch.cat([one[name].flatten() for name in trained]) for one in named]
        self.theta = torch.stack(rows).detach()
        self._trained = trained
        self._values: dict[str, Tensor] = {}
        start, held = 0, [self.theta]
        for name, first in named[0].items():
            if first.requires_grad:
                part = self.theta[:, start : start + first.numel()]
                self._values[name] = part.view(-1, *first.shape)
                start += first.numel()
            else:
                held.append(torch.stack([one[name] for one in named]).detach())
                self._values[name] = held[-1]
        if not all(map(is_finite, held)):
            for net in nets:
                check_finite(net)

    @property
    def numbers(self) -> int:
        """How many numbers a sample holds: what all linear layers get and give."""
        layers = (m for m in self._modules if isinstance(m, nn.Linear))
        return sum(layer.in_features + layer.out_features for layer in layers)

    @property
    def dimension(self) -> int:
        """D, the number of trained parameters of one network."""
        return self.theta.shape[1]

    def outputs(self, x: Tensor) -> Tensor:
        """Outputs [R, n, n_out] at inputs x [n, n_in] or [R, n, n_in]."""
        return self._forward(x)[0]

    def moved(self, steps: Tensor) -> Stack:
        """K networks at theta + step, for steps [K, D]; of a stack of one network."""
        other = copy.copy(self)
        other.theta = self.theta + steps.to(self.theta)
        other._values = dict(self._values)
        start = 0
        for name in self._trained:
            shape = self._values[name].shape[1:]
            part = other.theta[:, start : start + shape.numel()]
            other._values[name] = part.view(-1, *shape)
            start += shape.numel()
        return other

    def check_inputs(self, x: Tensor) -> None:
        """Raise ValueError unless the first layer takes inputs x, [..., n_in]."""
        first = next(m for m in self._modules if isinstance(m, nn.Linear))
        if x.shape[-1] != first.in_features:
            raise ValueError(
                f"net takes inputs of {first.in_features} numbers, got x of shape "
                f"{list(x.shape)}"
            )

    def check(self, nets: Sequence[nn.Module], x: Tensor, outputs: Tensor) -> None:
        """Raise ValueError unless the networks give, at a few inputs, what is read.

        Args:
            nets: the R networks that were read.
            x: inputs, as `outputs` takes them.
            outputs: what it gave for them, [R, n, n_out].
        """
        few = x[..., :_SHOWN, :]
        with torch.no_grad():
            for r, net in enumerate(nets):
                own = few if few.ndim == 2 else few[r]
                check_agreement(outputs[r, :_SHOWN], net(own.clone()))

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
            deltas = torch.autograd.grad(
                value, [z for _, z, _, _ in inside], materialize_grads=True
            )
        layers = zip(inside, deltas, strict=True)
        return Factors(
            [
                (h.detach(), delta, in_weight, in_bias)
                for (h, _, in_weight, in_bias), delta in layers
                if in_weight or in_bias
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
    ) -> tuple[Tensor, list[Layer]]:
        """Outputs, and what each linear layer gets and gives."""
        h = x if x.ndim == 3 else x[None]
        inside = []
        for index, module in enumerate(self._modules):
            if not isinstance(module, nn.Linear):
                h = module(h.clone() if getattr(module, "inplace", False) else h)
                continue
            weight, bias = f"{index}.weight", f"{index}.bias"
            z = h @ self._values[weight].mT
            if bias in self._values:
                z = z + self._values[bias][:, None]
            if record:
                z = z if z.requires_grad else z.requires_grad_()
                inside.append((h, z, weight in self._trained, bias in self._trained))
            h = z
        return h, inside


def read_stack(net: nn.Module, x: Tensor) -> Stack | None:
    """One network as a stack, or None where it or its inputs are of another kind."""
    try:
        rows = torch.as_tensor(x).ndim == 2
    except (TypeError, ValueError, RuntimeError):
        return None  # whoever reads x says what it lacks
    try:
        return Stack([net]) if rows and type(net) is nn.Sequential else None
    except TypeError:
        return None


def _check(net: nn.Module) -> None:
    """Raise unless a network is one of `networks.mlp`'s kind, by exact types."""
    if type(net) is not nn.Sequential:
        raise TypeError(
            "net must be a torch.nn.Sequential of Linear layers and activations, "
            f"got {type(net).__name__}"
        )
    check_plain(net, "net")
    seen: set[int] = set()
    for index, module in enumerate(net):
        name = f"net[{index}]"
        if type(module) not in (nn.Linear, *_ELEMENTWISE):
            raise TypeError(
                "net must hold Linear layers and the activations of networks only, "
                f"got {type(module).__name__}"
            )
        check_plain(module, name)
        own = {id(p) for p in module.parameters()}
        if own & seen:
            raise TypeError(f"{name} shares a parameter with a layer before it")
        if isinstance(module, nn.Linear) and tuple(module._parameters) != _LINEAR:
            raise TypeError(f"{name} must have the parameters {_LINEAR}, in this order")
        seen |= own


_LINEAR = ("weight", "bias")  # in this order the factors join them
