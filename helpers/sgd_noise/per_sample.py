"""Networks of one architecture side by side, and the gradients of every sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from helpers.networks import ACTIVATIONS, Abs
from helpers.sgd_noise.arguments import read_data
from helpers.sgd_noise.factors import Factors, Layer
from helpers.sgd_noise.losses import read_loss
from helpers.training import Loss

_PIECEWISE_LINEAR = (nn.ReLU, nn.LeakyReLU, nn.Hardtanh, nn.Identity, Abs)
_ELEMENTWISE = tuple({k for k in ACTIVATIONS.values() if isinstance(k, type)})


def per_sample_gradients(
    net: nn.Sequential, x: Tensor, y: Tensor, *, loss: str | Loss = "cross_entropy"
) -> NDArray[np.floating]:
    """Gradient of the loss of every single sample, g_i = grad l(x_i; theta).

    Args:
        net: Linear layers and activations, as `networks.mlp` makes them; theta are the
            D parameters with requires_grad, in the order of `net.parameters()`.
        x: inputs, [n, n_in].
        y: targets: classes [n], or as the loss takes them.
        loss: "cross_entropy", "mse" or a callable (outputs, targets) -> mean over
            samples.

    Returns:
        [n, D], of the network's dtype.

    Raises:
        TypeError: a module that is neither Linear nor an activation of `networks`.
        ValueError: shapes that do not match, no trainable parameter, unknown loss.

    Cost: a gradient of the whole batch, and writing n D numbers.
    """
    stack = Stack([net])
    x, y = read_data(x, y, stack.theta)
    rows = stack.gradients(x, y, read_loss(loss)).rows()
    return rows[0].numpy()


class Stack:
    """R networks of one architecture; their trained parameters are one tensor [R, D].

    Attributes:
        theta: trained parameters, [R, D]; adding to it in place moves the networks.
    """

    def __init__(self, nets: Sequence[nn.Sequential]) -> None:
        self._modules = list(_read(nets[0]))
        named = [dict(net.named_parameters()) for net in nets]
        shapes = [[(p.shape, p.requires_grad) for p in one.values()] for one in named]
        if any(shape != shapes[0] for shape in shapes):
            raise ValueError("all networks must have the same architecture")
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
                self._values[name] = part.view(-1, *first.shape)
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
            deltas = torch.autograd.grad(value, [z for _, z, _, _ in inside])
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
                h = module(h)
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


def piecewise_linear(net: nn.Module) -> TypeGuard[nn.Sequential]:
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
