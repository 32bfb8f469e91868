"""Convolutions of many small images: one product of matrices for all of them."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_FEW_PLACES = 4
_MANY_IMAGES = 16


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, **options: Any) -> Tensor:
    """Return functional.conv2d with the options stride, padding, dilation and groups.

    torch multiplies image by image. Where each has few places left, as deep in a
    ResNet, that is a product with a thin matrix; for many images at once their patches
    are gathered as rows instead, and multiplied together.
    """
    if len(x) < _MANY_IMAGES or options["groups"] > 1 or x.shape[2:].numel() > 16:
        return functional.conv2d(x, weight, bias, **options)
    size = functional.conv2d(x[:1, :1], weight[:1, :1], **options).shape[2:]
    if size.numel() > _FEW_PLACES or isinstance(options["padding"], str):
        return functional.conv2d(x, weight, bias, **options)
    places = {name: options[name] for name in ("stride", "padding", "dilation")}
    patches = functional.unfold(x, tuple(weight.shape[2:]), **places).transpose(1, 2)
    found = functional.linear(patches, weight.flatten(1), bias)
    return torch.unflatten(found.transpose(1, 2), 2, size)
