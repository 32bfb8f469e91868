"""Distances from noisy copies of an image to the nearest error."""

from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.adversarial_noise.arguments import (
    read_count,
    read_images,
    read_per_image,
)
from helpers.adversarial_noise.decisions import Model
from helpers.adversarial_noise.draws import gaussian, generator
from helpers.adversarial_noise.nearest_errors import nearest_error


class Steps(TypedDict, total=False):
    """Steps of `nearest_error`."""

    deepfool_steps: int
    ddn_steps: int
    descent_steps: int


def noisy_distances(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    n: int = 100,
    *,
    seed: int,
    **settings: Unpack[Steps],
) -> NDArray[np.float64]:
    """Return the distances from noisy copies of each image to the nearest error.

    What the isoperimetric inequality speaks of: d(x, E) for x ~ N(x_0, sigma^2 I), 0
    for x in E. The distances are found by `nearest_error`, so they are upper bounds.

    Args:
        model: differentiable, [n, ...] -> logits [n, C], in eval mode.
        x: images [images, ...].
        y: right labels [images]; a noisy copy keeps the label.
        sigma: standard deviation of the noise > 0, one number or one for each image.
        n: noisy copies of each image.
        seed: integer >= 0.
        settings: steps of `nearest_error`.

    Returns:
        Distances [images, n]; `np.median(…, axis=1)` is epsilon*_q(E).

    Raises:
        ValueError: an argument out of its range.

    Cost: `nearest_error` for images times n points.
    """
    x, y = read_images(x, y)
    sigmas = read_per_image("sigma", sigma, x)
    read_count("n", n)
    found = []
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        noise = gaussian(image, n, generator(seed, i, x.device))
        points = image + sigmas[i] * noise
        found.append(nearest_error(model, points, label.expand(n), **settings).distance)
    return np.stack(found)
