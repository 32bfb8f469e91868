"""Chapter 9's experiment on batch sizes with the authors' network, on CIFAR-10.

Left out, the options are the authors' setting: 50,000 images, 100 epochs, squared error
of the softmax, batch sizes from 1000 to 2, float32. Each run is written as soon as it
is done; called again with the same settings, the command goes on where it was.
"""

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from helpers import data, stored_runs
from helpers.heavy_tails.arguments import check_count
from helpers.heavy_tails.mini_alexnet import LAYERS, mini_alexnet, prepared
from helpers.heavy_tails.spectra import spectrum
from helpers.training import DivergedError

_MODULE = "helpers.heavy_tails.batch_sizes"
_PROGRAM = f"python -m {_MODULE}"
_THEIRS = [1000, 500, 250, 150, 100, 50, 32, 16, 8, 4, 2]
_LR, _MOMENTUM = 0.01, 0.9  # the authors'; no weight decay
_CHUNK = 500  # images at once where nothing is trained
_DIGITS = 5  # significant digits of a stored number
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def softmax_mse(outputs: Tensor, y: Tensor) -> Tensor:
    """Return the mean squared difference of softmax and one-hot, as Keras's 'mse'.

    At equal outputs for K classes its gradient is that of the cross-entropy times
    2 / K^2, at K = 10 a fiftieth.

    Args:
        outputs: [n, K], before the softmax.
        y: classes [n].
    """
    wanted = functional.one_hot(y, outputs.shape[1])
    return (outputs.softmax(1) - wanted).square().mean()


_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": softmax_mse,
    "cross_entropy": functional.cross_entropy,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train at each batch size and seed that the file lacks; the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    given = parser.parse_args(arguments)
    kept = {"out", "batch_sizes", "seeds"}
    settings = {k: v for k, v in vars(given).items() if k not in kept}
    since = time.perf_counter()
    try:
        _check(given)
        images = _images(given)
        runs, before = _earlier(given.out, settings)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    done = {(run["batch_size"], run["seed"]) for run in runs}
    asked = [(size, seed) for seed in given.seeds for size in given.batch_sizes]
    for size, seed in tqdm([one for one in asked if one not in done], leave=False):
        runs.append(_run(given, images, size, seed))
        run = stored_runs.record(
            [*_PROGRAM.split(), *arguments],
            seed=sorted({one["seed"] for one in runs}),
            since=since - before,
            device=given.device,
        )
        found = {"settings": settings, "runs": runs}
        stored_runs.write(given.out, run, found, _text)
    print(f"{given.out}: {len(runs)} trainings")
    return 0


def _run(
    given: argparse.Namespace, images: data.Dataset, batch_size: int, seed: int
) -> dict[str, Any]:
    """Train once; the spectra, accuracies, losses and seconds."""
    start = time.perf_counter(), time.process_time()
    net = mini_alexnet(seed).to(given.device)
    losses = _fit(net, images, given, batch_size, seed)
    _measure_statistics(net, images.x_train, given)
    spectra = {k: spectrum(net.get_parameter(v)) for k, v in LAYERS.items()}
    found = {
        "batch_size": batch_size,
        "seed": seed,
        "train_accuracy": _accuracy(net, images.x_train, images.y_train, given),
        "test_accuracy": _accuracy(net, images.x_test, images.y_test, given),
        "losses": [_short(loss) for loss in losses],
        "seconds": _short(time.perf_counter() - start[0]),
        "processor_seconds": _short(time.process_time() - start[1]),
    }
    tqdm.write(" ".join(f"{name} {value}" for name, value in found.items()))
    return found | {k: [_short(x) for x in v] for k, v in spectra.items()}


def _fit(
    net: nn.Sequential,
    images: data.Dataset,
    given: argparse.Namespace,
    batch_size: int,
    seed: int,
) -> list[float]:
    """Train in place; the mean loss of each epoch, over its steps.

    Raises:
        DivergedError: the loss is no longer finite.
    """
    sgd = torch.optim.SGD(net.parameters(), _LR, _MOMENTUM, fused=True)
    order = torch.Generator().manual_seed(seed)
    n, losses = len(images.x_train), list[float]()
    for epoch in range(1, given.epochs + 1):
        total = torch.zeros((), device=given.device)
        for batch in torch.randperm(n, generator=order).split(batch_size):
            x, y = images.x_train[batch], images.y_train[batch]
            outputs = _outputs(net, x, given)
            loss = _LOSSES[given.loss](outputs, y.to(given.device))
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            total += loss.detach() * len(batch)
        losses.append(total.item() / n)
        if not math.isfinite(losses[-1]):
            raise DivergedError(f"batch size {batch_size}: loss in epoch {epoch}")
    return losses


def _outputs(net: nn.Sequential, x: Tensor, given: argparse.Namespace) -> Tensor:
    """Return the outputs [n, 10] in float32, computed in the dtype asked for."""
    dtype, kind = _DTYPES[given.dtype], torch.device(given.device).type
    with torch.autocast(kind, dtype, enabled=dtype is not torch.float32):
        outputs: Tensor = net(x.to(given.device, memory_format=torch.channels_last))
    return outputs.float()


@torch.no_grad()
def _measure_statistics(
    net: nn.Sequential, x: Tensor, given: argparse.Namespace
) -> None:
    """Set the statistics of batch norm to the mean over all images.

    A running mean would remember a number of steps, which is another share of the
    images at each batch size.
    """
    for layer in net:
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a mean over what comes, each part with one weight
    for part in x.split(_CHUNK):
        _outputs(net, part, given)
    net.eval()


@torch.no_grad()
def _accuracy(
    net: nn.Sequential, x: Tensor, y: Tensor, given: argparse.Namespace
) -> float:
    parts = [_outputs(net, part, given).argmax(1).cpu() for part in x.split(_CHUNK)]
    return _short((torch.cat(parts) == y).double().mean().item())


def _images(given: argparse.Namespace) -> data.Dataset:
    """Return CIFAR-10 as the network sees it."""
    read = data.load("cifar10", n_train=given.images, n_test=given.test_images)
    parts = prepared(read.x_train), read.y_train, prepared(read.x_test), read.y_test
    return data.Dataset(read.name, *parts, read.n_classes)


def _check(given: argparse.Namespace) -> None:
    check_count("epochs", given.epochs)
    for size in given.batch_sizes:
        check_count("batch size", size)
        if given.images is not None and size > given.images:
            raise ValueError(f"batch size must be at most {given.images}, got {size}")


def _earlier(out: Path, settings: dict[str, Any]) -> tuple[list[dict[str, Any]], float]:
    """Return the trainings that an interrupted call of today's code left, and seconds.

    Raises:
        ValueError: the file holds trainings with other settings.
    """
    if not out.exists():
        return [], 0.0
    stored = stored_runs.read(out)
    if stored["settings"] != settings:
        raise ValueError(f"{out} holds a run with other settings: {stored['settings']}")
    if stored["run"]["code"] != stored_runs.code_hash([_MODULE]):
        return [], 0.0
    return stored["runs"], stored["run"]["seconds"] or 0.0


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _text(found: dict[str, Any]) -> str:
    """Return JSON with each list of numbers on one line."""
    text = json.dumps(found, indent=1)
    return re.sub(r"\[[^][{}]*\]", lambda part: " ".join(part[0].split()), text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    add = parser.add_argument
    add("--images", type=int, help="training images; all if left out")
    add("--test-images", type=int, help="all if left out")
    add("--epochs", type=int, default=100)
    add("--batch-sizes", type=int, nargs="+", default=_THEIRS, help="in this order")
    add("--seeds", type=int, nargs="+", default=[0], help="one after another")
    add("--loss", default="mse", choices=_LOSSES)
    add("--dtype", default="float32", choices=_DTYPES, help="of products; weights stay")
    add("--device", default="cpu")
    add("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
