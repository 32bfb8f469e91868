"""Error rates in Gaussian noise, and the noise that gives a wanted error rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from torch import Tensor

from helpers.adversarial_noise.arguments import (
    read_count,
    read_images,
    read_open_unit,
    read_per_image,
)
from helpers.adversarial_noise.classifiers import classifier
from helpers.adversarial_noise.decisions import (
    Model,
    decide,
    logits,
    rows_at_once,
    scores,
)
from helpers.adversarial_noise.draws import gaussian, generator
from helpers.adversarial_noise.intervals import clopper_pearson

Array = NDArray[np.float64]

_MOST_STEPS = 60
_LARGEST = 1e3  # noise beyond which the search gives up, in units of the start
_COARSE = 8  # the search starts with an eighth of the draws
_NEAR = 10  # draws picked for each error that is wanted
_PRECISION = 1e-4  # of sigma where the count jumps


@dataclass(frozen=True, eq=False)
class Rate:
    """Error rates with their Clopper-Pearson intervals, [images] each."""

    mean: Array
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class NoiseScale:
    """sigma(x_0, mu) of each image with its confidence interval, [images] each."""

    sigma: Array
    low: Array
    high: Array


def error_rate(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    n: int = 1000,
    *,
    level: float = 0.95,
    seed: int,
) -> Rate:
    """Return how often the model errs on noisy copies of each image.

    mu = P(f(x_0 + sigma z) != y), z standard Gaussian; nothing is clipped to a range of
    pixels. Each image has draws of its own, which depend on `seed` and its place alone.

    Args:
        model: [n, ...] -> logits [n, C] or [n, 1], in eval mode; see `labels`.
        x: images [images, ...]; they go to the dtype and device of a module, in which
            noise is drawn.
        y: right labels [images].
        sigma: standard deviation of the noise > 0, one number or one for each image.
        n: draws for each image.
        level: confidence of the interval, in (0, 1).
        seed: integer >= 0.

    Raises:
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, a model as refused by `labels`.

    Cost: n forward passes an image.
    """
    x, y = read_images(x, y)
    sigmas = read_per_image("sigma", sigma, x)
    read_count("n", n)
    read_open_unit("level", level)
    errors = np.zeros(len(x), dtype=np.int64)
    with classifier(model, x, y, counted=True) as (read, images, right):
        for i, (image, label) in enumerate(zip(images, right, strict=True)):
            made = generator(seed, i, image.device)
            for rows in range(0, n, step := rows_at_once(image)):
                noise = gaussian(image, min(step, n - rows), made)
                errors[i] += _errors(read, image, label, noise, sigmas[i])
    return Rate(errors / n, *clopper_pearson(errors, n, level))


def noise_scale(
    model: Model,
    x: Tensor,
    y: Tensor,
    error_rate: float = 0.01,
    n: int = 2000,
    *,
    level: float = 0.95,
    start: float = 0.1,
    seed: int,
) -> NoiseScale:
    """Return sigma(x_0, mu): the noise at which an image's error rate is mu.

    Ford et al. 2019 use mu = 0.01. The n draws of an image are made once and scaled, so
    that the count of errors is a smooth curve, whose root is found by secants in the
    coordinates of the linear law (Phi^{-1}(mu) against 1 / sigma). The interval is that
    of Clopper-Pearson at the root, brought to sigma by the linear law.

    Args:
        model: [n, ...] -> logits [n, C] or [n, 1], in eval mode; see `labels`.
        x: images [images, ...].
        y: right labels [images].
        error_rate: mu, in (0, 1/2); n mu >= 1.
        n: draws for each image, held in memory.
        level: confidence of the interval, in (0, 1).
        start: first guess of sigma, > 0.
        seed: integer >= 0; the draws of an image depend on it and its place alone.

    Returns:
        sigma [images]: 0 where the clean image is wrong already, infinity where the
        error rate is not reached at a thousand times `start`.

    Raises:
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, a model as refused by `labels`.

    Cost: about 3 n forward passes an image.
    """
    x, y = read_images(x, y)
    read_count("n", n)
    read_open_unit("level", level)
    read_open_unit("error_rate", error_rate)
    if not (error_rate < 0.5 and error_rate * n >= 1):
        raise ValueError(
            f"error_rate must lie in (0, 1/2) and n error_rate be at least 1, got "
            f"{error_rate!r} with n = {n}"
        )
    read_per_image("start", start, x[:1])
    sigma = np.zeros(len(x))
    with classifier(model, x, y) as (read, x, y):
        for i in (decide(read, x) == y).nonzero().squeeze(1).tolist():
            noise = gaussian(x[i], n, generator(seed, i, x.device))
            sigma[i] = _scale_of(read, x[i], y[i], noise, error_rate, start)
    low, high = clopper_pearson(round(error_rate * n), n, level)
    t = ndtri(error_rate)
    return NoiseScale(
        sigma, sigma * ndtri(np.minimum(high, 0.5)) / t, sigma * ndtri(low) / t
    )


def _scale_of(
    model: Model, image: Tensor, label: Tensor, noise: Tensor, mu: float, start: float
) -> float:
    """Return the sigma at which a share mu of the noisy copies is wrong.

    An eighth of the draws says roughly where; the search goes on with the draws that
    are nearest to an error there; all draws together confirm what it finds, or go on.
    """
    n, sigma = len(noise), start
    few = noise[: n // _COARSE]
    if len(few) * mu >= 1:
        sigma = _root(partial(_errors, model, image, label, few), len(few), mu, start)
    if math.isinf(sigma):
        return sigma
    closeness = scores(logits(model, image + sigma * noise), int(label))
    near = noise[closeness.topk(min(n, math.ceil(_NEAR * mu * n))).indices]
    found = _root(partial(_errors, model, image, label, near), n, mu, sigma)
    nearer = found if math.isfinite(found) else sigma
    return _root(partial(_errors, model, image, label, noise), n, mu, nearer)


def _errors(
    model: Model, image: Tensor, label: Tensor, noise: Tensor, sigma: float
) -> int:
    """Return how many of the noisy copies the model gets wrong."""
    return int((decide(model, image + sigma * noise) != label).sum())


def _root(count: Callable[[float], int], n: int, mu: float, start: float) -> float:
    """Return the sigma at which count(sigma) of n draws first is mu n, about.

    Outside a bracket the linear law says where to look, sigma t / t_wanted with
    t = -Phi^{-1}(mu); inside, t is interpolated against 1 / sigma, or halved.
    """
    low, high, t_low, t_high, wanted = 0.0, math.inf, 0.0, 0.0, -ndtri(mu)
    sigma = start
    for step in range(_MOST_STEPS):
        k = count(sigma)
        if abs(k - mu * n) <= 0.5 or high <= low * (1 + _PRECISION):
            break
        t = -ndtri((k + 0.5) / (n + 1))
        if k < mu * n:
            low, t_low = sigma, t
        else:
            high, t_high = sigma, t
        if math.isinf(high):
            sigma *= min(max(t / wanted, 1.2), 4)
            if sigma > _LARGEST * start:
                return math.inf
        elif low == 0:
            sigma *= min(max(t / wanted, 0.25), 0.8)
        elif step % 3 == 2:
            sigma = math.sqrt(low * high)
        else:
            part = (wanted - t_low) / (t_high - t_low)
            sigma = 1 / (1 / low + part * (1 / high - 1 / low))
    return sigma
