"""Chapter 10 on a data set of choice: its command line, one file of results a run."""

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from tqdm import tqdm

from helpers import adversarial_noise as an
from helpers import data

_DIGITS = 5  # significant digits of the numbers that are stored


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
    layers, channels = [], shape[0]
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
        net = network(
            dataset.x_train.shape[1:], options.width, dataset.n_classes, options.seed
        ).to(options.device)
        train = an.train_with_noise if way == "noise" else an.train_adversarially
        start = time.perf_counter()
        chosen = {"batch_size": options.batch_size, "epochs": options.epochs}
        train(
            net, dataset.x_train, dataset.y_train, strength, lr=options.lr,
            seed=options.seed, record_every=options.epochs, **chosen,
        )  # fmt: skip
        seconds = {"training": time.perf_counter() - start}
        start = time.perf_counter()
        found = measure(net.eval(), dataset, options)
        seconds["measuring"] = time.perf_counter() - start
        models.append({way: strength, **found, "seconds": seconds})
    return {"settings": vars(options), "models": models}


def measure(
    net: nn.Module, dataset: data.Dataset, options: argparse.Namespace
) -> dict[str, Any]:
    """Return what chapter 10 says of one network, from its test images.

    Accuracy; sigma(x_0, 0.01) and the nearest error of `images` images that it gets
    right; for `few` of them, both finite, the median distance of `points` noisy copies
    beside the isoperimetric bound, and the distance without an attack; accuracy on
    corruptions.
    """
    x_test, y_test = dataset.x_test[: options.test], dataset.y_test[: options.test]
    x_test, y_test = x_test.to(options.device), y_test.to(options.device)
    right = an.labels(net, x_test) == y_test
    x, y = x_test[right][: options.images], y_test[right][: options.images]
    seed = options.seed
    scale = an.noise_scale(net, x, y, n=options.draws, seed=seed)
    distance = an.nearest_error(net, x, y).distance
    usable = np.isfinite(scale.sigma) & np.isfinite(distance)
    ratio = distance[usable] / scale.sigma[usable]
    few = np.flatnonzero(usable)[: options.few]
    sigma = scale.sigma[few]
    noisy = an.noisy_distances(net, x[few], y[few], sigma, options.points, seed=seed)
    bound = an.isoperimetric_quantile(0.01, sigma)
    blind = an.probit_distance(net, x[few], y[few], sigma, seed=seed)
    return {
        "accuracy": right.float().mean().item(),
        "images": len(x),
        "median_distance": np.median(distance),
        "median_sigma": np.median(scale.sigma),
        "median_ratio": np.median(ratio),
        "spearman": spearmanr(distance[usable], scale.sigma[usable])[0],
        "distance": distance,
        "sigma": scale.sigma,
        "noisy_over_bound": np.median(noisy, axis=1) / bound,
        "without_attack_over_distance": blind.distance / distance[few],
        "corrupted_accuracy": _corrupted(net, x_test, y_test, seed),
    }


def _corrupted(net: nn.Module, x: Tensor, y: Tensor, seed: int) -> dict[str, float]:
    """Return the mean accuracy over five severities of each corruption."""

    def accuracy(kind: str, severity: int) -> float:
        images = an.corrupt(x, kind, severity, seed=seed)
        return (an.labels(net, images) == y).float().mean().item()

    return {
        kind: float(np.mean([accuracy(kind, severity) for severity in range(1, 6)]))
        for kind in an.CORRUPTIONS
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, run, write the results."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    output = options.output
    del options.output
    command = shlex.join(["python", "-m", "helpers.adversarial_noise", *arguments])
    if options.device == "cpu":
        machine = f"{os.cpu_count()} CPU cores"
    else:
        machine = torch.cuda.get_device_name(options.device)
        torch.backends.cudnn.allow_tf32 = False  # full float32
        torch.backends.cudnn.deterministic = True
    today = datetime.date.today()
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    source = f"{today}, {machine}, {versions}: {command}"
    results = {"source": source, **study(options)}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(_text(results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.adversarial_noise", description=__doc__
    )
    add = parser.add_argument
    add("--data", default="digits", choices=data.NAMES)
    add("--noise", type=float, nargs="*", default=[0.0, 0.1, 0.4])
    add("--radius", type=float, nargs="*", default=[], help="adversarial training")
    add("--train", type=int, help="training images; all if left out")
    add("--test", type=int, help="test images; all if left out")
    add("--width", type=int, default=16, help="channels of the first layer")
    add("--epochs", type=int, default=10)
    add("--batch-size", type=int, default=128)
    add("--lr", type=float, default=1e-3)
    add("--images", type=int, default=100, help="whose nearest error is sought")
    add("--draws", type=int, default=2000, help="of noise for an image")
    add("--few", type=int, default=10, help="images with noisy points, splitting")
    add("--points", type=int, default=50, help="noisy points of an image")
    add("--seed", type=int, default=0)
    add("--device", default="cpu")
    add("--output", type=Path, required=True)
    return parser


def _text(results: dict[str, Any]) -> str:
    """Return the results as JSON, each list of numbers on one line."""
    text = json.dumps(_plain(results), indent=1)
    return (
        re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"
    )


def _plain(value: Any) -> Any:
    """Return numbers and lists that JSON knows, to a few digits."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
    return value


if __name__ == "__main__":
    main()
