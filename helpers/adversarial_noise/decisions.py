"""A classifier as chapter 10 sees it: labels, scores and linearisations of a batch."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Model = Callable[[Tensor], Tensor]
"""Inputs [n, ...] -> logits [n, C]; the label is the index of the largest logit."""

_ELEMENTS_AT_ONCE = 2**17  # numbers of input in a forward pass; stays in the cache
_ELEMENTS_ON_GPU = 2**23


def rows_at_once(image: Tensor) -> int:
    """Return how many inputs of that size and device go through the model at once."""
    elements = _ELEMENTS_ON_GPU if image.is_cuda else _ELEMENTS_AT_ONCE
    return max(1, elements // image.numel())


@torch.no_grad()
def logits(model: Model, inputs: Tensor) -> Tensor:
    """Return the logits [n, C], computed in pieces of that many rows."""
    pieces = inputs.split(rows_at_once(inputs[0]))
    return torch.cat([model(piece) for piece in pieces])


def labels(model: Model, inputs: Tensor) -> Tensor:
    """Return the labels that a model gives.

    Args:
        model: [n, ...] -> logits [n, C].
        inputs: [n, ...], n >= 1.

    Returns:
        The index of the largest logit, [n].
    """
    return logits(model, inputs).argmax(dim=1)


def scores(outputs: Tensor, y: Tensor | int) -> Tensor:
    """Return max over j != y of l_j - l_y, [n]: positive in the error set."""
    rows = torch.arange(len(outputs), device=outputs.device)
    right = outputs[rows, y]
    others = outputs.clone()
    others[rows, y] = -math.inf
    return others.amax(dim=1) - right


def linearise(
    model: Model, inputs: Tensor, y: Tensor, *, every_class: bool = True
) -> tuple[Tensor, Tensor]:
    """Return the margins l_j - l_y and their gradients.

    Args:
        model: differentiable.
        inputs: [n, ...].
        y: labels [n].
        every_class: for all j, k = C of them; else for the largest l_j, j != y, k = 1.

    Returns:
        Margins [n, k], -inf for j = y, and gradients [n, k, features].

    Cost: a forward and k backward passes.
    """
    inputs = inputs.detach().requires_grad_()
    with torch.enable_grad():
        outputs = model(inputs)
        rows = torch.arange(len(outputs), device=outputs.device)
        margins = outputs - outputs[rows, y][:, None]
        barred = margins.detach().clone()
        barred[rows, y] = -math.inf
        if not every_class:
            barred, j = barred.max(dim=1, keepdim=True)
            margins = margins.gather(1, j)
        gradients = [
            torch.autograd.grad(total, inputs, retain_graph=True)[0].flatten(1)
            for total in margins.sum(dim=0)
        ]
    return barred, torch.stack(gradients, dim=1)
