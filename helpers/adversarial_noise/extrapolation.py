"""The distance to the nearest error from rates of rare errors, without an attack."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from torch import Tensor

from helpers.adversarial_noise.arguments import (
    read_images,
    read_open_unit,
    read_per_image,
)
from helpers.adversarial_noise.classifiers import classifier
from helpers.adversarial_noise.decisions import Model, decide
from helpers.adversarial_noise.rare_events import rare_error_rate
from helpers.arrays import read_numbers

Array = NDArray[np.float64]

_CORRELATED = 2.0  # standard error beside that of independent particles, at most


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """Distances to the nearest error from rates of rare errors.

    Attributes:
        distance: at vanishing noise, [images].
        low, high: its confidence interval, [images].
        sigma: noise scales, [images, fractions].
        values: -sigma Phi^{-1}(mu) there, [images, fractions].
    """

    distance: Array
    low: Array
    high: Array
    sigma: Array
    values: Array


def probit_distance(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    fractions: Sequence[float] = (0.6, 0.4),
    n: int = 1000,
    *,
    level: float = 0.95,
    seed: int,
) -> Extrapolation:
    """Return the distance to the nearest error from noise alone, without an attack.

    Ours. -s Phi^{-1}(mu(s)) tends to d(x_0, E) as the noise s vanishes, whatever the
    shape of E. Where the boundary is smooth at the nearest error, mu(s) is about
    K Phi(-d / s) with a constant K (curvature: Breitung 1984; several nearest errors),
    so that -s Phi^{-1}(mu(s)) = d - (log K / d) s^2 + O(s^4). The rates at two
    or more noise scales come from `rare_error_rate`; a line in s^2 gives d at s = 0.

    Args:
        model: [n, ...] -> logits [n, C] or [n, 1], in eval mode, see `labels`; need not
            be differentiable.
        x: images [images, ...].
        y: right labels [images].
        sigma: noise scale > 0, one number or one for each image, such as
            sigma(x_0, 0.01) from `noise_scale`.
        fractions: of `sigma`, two or more distinct numbers > 0.
        n: particles.
        level: confidence of the interval, in (0, 1).
        seed: integer >= 0.

    Returns:
        The distance; its interval counts the spread of splitting (twice the standard
        error of `rare_error_rate`, to be safe), not the terms O(s^4). nan where the
        clean image is wrong, or a rate is below 1e-60.

    Raises:
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, a model as refused by `labels`.

    Cost: that of `rare_error_rate` at each fraction.
    """
    shares = read_numbers("fractions", fractions)
    if not (
        shares.ndim == 1
        and np.isfinite(shares).all()
        and (shares > 0).all()
        and len(set(shares)) >= 2
    ):
        raise ValueError(
            f"fractions must be two or more distinct numbers > 0, got {fractions}"
        )
    read_open_unit("level", level)
    x, y = read_images(x, y)
    scales = read_per_image("sigma", sigma, x)[:, None] * shares
    with classifier(model, x, y) as (read, images, right):
        wrong = (decide(read, images) != right).cpu().numpy()
    rates = [rare_error_rate(model, x, y, s, n, seed=seed) for s in scales.T]
    mu = 10.0 ** np.stack([rate.log10 for rate in rates], axis=1)
    mu[wrong] = math.nan
    spread = _CORRELATED * np.stack([rate.stderr for rate in rates], axis=1)
    values = scales * norm.isf(mu)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = scales * mu * math.log(10) * spread / norm.pdf(norm.isf(mu))
        distance, stderr = _intercept(scales**2, values, error)
    half = norm.ppf((1 + level) / 2) * stderr
    return Extrapolation(distance, distance - half, distance + half, scales, values)


def _intercept(a: Array, values: Array, error: Array) -> tuple[Array, Array]:
    """Return the weighted least-squares line of each row at a = 0, and its error."""
    weight = error**-2.0
    total = weight.sum(axis=1)
    centre = (weight * a).sum(axis=1) / total
    spread = (weight * (a - centre[:, None]) ** 2).sum(axis=1)
    slope = (weight * (a - centre[:, None]) * values).sum(axis=1) / spread
    intercept = (weight * values).sum(axis=1) / total - slope * centre
    return intercept, np.sqrt(1 / total + centre**2 / spread)
