"""What is done to the images of a batch before a step."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Augment = Callable[[Tensor], Tensor]
"""A batch of images [n, channels, height, width] -> another of the same shape."""


def crop_and_flip(images: Tensor, pad: int = 4) -> Tensor:
    """Shift each image by up to `pad` pixels, zeros at the edge, and mirror half.

    The paper's augmentation on CIFAR-10, drawn from torch's global generator.

    Args:
        images: [n, channels, height, width].
        pad: pixels >= 0.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: images of another shape, or `pad` out of range.
    """
    if images.ndim != 4:
        raise ValueError(
            f"images must be [n, channels, height, width], got {list(images.shape)}"
        )
    if not isinstance(pad, int) or pad < 0:
        raise ValueError(f"pad must be an integer >= 0, got {pad!r}")
    n, _, height, width = images.shape
    padded = nn.functional.pad(images, [pad] * 4)
    top, left = torch.randint(2 * pad + 1, (2, n, 1, 1))
    mirrored = torch.rand(n, 1, 1) < 0.5
    columns = torch.arange(width)
    columns = torch.where(mirrored, columns.flip(0), columns) + left
    rows = torch.arange(height)[:, None] + top
    chosen = torch.arange(n)[:, None, None], rows, columns
    pixels = padded.movedim(1, -1)[tuple(i.to(images.device) for i in chosen)]
    return pixels.movedim(-1, 1)
