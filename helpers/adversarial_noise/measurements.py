"""What chapter 10 says of one network, measured on its test images."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn

from helpers import data
from helpers.adversarial_noise.corruptions import CORRUPTIONS, corrupt
from helpers.adversarial_noise.decisions import labels
from helpers.adversarial_noise.draws import gaussian, generator
from helpers.adversarial_noise.extrapolation import probit_distance
from helpers.adversarial_noise.geometry import isoperimetric_quantile
from helpers.adversarial_noise.nearest_errors import nearest_error
from helpers.adversarial_noise.noisy_copies import noisy_distances
from helpers.adversarial_noise.rates import noise_scale

_DIGITS = 5  # significant digits of the numbers that are stored
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LONGER = 5  # times the steps of the search for the nearest error
_SEVERITIES = range(1, 6)
_OF_FEW = (
    "noisy_over_bound",
    "longer_search_over_distance",
    "without_attack_over_distance",
)


def measure(
    net: nn.Module, dataset: data.Dataset, options: argparse.Namespace
) -> dict[str, Any]:
    """Return what chapter 10 says of one network, from its test images.

    Accuracy, and that in each noise of `options.noise`; sigma(x_0, 0.01) with its
    interval and the distance found to the nearest error of the first `images` images
    that it gets right (`place`: which of the test images these are), with quantiles of
    their ratio, 0 where sigma is infinite (how many is `without_sigma`), and their rank
    correlation, infinities ranked last. The distances are upper bounds; `lower_bound`
    is the largest bound from below, 0 where none is known.

    For `few` of the images, both numbers finite, or for none: the median distance of
    `points` noisy copies beside the isoperimetric bound, and beside the distance that
    of a search of five times the steps and that without an attack. Last the accuracy
    on corruptions.
    """
    x_test, y_test = dataset.x_test[: options.test], dataset.y_test[: options.test]
    x_test, y_test = x_test.to(options.device), y_test.to(options.device)
    right = labels(net, x_test) == y_test
    place = right.nonzero().squeeze(1)[: options.images]
    x, y, seed = x_test[place], y_test[place], options.seed
    scale = noise_scale(net, x, y, n=options.draws, seed=seed)
    nearest = nearest_error(net, x, y)
    distance, sigma = nearest.distance, scale.sigma
    ratio = np.where(np.isinf(sigma), 0.0, distance) / sigma
    usable = np.flatnonzero(np.isfinite(sigma) & np.isfinite(distance))
    few = usable[: options.few]
    return {
        "accuracy": right.float().mean().item(),
        "accuracy_in_noise": _in_noise(net, x_test, y_test, options),
        "images": len(x),
        "median_distance": np.median(distance),
        "median_sigma": np.median(sigma),
        "median_ratio": np.median(ratio),
        "ratio_quantiles": dict(
            zip(map(str, _SHARES), np.quantile(ratio, _SHARES), strict=True)
        ),
        "without_sigma": int(np.isinf(sigma).sum()),
        "spearman": spearmanr(distance, sigma)[0],
        "place": place.tolist(),
        "distance": distance,
        "lower_bound": nearest.lower_bound.max(),
        "sigma": sigma,
        "sigma_low": scale.low,
        "sigma_high": scale.high,
        **_of_few(net, x[few], y[few], distance[few], sigma[few], options),
        "corrupted_accuracy": _corrupted(net, x_test, y_test, seed),
    }


def _of_few(
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    distance: NDArray[np.float64],
    sigma: NDArray[np.float64],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Return what is too dear for all images."""
    if len(x) == 0:
        return {key: [] for key in _OF_FEW}
    seed = options.seed
    noisy = noisy_distances(net, x, y, sigma, options.points, seed=seed)
    longer = nearest_error(
        net, x, y, ddn_steps=100 * _LONGER, descent_steps=20 * _LONGER
    )
    blind = probit_distance(net, x, y, sigma, seed=seed)
    over_bound = np.median(noisy, axis=1) / isoperimetric_quantile(0.01, sigma)
    others = longer.distance / distance, blind.distance / distance
    return dict(zip(_OF_FEW, (over_bound, *others), strict=True))


def _in_noise(
    net: nn.Module, x: Tensor, y: Tensor, options: argparse.Namespace
) -> dict[str, float]:
    """Return the accuracy on one noisy copy of each image, nothing clipped."""

    def accuracy(sigma: float) -> float:
        made = generator(options.seed, 0, x.device)
        noise = gaussian(x[0], len(x), made)
        return (labels(net, x + sigma * noise) == y).float().mean().item()

    return {str(sigma): accuracy(sigma) for sigma in options.noise if sigma}


def _corrupted(net: nn.Module, x: Tensor, y: Tensor, seed: int) -> dict[str, float]:
    """Return the mean accuracy over five severities of each corruption."""

    def accuracy(images: Tensor) -> float:
        return (labels(net, images) == y).float().mean().item()

    found = {}
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for kind in CORRUPTIONS:
            made = threads.map(partial(corrupt, x, kind, seed=seed), _SEVERITIES)
            found[kind] = float(np.mean([accuracy(images) for images in made]))
    return found


def plain(value: Any) -> Any:
    """Return numbers and lists that JSON knows, to a few digits."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
    return value
