"""The command of chapter 8: many noisy networks of four kinds, stored as JSON."""

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from helpers import information_flow as inf

_WIDTHS = [12, 10, 7, 5, 4, 3, 2]
_LAYER = 5
_CHECKPOINTS = [0, 20, 300]
_KINDS: dict[str, tuple[str | nn.Module, float]] = {
    "plain": ("tanh", 0.0),
    "orthonormal": ("tanh", 0.01),
    "relu": ("relu", 0.0),
    "linear": (nn.Identity(), 0.0),
}
"""Kind -> its activation, and the penalty of its training."""

Scores = dict[str, NDArray[np.float64]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the networks of the kinds asked for and write what was measured."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    command = shlex.join(["python", "-m", "helpers.information_flow", *arguments])
    machine = f"{os.cpu_count()} CPU cores, Python {platform.python_version()}"
    x, y = inf.szt_dataset()
    ends = [end for end in _CHECKPOINTS if end < options.epochs] + [options.epochs]
    found: dict[str, list[Scores]] = {kind: [] for kind in options.kinds}
    for seed in tqdm(range(options.seeds), "seeds"):
        for kind in options.kinds:
            found[kind].append(_scores(kind, x, y, ends, options, seed))
    made = {
        "source": f"{datetime.date.today()}, {machine}: {command}",
        "epoch": ends,
        "kinds": {kind: _joined(scores) for kind, scores in found.items()},
    }
    options.out.write_text(json.dumps(made) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.information_flow", description=__doc__
    )
    add = parser.add_argument
    add("--kinds", nargs="+", choices=list(_KINDS), default=list(_KINDS))
    add("--seeds", type=int, default=10, help="of data, order and noise: 0, 1, ...")
    add("--networks", type=int, default=8, help="of each kind for a seed")
    add("--epochs", type=int, default=_CHECKPOINTS[-1])
    add("--beta", type=float, default=0.01, help="standard deviation of the noise")
    add("--draws", type=int, default=1024, help="noisy passes for an information")
    add("--out", type=Path, required=True)
    return parser


def _scores(
    kind: str,
    x: Tensor,
    y: Tensor,
    ends: Sequence[int],
    options: argparse.Namespace,
    seed: int,
) -> Scores:
    """Train the networks of one kind for one seed; tables [networks, checkpoints].

    Kinds start from the same weights, see the same batches and draw the same noise.
    """
    activation, penalty = _KINDS[kind]
    nets = [
        inf.NoisyMLP(_WIDTHS, options.beta, activation, seed=100 * seed + i)
        for i in range(options.networks)
    ]
    trained = inf.train_together(
        nets, x, y, penalties=[penalty] * len(nets), checkpoints=ends, lr=5e-3,
        batch_size=512, seed=seed, progress=False,
    )  # fmt: skip
    mutual_information = partial(
        inf.mutual_information, x=x, layer=_LAYER, draws=options.draws, seed=seed
    )
    found = {
        "information": [
            [mutual_information(net).value for net in one] for one in trained.networks
        ],
        "gap": [
            [
                inf.linearization_gap(
                    one[-1], x, _LAYER, n_inputs=32, n_inner=256, seed=seed
                ).value
            ]
            for one in trained.networks
        ],
    }
    names = ("loss", "test_loss", "accuracy", "test_accuracy")
    return {name: np.array(table) for name, table in found.items()} | {
        name: getattr(trained, name).astype(float) for name in names
    }


def _joined(scores: Sequence[Scores]) -> dict[str, Any]:
    """The tables of all seeds, one row a network, to five digits."""
    return {
        name: [
            [float(f"{value:.5g}") for value in row] for one in scores
            for row in one[name]
        ]
        for name in scores[0]
    }  # fmt: skip


if __name__ == "__main__":
    main()
