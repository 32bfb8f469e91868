"""Errors in noise and the nearest error.

The helper of chapter 10, on Ford, Gilmer, Carlini & Cubuk, "Adversarial Examples Are a
Natural Consequence of Test Error in Noise" (ICML 2019). A classifier f has the
error set E = {x: f(x) != y} for an image x_0 with label y. d(x_0, E) is the distance to
the nearest error, mu the probability of E under noise N(x_0, sigma^2 I), and
sigma(x_0, mu) the noise at which that probability is mu.

    python -m helpers.adversarial_noise --data mnist --output results.json

trains networks with several noises and measures all of these; `--help` lists the rest.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.adversarial_noise.decisions import (
    Model,
    generator,
    read_count,
    read_images,
    read_per_image,
)
from helpers.adversarial_noise.nearest_errors import nearest_error


def noisy_distances(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    n: int = 100,
    *,
    seed: int,
    **settings: int,
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
        made = generator(seed, i, x.device)
        shape = (n, *image.shape)
        noise = torch.randn(shape, generator=made, dtype=x.dtype, device=x.device)
        points = image + sigmas[i] * noise
        found.append(nearest_error(model, points, label.expand(n), **settings).distance)
    return np.stack(found)
