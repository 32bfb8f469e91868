"""A classifier as chapter 10 sees it: labels, scores and linearisations of a batch."""

import math
import operator
from collections.abc import Callable

import numpy as np
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


def read_images(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return images and labels that belong together, or raise."""
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    if x.ndim < 2 or not x.is_floating_point():
        raise ValueError(
            "x must be floating point of shape [images, ...], got "
            f"{x.dtype} of shape {list(x.shape)}"
        )
    if not torch.isfinite(x).all():
        raise ValueError("x must be finite, got NaN or infinity")
    if y.shape != (len(x),) or y.is_floating_point() or len(x) == 0:
        raise ValueError(
            f"y must hold one integer label for each of the {len(x)} images (at least "
            f"1), got {y.dtype} of shape {list(y.shape)}"
        )
    return x, y.to(x.device)


def read_per_image(name: str, value: object, x: Tensor) -> np.ndarray:
    """Return a positive number for each image, [images], or raise."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
    numbers = np.asarray(value, dtype=np.float64)
    if numbers.shape not in ((), (len(x),)):
        raise ValueError(
            f"{name} must be a number or one for each of the {len(x)} images, "
            f"got shape {numbers.shape}"
        )
    if not (np.isfinite(numbers) & (numbers > 0)).all():
        raise ValueError(f"{name} must be finite and > 0, got {value}")
    return np.broadcast_to(numbers, (len(x),))


def read_count(name: str, value: int, low: int = 1) -> int:
    """Return an integer >= low, or raise."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if number < low:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
    return number


def read_open_unit(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1, or raise."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value!r}")
    return float(value)


def generator(seed: int, image: int, device: torch.device) -> torch.Generator:
    """Return the generator of one image: it depends on seed and position alone."""
    state = np.random.SeedSequence([seed, image]).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))
