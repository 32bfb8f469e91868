"""A private copy of a caller's network, and the modes in which it is differentiated."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from helpers.models import check_agreement, unchanged


@contextmanager
def recording() -> Iterator[None]:
    """Switch autograd on, whatever the caller's mode is."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def differentiating() -> Iterator[None]:
    """Switch autograd on, whatever the caller's mode is.

    Attention is computed by products of matrices: the fused kernels have no second
    derivative.
    """
    with recording(), sdpa_kernel([SDPBackend.MATH]):
        yield


def private_copy(net: nn.Module) -> nn.Module:
    """Copy a network with all its state; parameters that are one stay one.

    Raises:
        ValueError: a module that cannot be copied.
    """
    memo = {
        id(value): value.detach().clone()
        for module in net.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor)
    }
    try:
        return copy.deepcopy(net, dict(memo))
    except Exception as error:
        raise ValueError(
            "net must be a module that copy.deepcopy can copy, so that what is "
            f"computed does not change when it does: {error}"
        ) from error


class Caller:
    """Calls a network with other parameters than its own.

    Each parameter has one name, that of `net.named_parameters()`, and is replaced
    wherever the network uses it: in two layers that share it, or in one layer that
    stands in two places.
    """

    def __init__(self, net: nn.Module) -> None:
        self._net = net
        tensors = (*net.named_parameters(), *net.named_buffers())
        names = {id(tensor): name for name, tensor in tensors}
        self._places = {
            f"{path}.{own}" if path else own: names[id(tensor)]
            for path, module in net.named_modules()  # each module once
            for own, tensor in (*module._parameters.items(), *module._buffers.items())
            if tensor is not None
        }

    def __call__(self, named: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Outputs for x with the named tensors in the place of its own."""
        full = {at: named[name] for at, name in self._places.items() if name in named}
        found: Tensor = functional_call(
            self._net, full, (x.clone(),), tie_weights=False
        )
        return found


def check_copy(copied: nn.Module, net: nn.Module, x: Tensor) -> None:
    """Raise unless a copy gives the outputs and gradients of the network itself.

    A forward or a hook that holds on to modules of the original does not see the copy's
    parameters.

    Args:
        copied: made by `private_copy`.
        net: the original, left as it is.
        x: a few inputs, in the dtype of the network.

    Raises:
        ValueError: they differ.
    """
    with unchanged(net):
        sides = [_responses(one, copied, x) for one in (copied, net)]
        for ours, theirs in zip(*sides, strict=True):
            try:
                check_agreement(ours, theirs)
            except ValueError as error:
                raise ValueError(
                    "net must be one that can be copied, but a copy gives other "
                    "outputs or gradients; allowed: a forward and hooks that use "
                    f"their own module only, without closures over others ({error})"
                ) from error


def _responses(net: nn.Module, like: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs, and the gradient of their weighted sum, at the parameters of `like`."""
    named = {
        name: p.detach().clone().requires_grad_(p.requires_grad)
        for name, p in like.named_parameters()
    }
    buffers = {name: b.detach().clone() for name, b in like.named_buffers()}
    outputs = Caller(net)(named | buffers, x)
    weights = torch.linspace(0.5, 1.5, outputs.numel()).to(outputs).view_as(outputs)
    trained = [p for p in named.values() if p.requires_grad]
    if not outputs.requires_grad:
        return outputs, torch.zeros_like(outputs)
    parts = torch.autograd.grad(
        (outputs * weights).sum(), trained, materialize_grads=True
    )
    return outputs, torch.cat([part.flatten() for part in parts])
