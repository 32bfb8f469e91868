"""The command of chapter 7: one run, on one device or several, written as JSON."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

from helpers import data, stored_runs
from helpers import greedy_layerwise as gl
from helpers.greedy_layerwise.joint_batch import n_processes, rank

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_METHODS = ["greedy", "parallel", "end_to_end", "random"]
_PROGRAM = "python -m helpers.greedy_layerwise"


def main(arguments: Sequence[str]) -> int:
    """Train as the arguments say and write the results; the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    since = time.perf_counter()
    torch.set_num_threads(given.threads)
    _join(given)
    try:
        found = results(given)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    finally:
        processes = n_processes()
        first = rank() == 0
        if distributed.is_initialized():
            distributed.destroy_process_group()
    if first:
        run = stored_runs.record(
            [*_launcher(processes), *arguments],
            ["helpers.greedy_layerwise.__main__"],
            seed=given.seed,
            since=since,
            device=given.device,
        )
        dumps = partial(json.dumps, indent=1, default=str)
        stored_runs.write(given.out, run, found, dumps)
        print(f"wrote {given.out}")
    return 0


def results(given: argparse.Namespace) -> dict[str, Any]:
    """Do one run: its curves, accuracies, seconds, arguments."""
    dataset = data.load(
        given.data, n_train=given.n_train, n_test=given.n_test, seed=given.seed
    )
    start = time.perf_counter(), time.process_time()
    history = _train(given, dataset)
    taken = time.perf_counter() - start[0], time.process_time() - start[1]
    network, records = history.network, [asdict(one) for one in history.records]
    return {
        "arguments": dict(vars(given)),
        "layers": [{k: v.tolist() for k, v in one.items()} for one in records],
        "kept": list(history.kept),
        "loss": history.loss.tolist(),
        "accuracy": history.accuracy.tolist(),
        "test_accuracy": history.test_accuracy.tolist(),
        "ensemble_test_accuracy": _ensemble(given, network, dataset),
        "linear_separability": _separability(given, network, dataset),
        "seconds": taken[0],
        "processor_seconds": taken[1],
        "seconds_in_steps": history.seconds.tolist(),
        "cost": _cost(given, dataset),
    }


def _train(given: argparse.Namespace, dataset: data.Dataset) -> gl.GreedyHistory:
    if given.method == "random":
        return gl.GreedyHistory(_untrained(given, dataset), (), ())
    fields = ("epochs", "batch_size", "lr", "momentum", "weight_decay")
    options = {
        "recipe": gl.Recipe(**{name: getattr(given, name) for name in fields}),
        "keep": given.keep,
        "augment": gl.crop_and_flip if given.augment else None,
        "record_every": given.record_every,
        "dtype": _DTYPES[given.dtype],
        "device": given.device,
        "seed": given.seed,
        "batch_norm": given.batch_norm,
        **_shapes(given),
    }
    size = dataset, given.depth, given.width, given.k
    if given.method == "end_to_end":
        return gl.train_end_to_end(*size, **options)
    return gl.train_greedy(
        *size,
        start=given.start,
        parallel=given.method == "parallel",
        cache_bytes=int(given.cache_gb * 2**30),
        checkpoint=given.checkpoint,
        **options,
    )


def _untrained(given: argparse.Namespace, dataset: data.Dataset) -> gl.GreedyNetwork:
    """Return the network at its start: the control of `--probe`."""
    network = gl.GreedyNetwork(**_architecture(given, dataset), seed=given.seed)
    network.standardize.measure(dataset.x_train)
    return network.to(given.device)


def _ensemble(
    given: argparse.Namespace, network: gl.GreedyNetwork, dataset: data.Dataset
) -> float | None:
    if given.method in ("end_to_end", "random"):
        return None
    logits = gl.layer_ensemble(network, dataset.x_test).cpu()
    return (logits.argmax(1) == dataset.y_test).float().mean().item()


def _separability(
    given: argparse.Namespace, network: gl.GreedyNetwork, dataset: data.Dataset
) -> list[dict[str, float]] | None:
    """Return train and test accuracy of a linear classifier of each layer."""
    if not given.probe or rank():
        return None
    x, y = dataset.x_train[: given.probe], dataset.y_train[: given.probe]

    def averaged(images: Tensor, layer: int) -> Tensor:
        parts = (network.features(part, layer) for part in images.split(1000))
        pool = torch.nn.functional.adaptive_avg_pool2d
        return torch.cat([pool(part, 2).flatten(1).cpu() for part in parts])

    found = (
        gl.linear_separability(
            averaged(x, layer), y, averaged(dataset.x_test, layer), dataset.y_test
        )
        for layer in range(network.depth + 1)
    )
    return [asdict(one) for one in found]


def _cost(given: argparse.Namespace, dataset: data.Dataset) -> dict[str, int] | None:
    """Return operations of the training and kept numbers, per training image."""
    way = given.method
    if way == "random":
        return None
    if way == "greedy":
        way = "sequential" if given.augment else "cached"
    counted = gl.cost(**_architecture(given, dataset))
    return {"flops": counted.flops(way, given.epochs), "floats": counted.floats(way)}


def _architecture(given: argparse.Namespace, dataset: data.Dataset) -> dict[str, Any]:
    """Return what `GreedyNetwork` and `cost` ask for."""
    names = ("depth", "width", "k", "batch_norm")
    return {
        "image_shape": dataset.x_train.shape[1:],
        "n_classes": dataset.n_classes,
        **{name: vars(given)[name] for name in names},
        **_shapes(given),
    }


def _shapes(given: argparse.Namespace) -> dict[str, Any]:
    return {
        name: vars(given)[name] for name in ("downsample", "head_width", "head_pool")
    }


def _join(given: argparse.Namespace) -> None:
    """Join the processes that torchrun has started, if it did."""
    if not distributed.is_torchelastic_launched():
        return
    cuda = given.device.startswith("cuda")
    if cuda:
        given.device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(given.device)
    distributed.init_process_group("nccl" if cuda else "gloo")


def _launcher(processes: int) -> list[str]:
    """Return the words that start so many processes."""
    if processes == 1:
        return _PROGRAM.split()
    return ["torchrun", "--nproc-per-node", str(processes), *_PROGRAM.split()[1:]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    cuda = torch.cuda.is_available()
    recipe = gl.Recipe(epochs=50, batch_size=128)
    add = parser.add_argument
    add("--data", default="digits", choices=data.NAMES)
    add("--n-train", type=int, help="training images, by default all")
    add("--n-test", type=int, help="test images, by default all")
    add("--method", default="greedy", choices=_METHODS, help="random: no training")
    add("--k", type=int, default=1, help="hidden layers of an auxiliary problem")
    add("--depth", type=int, default=4, help="number of layers")
    add("--width", type=int, default=128, help="channels of the first layer")
    add("--head-width", type=int, help="channels of the first head, by default width")
    add("--head-pool", type=int, default=1, help="average before the head's layers")
    add("--downsample", type=int, nargs="*", default=[2], help="layers that halve")
    add("--batch-norm", action=argparse.BooleanOptionalAction, help="default: if k > 1")
    add("--start", default="random", choices=["random", "identity"])
    add("--keep", default="last", choices=["last", "best"])
    add("--augment", action="store_true", help="crop and flip the training images")
    add("--epochs", type=int, default=recipe.epochs, help="for each problem")
    add("--batch-size", type=int, default=recipe.batch_size)
    add("--lr", type=float, default=recipe.lr)
    add("--momentum", type=float, default=recipe.momentum)
    add("--weight-decay", type=float, default=recipe.weight_decay)
    add("--seed", type=int, default=0)
    add("--dtype", default="float32", choices=_DTYPES)
    add("--device", default="cuda" if cuda else "cpu")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--cache-gb", type=float, default=1.0, help="features to keep, at most")
    add("--checkpoint", type=Path, help="file of the finished layers, to go on from")
    add("--record-every", type=int, default=1, help="epochs between measurements")
    add("--probe", type=int, default=0, help="images for linear separability")
    add("--out", type=Path, default=Path("greedy_layerwise.json"))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
