"""The command of chapter 6: nine ways down from where gradient descent ended."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from helpers import data, networks, stored_runs
from helpers import sgd_noise as sn

_PROGRAM = "python -m helpers.sgd_noise"
_DIGITS = 5  # significant digits of a stored number
_HIDDEN = 16


def main(arguments: Sequence[str]) -> int:
    """Run all dynamics as the arguments say and write the results; the exit status."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    since = time.perf_counter()
    found = nine_ways(given)
    run = stored_runs.record(
        [*_PROGRAM.split(), *arguments],
        seed=given.seed,
        since=since,
    )
    stored_runs.write(given.out, run, found)
    print(f"wrote {given.out}")
    return 0


def nine_ways(given: argparse.Namespace) -> dict[str, Any]:
    """Descend to the start, then go on from there under every noise.

    Returns:
        `start` and `ends[noise]`: what `look` found, network by network; `along`, by
        noise, "start" for the descent to it: its mean over the networks, and `step`;
        `indicator`: the same for Tr(H Sigma), Tr(H Sigmabar) and the alignment on the
        way to the start and then under sgd.
    """
    sets = [_digits(given, number) for number in range(given.nets)]
    x = torch.stack([one.x_train for one in sets])
    y = torch.stack([one.y_train for one in sets])
    shape = [x.shape[-1], _HIDDEN, 10]
    nets = [
        networks.mlp(shape, seed=number, dtype=torch.float32)
        for number in range(given.nets)
    ]
    options = {"lr": given.lr, "seed": given.seed, "watch_every": given.every}
    log = _Log(sets, given.batch_size)
    starts = sn.dynamics(
        nets, x, y, "gd", steps=given.gd_steps, watch=log.start(nets), **options
    ).networks
    start, ends = log.latest, {}
    options |= {"steps": given.steps, "batch_size": given.batch_size, "refresh": 50}
    for noise in sn.NOISES:
        sn.dynamics(starts, x, y, noise, watch=log.follow(noise), **options)
        ends[noise] = log.latest
    return {"start": start, "ends": ends, "along": log.along, "indicator": log.meets}


class _Log:
    """What was seen along the ways, and network by network at the latest place."""

    def __init__(self, sets: Sequence[data.Dataset], batch_size: int) -> None:
        self.sets, self.batch_size = sets, batch_size
        self.along: dict[str, dict[str, list[float]]] = {}
        self.meets: dict[str, list[float]] = {}
        self.latest: dict[str, list[float]] = {}
        self.begun = 0  # steps of the descent to the start

    def start(self, nets: Sequence[nn.Sequential]) -> Any:
        """Look at the networks as they are drawn, then follow them to the start."""
        self._see("start", 0, nets)
        return lambda step, nets: self._see("start", step, nets)

    def follow(self, noise: str) -> Any:
        """Return the watcher of one noise."""
        return lambda step, nets: self._see(noise, self.begun + step, nets)

    def _see(self, way: str, step: int, nets: Sequence[nn.Sequential]) -> None:
        found = sn.look(nets, self.sets, seed=0)
        self.latest = {name: _rounded(values) for name, values in found.items()}
        means = {"step": step} | {n: _mean(values) for n, values in found.items()}
        _append(self.along.setdefault(way, {}), means)
        if way == "start":
            self.begun = step
        if way in ("start", "sgd"):
            _append(self.meets, {"step": step} | self._indicator(nets))

    def _indicator(self, nets: Sequence[nn.Sequential]) -> dict[str, float]:
        pairs = []
        for net, one in zip(nets, self.sets, strict=True):
            own = net, one.x_train, one.y_train
            noise = sn.GradientNoise(*own, self.batch_size, replace=False)
            pairs.append(sn.escape_indicator(sn.HessianOperator(*own), noise, k=1))
        names = ("indicator", "isotropic", "alignment", "ratio")
        return {name: _mean([getattr(p, name) for p in pairs]) for name in names}


def _append(columns: dict[str, list[float]], row: dict[str, float]) -> None:
    for name, value in row.items():
        columns.setdefault(name, []).append(value)


def _digits(given: argparse.Namespace, number: int) -> data.Dataset:
    """Return digits of their own for a network, some labels redrawn."""
    images = data.load("digits", n_train=given.n_train, seed=number).flatten()
    return data.random_labels(images, number, fraction=given.wrong_labels)


def _mean(values: Any) -> float:
    return _rounded([np.mean(values)])[0]


def _rounded(values: Any) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--nets", type=int, default=24, help="networks, each with its own digits")
    add("--n-train", type=int, default=400, help="training images of each")
    add("--wrong-labels", type=float, default=0.2, help="share of labels redrawn")
    add("--gd-steps", type=int, default=8000, help="descent to the start")
    add("--steps", type=int, default=4000, help="of each dynamics from there")
    add("--every", type=int, default=500, help="steps between two looks")
    add("--lr", type=float, default=0.2)
    add("--batch-size", type=int, default=20)
    add("--seed", type=int, default=0, help="of batches and noise")
    add("--threads", type=int, default=1)
    add("--out", type=Path, default=Path("nine_ways.json"))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
