"""Chapter 10 on a data set of choice: networks, their training, what is measured."""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from tqdm import tqdm

from helpers import data
from helpers.adversarial_noise.corruptions import CORRUPTIONS, corrupt
from helpers.adversarial_noise.decisions import labels
from helpers.adversarial_noise.extrapolation import probit_distance
from helpers.adversarial_noise.geometry import isoperimetric_quantile
from helpers.adversarial_noise.nearest_errors import nearest_error
from helpers.adversarial_noise.noisy_copies import noisy_distances
from helpers.adversarial_noise.rates import noise_scale
from helpers.adversarial_noise.residual import one_cycle, residual_network, shifted
from helpers.adversarial_noise.training import train_adversarially, train_with_noise


def network(shape: Sequence[int], width: int, n_classes: int, seed: int) -> nn.Module:
    """Return a small convolutional network for images of a shape.

    Three layers of 3x3 convolutions, the last two with stride 2, of `width`, 2 `width`
    and 4 `width` channels, ReLU, one linear layer; torch's own initialisation.

    Args:
        shape: [channels, height, width] of an image.
        width: channels of the first layer.
        n_classes: number of logits.
        seed: integer; torch's global generator is put back afterwards.
    """
    layers: list[nn.Module] = []
    channels = shape[0]
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        for factor, stride in ((1, 1), (2, 2), (4, 2)):
            layers.append(nn.Conv2d(channels, factor * width, 3, stride, padding=1))
            layers.append(nn.ReLU())
            channels = factor * width
        side = [-(-size // 4) for size in shape[1:]]
        layers += [nn.Flatten(), nn.Linear(channels * side[0] * side[1], n_classes)]
    return nn.Sequential(*layers)


def study(options: argparse.Namespace) -> dict[str, Any]:
    """Train a network for each noise and radius and measure it; see `measure`."""
    dataset = data.load(options.data, n_train=options.train, seed=options.seed)
    ways = [("noise", sigma) for sigma in options.noise]
    ways += [("radius", radius) for radius in options.radius]
    models = []
    for way, strength in tqdm(ways, "networks", leave=False):
        start = time.perf_counter()
        net = _trained(way, strength, dataset, options)
        seconds = {"training": time.perf_counter() - start}
        start = time.perf_counter()
        found = measure(net.eval(), dataset, options)
        seconds["measuring"] = time.perf_counter() - start
        models.append({way: strength, **found, "seconds": seconds})
    return {"settings": vars(options), "models": models}


def _trained(
    way: str, strength: float, dataset: data.Dataset, options: argparse.Namespace
) -> nn.Module:
    """Return a network of the kind asked for, trained on noise or adversarially."""
    shape, n = dataset.x_train.shape[1:], len(dataset.x_train)
    settings: dict[str, Any] = {"lr": options.lr}
    if options.network == "residual":
        net = residual_network(shape[0], options.width, dataset.n_classes, options.seed)
        steps = options.epochs * -(-n // options.batch_size)
        settings = {"lr": None, "optimizer": one_cycle(options.lr, steps)}
        if way == "noise":
            settings["augment"] = shifted
    else:
        net = network(shape, options.width, dataset.n_classes, options.seed)
    train = train_with_noise if way == "noise" else train_adversarially
    net = net.to(options.device)
    train(
        net, dataset.x_train, dataset.y_train, strength, seed=options.seed,
        batch_size=options.batch_size, epochs=options.epochs,
        record_every=options.epochs, **settings,
    )  # fmt: skip
    return net


def measure(
    net: nn.Module, dataset: data.Dataset, options: argparse.Namespace
) -> dict[str, Any]:
    """Return what chapter 10 says of one network, from its test images.

    Accuracy; sigma(x_0, 0.01) and the nearest error of `images` images that it gets
    right, with the median of their ratio, 0 where sigma is infinite (how many is
    `without_sigma`), and their rank correlation, infinities ranked last; for `few` of
    them, both finite, the median distance of `points` noisy copies
    beside the isoperimetric bound, and the distance without an attack; accuracy on
    corruptions.
    """
    x_test, y_test = dataset.x_test[: options.test], dataset.y_test[: options.test]
    x_test, y_test = x_test.to(options.device), y_test.to(options.device)
    right = labels(net, x_test) == y_test
    x, y = x_test[right][: options.images], y_test[right][: options.images]
    seed = options.seed
    scale = noise_scale(net, x, y, n=options.draws, seed=seed)
    distance = nearest_error(net, x, y).distance
    usable = np.isfinite(scale.sigma) & np.isfinite(distance)
    ratio = np.where(np.isinf(scale.sigma), 0.0, distance) / scale.sigma
    few = np.flatnonzero(usable)[: options.few]
    sigma = scale.sigma[few]
    noisy = noisy_distances(net, x[few], y[few], sigma, options.points, seed=seed)
    bound = isoperimetric_quantile(0.01, sigma)
    blind = probit_distance(net, x[few], y[few], sigma, seed=seed)
    return {
        "accuracy": right.float().mean().item(),
        "images": len(x),
        "median_distance": np.median(distance),
        "median_sigma": np.median(scale.sigma),
        "median_ratio": np.median(ratio),
        "without_sigma": int(np.isinf(scale.sigma).sum()),
        "spearman": spearmanr(distance, scale.sigma)[0],
        "distance": distance,
        "sigma": scale.sigma,
        "noisy_over_bound": np.median(noisy, axis=1) / bound,
        "without_attack_over_distance": blind.distance / distance[few],
        "corrupted_accuracy": _corrupted(net, x_test, y_test, seed),
    }


def _corrupted(net: nn.Module, x: Tensor, y: Tensor, seed: int) -> dict[str, float]:
    """Return the mean accuracy over five severities of each corruption."""

    def accuracy(kind: str, severity: int) -> float:
        images = corrupt(x, kind, severity, seed=seed)
        return (labels(net, images) == y).float().mean().item()

    return {
        kind: float(np.mean([accuracy(kind, severity) for severity in range(1, 6)]))
        for kind in CORRUPTIONS
    }
