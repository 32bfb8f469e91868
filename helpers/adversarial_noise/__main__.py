"""Chapter 10 on a data set of choice: its command line, one file of results a run."""

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from helpers import data, stored_runs
from helpers.adversarial_noise.checkpoint import Checkpoint
from helpers.adversarial_noise.study import study

_DTYPE = "of training; the measurements are float32"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, run, write the results after every network."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    output, path = options.output, options.checkpoint
    del options.output, options.checkpoint
    checkpoint = Checkpoint(path, vars(options))
    since = time.perf_counter() - checkpoint.seconds
    if options.device != "cpu":
        torch.backends.cudnn.allow_tf32 = False  # full float32
        torch.backends.cudnn.deterministic = True
    models: list[dict[str, Any]] = []
    for model in study(options, checkpoint):
        models.append(model)
        run = stored_runs.record(
            ["python", "-m", "helpers.adversarial_noise", *arguments],
            seed=options.seed,
            since=since,
            device=options.device,
        )
        measured = {"settings": vars(options), "models": models}
        stored_runs.write(output, run, measured, _text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.adversarial_noise", description=__doc__
    )
    add = parser.add_argument
    add("--data", default="digits", choices=data.NAMES)
    add("--noise", type=float, nargs="*", default=[0.0, 0.1, 0.4])
    add("--radius", type=float, nargs="*", default=[], help="adversarial training")
    add("--steps", type=int, default=5, help="of its ascent")
    add("--radius-epochs", type=int, help="of it; as --epochs if left out")
    add("--train", type=int, help="training images; all if left out")
    add("--test", type=int, help="test images; all if left out")
    add("--network", default="plain", choices=["plain", "residual"])
    add("--width", type=int, default=16, help="channels of the first layer")
    add("--epochs", type=int, default=10)
    add("--batch-size", type=int, default=128)
    add("--lr", type=float, default=1e-3)
    add("--images", type=int, default=100, help="whose nearest error is sought")
    add("--draws", type=int, default=2000, help="of noise for an image")
    add("--few", type=int, default=10, help="images with noisy points, splitting")
    add("--points", type=int, default=50, help="noisy points of an image")
    add("--seed", type=int, default=0)
    add("--dtype", default="float32", choices=["float32", "bfloat16"], help=_DTYPE)
    add("--device", default="cpu")
    add("--checkpoint", type=Path, help="file of the networks so far, to go on from")
    add("--output", type=Path, required=True)
    return parser


def _text(results: dict[str, Any]) -> str:
    """Return the results as JSON, each list of numbers on one line."""
    text = json.dumps(results, indent=1)
    return (
        re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"
    )


if __name__ == "__main__":
    main()
