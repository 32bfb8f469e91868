"""Convolutions of many small images: a product of matrices for each place."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_FEW_PLACES = 16
_MANY_PLACES = 64  # for thick matrices
_THICK = 64  # channels
_MANY_IMAGES = 16


def has_few_places(
    image: Sequence[int], weight: Sequence[int], options: dict[str, Any]
) -> bool:
    """Whether `conv2d` is the faster one for many images.

    Args:
        image: shape of one, (c_in, height, width).
        weight: its shape, (c_out, c_in / groups, height, width).
        options: stride, padding, dilation and groups, as a `Conv2d` stores them.
    """
    if options["groups"] > 1 or isinstance(options["padding"], str):
        return False
    rows, columns = _axes(image[1:], weight[2:], options)
    most = _MANY_PLACES if image[0] >= _THICK else _FEW_PLACES
    return len(rows) * len(columns) <= most


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, **options: Any) -> Tensor:
    """Return functional.conv2d of images with few places.

    torch multiplies image by image, and zeros of the padding too. Where each image has
    few places left, as deep in a ResNet, that is a product with a thin matrix; of one
    place and 3 x 3 weights, eight of nine meet the padding. For many images each place
    is one product instead, with the weights that meet the image there.

    Args:
        x: images, [n, c_in, height, width].
        weight: [c_out, c_in, height, width]; in the memory format channels_last a part
            of the window is a view.
        bias: [c_out].
        options: as in `has_few_places`.
    """
    if len(x) < _MANY_IMAGES:
        return functional.conv2d(x, weight, bias, **options)
    rows, columns = _axes(x.shape[2:], weight.shape[2:], options)
    image = x.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    window = weight.permute(0, 2, 3, 1)
    found = [
        functional.linear(
            image[:, row, column].flatten(1), window[:, high, wide].flatten(1), bias
        )
        for row, high in rows
        for column, wide in columns
    ]
    size = len(rows), len(columns)
    return torch.unflatten(torch.stack(found, dim=2), 2, size)


def _axes(
    sizes: Sequence[int], kernel: Sequence[int], options: dict[str, Any]
) -> list[list[tuple[slice, slice]]]:
    """Return of each place along each axis what it sees, and the weights for that."""
    each = [options[name] for name in ("stride", "padding", "dilation")]
    return [_axis(*axis) for axis in zip(sizes, kernel, *each, strict=True)]


def _axis(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> list[tuple[slice, slice]]:
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    found = []
    for first in range(-padding, stride * out - padding, stride):
        begin = max(0, -(first // dilation))
        end = max(begin, min(kernel, -((first - size) // dilation)))
        seen = slice(first + begin * dilation, first + end * dilation, dilation)
        found.append((seen, slice(begin, end)))
    return found
