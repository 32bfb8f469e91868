"""Chapter 10 on a data set of choice: its networks, one after the other."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from helpers import data
from helpers.adversarial_noise.checkpoint import Checkpoint
from helpers.adversarial_noise.measurements import measure, plain
from helpers.adversarial_noise.residual import (
    Mixed,
    one_cycle,
    residual_network,
    shifted,
)
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


def study(
    options: argparse.Namespace, checkpoint: Checkpoint
) -> Iterator[dict[str, Any]]:
    """Train a network for each noise and radius and give what `measure` finds.

    Args:
        options: of the command line.
        checkpoint: gives the networks that it holds, and keeps the others.
    """
    dataset = data.load(options.data, n_train=options.train, seed=options.seed)
    ways = [("noise", sigma) for sigma in options.noise]
    ways += [("radius", radius) for radius in options.radius]
    for way, strength in tqdm(ways, "networks", leave=False):
        name, net = f"{way} {strength}", _untrained(dataset, options)
        entry = checkpoint.restore(name, net)
        if entry is None:
            start = time.perf_counter()
            _train(net, way, strength, dataset, options)
            entry = {"seconds": {"training": time.perf_counter() - start}}
            checkpoint.add(name, net, **entry)
        if "found" not in entry:
            start = time.perf_counter()
            entry["found"] = plain(measure(net.eval(), dataset, options))
            entry["seconds"]["measuring"] = time.perf_counter() - start
            checkpoint.add(name, net, **entry)
        yield {way: strength, **entry["found"], "seconds": plain(entry["seconds"])}


def _untrained(dataset: data.Dataset, options: argparse.Namespace) -> nn.Module:
    """Return a network of the kind asked for."""
    shape, classes = dataset.x_train.shape[1:], dataset.n_classes
    if options.network == "residual":
        net = residual_network(shape[0], options.width, classes, options.seed)
    else:
        net = network(shape, options.width, classes, options.seed)
    return net.to(options.device)


def _train(
    net: nn.Module,
    way: str,
    strength: float,
    dataset: data.Dataset,
    options: argparse.Namespace,
) -> None:
    """Train a network in place, on noise or adversarially."""
    train: Callable[..., object] = train_with_noise
    settings: dict[str, Any] = {"lr": options.lr}
    epochs = options.epochs
    if way == "radius":
        epochs = options.radius_epochs or epochs
        train, settings["steps"] = train_adversarially, options.steps
    if options.network == "residual":
        steps = epochs * -(-len(dataset.x_train) // options.batch_size)
        settings |= {"lr": None, "optimizer": one_cycle(options.lr, steps)}
        settings["augment"] = shifted
    train(
        net if options.dtype == "float32" else Mixed(net),
        dataset.x_train, dataset.y_train, strength, seed=options.seed,
        batch_size=options.batch_size, epochs=epochs, record_every=max(epochs, 1),
        **settings,
    )  # fmt: skip
