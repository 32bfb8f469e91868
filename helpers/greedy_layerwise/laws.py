"""What can be said before training: how errors add up, and what a layer can see."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from helpers.data import Dataset
from helpers.greedy_layerwise.arguments import check_count


def error_bound(
    depth: int,
    epsilon: float,
    input_norm: float,
    bias: float,
    *,
    stability: float = 1.0,
) -> NDArray[np.float64]:
    """Bound the distance of approximate features from those of a reference run.

    Belilovsky, Eickenberg & Oyallon, proposition 3.2 of the version of 2018, says
    O(L^2 epsilon) for stability 1. With explicit constants (ours): every layer is
    1-Lipschitz with a bias of norm at most B; on the reference's own features the
    approximate layer is off by at most epsilon (1 + ||h_l||); and two runs of the
    solver, on inputs a distance d apart, give outputs at most kappa d apart. Then

        e_l <= kappa e_(l-1) + epsilon (1 + ||x|| + (l - 1) B),   e_0 = 0,

    which for kappa = 1 sums to epsilon (l (1 + ||x||) + B l (l - 1) / 2).

    Args:
        depth: L >= 1.
        epsilon: relative error of a layer, >= 0.
        input_norm: ||x|| >= 0.
        bias: B >= 0.
        stability: kappa >= 0; the paper assumes 1.

    Returns:
        The bounds e_0, ..., e_L, [L + 1].

    Raises:
        ValueError: an argument out of range.
    """
    check_count("depth", depth)
    given = {"epsilon": epsilon, "input_norm": input_norm, "bias": bias}
    for name, value in (given | {"stability": stability}).items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and >= 0, got {value!r}")
    bound = np.zeros(depth + 1)
    for layer in range(depth):
        new = epsilon * (1 + input_norm + layer * bias)
        bound[layer + 1] = stability * float(bound[layer]) + new
    if not np.isfinite(bound).all():
        raise ValueError(
            "epsilon, input_norm, bias and stability must give a finite bound, got "
            f"{epsilon!r}, {input_norm!r}, {bias!r} and {stability!r}"
        )
    return bound


def is_blind(layer: int, k: int, distance: int) -> bool:
    """Whether head `layer` cannot see two pixels that far apart together.

    A unit of its last convolution sees 2 (layer + k - 1) + 1 pixels in a row, if
    nothing is downsampled; what follows adds such units up. If no unit sees both
    pixels, the logits are a sum of a function of one and a function of the other, and
    the cross-entropy of their exclusive or is at least log 2, whatever the weights
    (ours; see chapter 7).

    Args:
        layer: l >= 1.
        k: hidden layers of an auxiliary problem, >= 1.
        distance: of the two pixels along a row, >= 1.

    Raises:
        ValueError: an argument out of range.
    """
    for name, value in {"layer": layer, "k": k, "distance": distance}.items():
        check_count(name, value)
    return distance > 2 * (layer + k - 1)


def two_pixels(distance: int, side: int = 8) -> Dataset:
    """Four images with two pixels that are on or off; the class is their exclusive or.

    Args:
        distance: of the two pixels, in the middle row, 1 .. side - 1.
        side: height and width of the images, >= 2.

    Returns:
        The same four images for training and for testing, two classes.

    Raises:
        ValueError: an argument out of range.
    """
    check_count("side", side, 2)
    check_count("distance", distance)
    if distance >= side:
        raise ValueError(f"distance must be below side {side}, got {distance}")
    bits = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    left = (side - distance) // 2
    images = torch.zeros(4, 1, side, side)
    images[:, 0, side // 2, [left, left + distance]] = bits.float()
    classes = bits.sum(dim=1) % 2
    return Dataset("two pixels", images, classes, images, classes, 2)
