"""All heads together as one classifier."""

from typing import Literal

import torch
from torch import Tensor

from helpers.greedy_layerwise.network import GreedyNetwork, applied


def layer_ensemble(
    network: GreedyNetwork,
    images: Tensor,
    mix: Literal["logits", "probabilities"] = "logits",
) -> Tensor:
    """Add up the heads, each with twice the weight of the one before.

    Belilovsky, Eickenberg & Oyallon 2019: Z = sum_l 2^l f_l, here divided by the sum
    of the weights. Their code mixes logits on CIFAR-10, probabilities on ImageNet.

    Args:
        network: trained greedily; left in eval mode.
        images: [n, channels, height, width].
        mix: what to add up.

    Returns:
        Mixed logits or probabilities, [n, n_classes].

    Raises:
        ValueError: unknown mix, or images of another shape or not finite.
    """
    if mix not in ("logits", "probabilities"):
        raise ValueError(f"mix must be 'logits' or 'probabilities', got {mix!r}")
    channels = network.standardize.mean.numel()
    if images.ndim != 4 or images.shape[1] != channels or not len(images):
        raise ValueError(
            f"images must be [n, {channels}, height, width] with n >= 1, got "
            f"{list(images.shape)}"
        )
    if not images.isfinite().all():
        raise ValueError("images must be finite, got NaN or infinity")
    outputs = applied(network, images.to(network.standardize.mean))
    if mix == "probabilities":
        outputs = outputs.softmax(dim=1)
    weights = 2.0 ** torch.arange(network.depth).to(outputs)
    return outputs @ (weights / weights.sum())
