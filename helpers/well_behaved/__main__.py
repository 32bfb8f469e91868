"""The command of chapter 3: convolutional networks at the paper's size, one a time."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d
from tqdm import tqdm

from helpers import data, stored_runs
from helpers import well_behaved as wb

_ROOM = "helpers.well_behaved"
_PROGRAM = f"python -m {_ROOM}"
_DIGITS = 6  # significant digits of a stored number
_ARRAYS = ("log_chi", "rank", "noise_rank", "kurtosis", "mean_abs")


def main(arguments: Sequence[str]) -> int:
    """Run the draws that the file lacks, writing after each; the exit status."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    settings = {name: value for name, value in vars(given).items() if name != "out"}
    settings.pop("draws")
    since = time.perf_counter()
    found, before = _earlier(given.out, settings)
    images = standardized(data.load(given.data).x_train)
    todo = range(len(found), given.draws)
    for draw in tqdm(todo, "networks", leave=False):
        found.append(_one(given, images, given.seed + draw))
        run = stored_runs.record(
            [*_PROGRAM.split(), *arguments],
            seed=[*range(given.seed, given.seed + len(found))],
            since=since - before,
            device=given.device,
        )
        stored_runs.write(given.out, run, {"settings": settings, "draws": found})
    print(f"{given.out}: {len(found)} networks")
    return 0


def standardized(images: Tensor) -> Tensor:
    """Images of even sides at half the resolution, each channel of mean 0, variance 1.

    The paper's networks begin with a convolution of stride 2 instead, from 32 x 32 to
    16 x 16 pixels.

    Args:
        images: [M, channels, height, width].
    """
    halved = avg_pool2d(images, 2)
    dims = (0, 2, 3)
    centred = halved - halved.mean(dims, keepdim=True)
    return centred / centred.square().mean(dims, keepdim=True).sqrt()


def _one(given: argparse.Namespace, images: Tensor, seed: int) -> dict[str, Any]:
    """The moments of one network, by layer, at some digits."""
    made = wb.propagate(
        given.architecture,
        given.depth,
        given.width,
        images,
        n_draws=1,
        batch_size=given.batch_size,
        seed=seed,
        ranks=given.ranks,
        device=given.device,
    )
    columns = {name: getattr(made, name) for name in _ARRAYS}
    return {name: _numbers(c[0]) for name, c in columns.items() if c is not None}


def _numbers(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _earlier(out: Path, settings: dict[str, Any]) -> tuple[list[dict[str, Any]], float]:
    """The draws that an interrupted run of today's code left, and their seconds.

    Raises:
        ValueError: the file holds a run with other settings.
    """
    if not out.exists():
        return [], 0.0
    stored = stored_runs.read(out)
    if not stored["settings"].items() <= settings.items():
        raise ValueError(f"{out} holds a run with other settings: {stored['settings']}")
    if stored["run"]["code"] != stored_runs.code_hash([f"{_ROOM}.__main__"]):
        return [], 0.0
    return stored["draws"], stored["run"]["seconds"] or 0.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    add = parser.add_argument
    add("--architecture", default="batch_norm", choices=wb.ARCHITECTURES)
    add("--data", default="cifar10", choices=data.NAMES)
    add("--depth", type=int, default=200)
    add("--width", type=int, default=512)
    add("--batch-size", type=int, default=64)
    add("--draws", type=int, default=5, help="networks, each with its own batch")
    add("--seed", type=int, default=0, help="of the first; the next has the next")
    add("--ranks", action=argparse.BooleanOptionalAction, default=True)
    add("--device", default="cpu", help="as in cuda; its draws are not those of a CPU")
    add("--threads", type=int, default=1)
    add("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
