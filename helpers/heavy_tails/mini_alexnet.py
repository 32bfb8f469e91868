"""The network of the paper's experiment on batch sizes, MiniAlexNet (chapter 9).

    28 x 28 x 3 - conv 5 x 5 x 96 - pool 3, stride 2 - batch norm
                - conv 5 x 5 x 256 - pool 3, stride 3 - batch norm
                - 4096 - FC1 384 - FC2 192 - 10,

with ReLU after each convolution, FC1 and FC2. Widths, kernels, the 4096 and the start
are the authors'; their notebooks were read for them. The strides are ours: with the
convolutions padded to keep the size, they are those that give 4096.
"""

import torch
from torch import Tensor, nn

SIDE = 28
"""Pixels of a side that the network sees, from the middle of an image."""

LAYERS = {"fc1": "9.weight", "fc2": "11.weight"}
"""The layers whose spectra the paper shows: name -> that of the weight."""

_EPS = 1e-3  # of batch norm, as in Keras


def mini_alexnet(seed: int) -> nn.Sequential:
    """Return MiniAlexNet at its start, in float32.

    Weights are Glorot-normal as in the Keras of that time: a normal value beyond two
    deviations is drawn again and not rescaled, so that the entries have the deviation

        0.8796 sqrt(2 / (fan_in + fan_out)).

    Biases are 0.1.

    Args:
        seed: integer, of the weights.

    Cost: 2.3 million weights, 20 ms.
    """
    net = nn.Sequential(
        *_convolved(3, 96, stride=2),
        *_convolved(96, 256, stride=3),
        nn.Flatten(),
        nn.Linear(4096, 384),
        nn.ReLU(),
        nn.Linear(384, 192),
        nn.ReLU(),
        nn.Linear(192, 10),
    )
    generator = torch.Generator().manual_seed(seed)
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            n_out, n_in = layer.weight.shape[:2]
            fans = (n_out + n_in) * layer.weight[0, 0].numel()
            sd = (2 / fans) ** 0.5
            nn.init.trunc_normal_(
                layer.weight, 0, sd, -2 * sd, 2 * sd, generator=generator
            )
            nn.init.constant_(layer.get_parameter("bias"), 0.1)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def prepared(images: Tensor) -> Tensor:
    """Return the middle of each image with mean 0 and deviation 1 over its pixels.

    Args:
        images: [n, 3, height, width] with sides of at least 28 pixels.

    Returns:
        [n, 3, 28, 28], channels last in memory. A deviation is taken as at least that
        of one grey level in all of its 2352 numbers, so that a flat image stays finite.

    Raises:
        ValueError: another shape.
    """
    if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < SIDE:
        raise ValueError(
            f"images must be [n, 3, height >= {SIDE}, width >= {SIDE}], "
            f"got shape {list(images.shape)}"
        )
    top, left = ((side - SIDE) // 2 for side in images.shape[2:])
    middle = images[:, :, top : top + SIDE, left : left + SIDE]
    centred = middle - middle.mean((1, 2, 3), keepdim=True)
    sd = centred.square().mean((1, 2, 3), keepdim=True).sqrt()
    least = middle[0].numel() ** -0.5
    return (centred / sd.clamp(min=least)).to(memory_format=torch.channels_last)


def _convolved(n_in: int, n_out: int, *, stride: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(n_in, n_out, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride),
        nn.BatchNorm2d(n_out, eps=_EPS),
    )
