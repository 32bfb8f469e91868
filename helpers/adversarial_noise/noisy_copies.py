"""Distances from noisy copies of an image to the nearest error."""

from typing import TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.adversarial_noise.arguments import (
    read_count,
    read_images,
    read_per_image,
)
from helpers.adversarial_noise.classifiers import classifier
from helpers.adversarial_noise.decisions import Model
from helpers.adversarial_noise.draws import gaussian, generator
from helpers.adversarial_noise.nearest_errors import nearest_error

_NUMBERS = 2**20  # of all points that are attacked together


class Steps(TypedDict, total=False):
    """Steps of `nearest_error`."""

    deepfool_steps: int
    ddn_steps: int
    descent_steps: int
    starts: int
    projections: int


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
        model: differentiable, [n, ...] -> logits [n, C] or [n, 1], in eval mode; see
            `labels`.
        x: images [images, ...].
        y: right labels [images]; a noisy copy keeps the label.
        sigma: standard deviation of the noise > 0, one number or one for each image.
        n: noisy copies of each image.
        seed: integer >= 0.
        settings: steps of `nearest_error`; `projections` is 0 if left out.

    Returns:
        Distances [images, n]; `np.median(…, axis=1)` is epsilon^*_q(E).

    Raises:
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, a model as refused by `labels`.

    Cost: `nearest_error` for images times n points.
    """
    x, y = read_images(x, y)
    sigmas = read_per_image("sigma", sigma, x)
    read_count("n", n)
    together = max(1, _NUMBERS // (n * x[0].numel()))
    steps: Steps = {"projections": 0, **settings}
    found = []
    with classifier(model, x, y) as (_, x, y):
        for first in range(0, len(x), together):
            some = range(first, min(first + together, len(x)))
            points = torch.cat([
                x[i] + sigmas[i] * gaussian(x[i], n, generator(seed, i, x.device))
                for i in some
            ])  # fmt: skip
            labels = y[first : first + together].repeat_interleave(n)
            distance = nearest_error(model, points, labels, **steps).distance
            found.append(distance.reshape(-1, n))
    return np.concatenate(found)
