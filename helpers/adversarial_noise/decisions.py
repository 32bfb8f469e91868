"""A classifier as chapter 10 sees it: labels, scores and linearisations of a batch."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.adversarial_noise.classifiers import classifier

Model = Callable[[Tensor], Tensor]
"""Inputs [n, ...] -> logits [n, C]; the label is the index of the largest logit."""

_ELEMENTS_AT_ONCE = 2**17  # numbers of input in a forward pass; stays in the cache
_ELEMENTS_ON_GPU = 2**23


def rows_at_once(image: Tensor) -> int:
    """Return how many inputs of that size and device go through the model at once."""
    elements = _ELEMENTS_ON_GPU if image.is_cuda else _ELEMENTS_AT_ONCE
    return max(1, elements // image.numel())


@torch.no_grad()
def logits(model: Model, inputs: Tensor, *, finite: bool = True) -> Tensor:
    """Return the logits [n, C], computed in pieces of that many rows.

    Args:
        model: as read by `classifiers.classifier`.
        inputs: [n, ...].
        finite: whether to raise where they are not.

    Raises:
        ValueError: logits that are not finite.
    """
    pieces = inputs.split(rows_at_once(inputs[0]))
    outputs = torch.cat([model(piece) for piece in pieces])
    if finite and not outputs.isfinite().all():
        raise ValueError("model must give finite outputs, got NaN or infinity")
    return outputs


def decide(model: Model, inputs: Tensor) -> Tensor:
    """Return the label [n] that a model as read by `classifier` gives to inputs."""
    return logits(model, inputs).argmax(dim=1)


def labels(model: Model, inputs: Tensor) -> Tensor:
    """Return the labels that a model gives.

    Args:
        model: a module in eval mode, or a callable; [n, ...] -> logits [n, C], or
            [n, 1]: label 1 where that is > 0.
        inputs: [n, ...], n >= 1; they go to the dtype of a module.

    Returns:
        The index of the largest logit, [n], the first where several are equal.

    Raises:
        TypeError: a model that is no callable or returns no tensor.
        ValueError: inputs or outputs not finite or of another shape; a model in train
            mode where that matters, or whose output for an input depends on chance or
            on the batch, as far as nine rows show it.
    """
    with classifier(model, inputs, name="inputs") as (read, rows, _):
        return decide(read, rows)


def scores(outputs: Tensor, y: Tensor | int) -> Tensor:
    """Return max over j != y of l_j - l_y, [n]: positive in the error set."""
    rows = torch.arange(len(outputs), device=outputs.device)
    right = outputs[rows, y]
    others = outputs.clone()
    others[rows, y] = -math.inf
    return others.amax(dim=1) - right


def differentiable(outputs: Tensor) -> Tensor:
    """Return logits that came from inputs with requires_grad, or raise."""
    if not outputs.requires_grad:
        raise ValueError(
            "model must be differentiable, got logits that autograd does not trace "
            "back to the inputs (computed under no_grad, or detached?)"
        )
    return outputs


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
        outputs = differentiable(model(inputs))
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
