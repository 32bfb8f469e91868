"""The command of chapter 2: which weight scales train, at which depth.

python -m helpers.edge_of_chaos OUT.json

trains tanh networks at sigma_b = 0.2 on both sides of the edge of chaos, at several
depths and learning rates, five times each, and writes their test accuracies.
"""

import datetime
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np

from helpers import data
from helpers.edge_of_chaos import (
    Start,
    edge_of_chaos,
    final_accuracies,
    variance_fixed_point,
)
from helpers.sweeps import sweep

_SIGMA_B = 0.2
_BELOW = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.25)
_ABOVE = (1.35, 1.4, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0)
_DEPTHS = (10, 20, 40, 80)
_RATES = (0.003, 0.01, 0.03, 0.1)
_SEEDS = range(5)


def accuracies(seed: int, depth: int, sigma_w: float) -> np.ndarray:
    """Return the test accuracy at every learning rate, [n_rates]."""
    q = variance_fixed_point("tanh", sigma_w, _SIGMA_B)
    return final_accuracies(
        data.load("digits", seed=0),
        "tanh",
        [Start(sigma_w, _SIGMA_B, q)],
        depth=depth,
        width=64,
        rates=_RATES,
        epochs=10,
        batch_size=64,
        seeds=[seed],
    )[0, :, 0]


def main(arguments: list[str]) -> int:
    """Run the sweep and write it; the exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    scales = [*_BELOW, edge_of_chaos("tanh", _SIGMA_B).sigma_w, *_ABOVE]
    grid = {"depth": _DEPTHS, "sigma_w": scales}
    found = np.asarray(sweep(accuracies, grid, _SEEDS).values, dtype=np.float64)
    machine = f"{os.cpu_count()} CPU cores, Python {platform.python_version()}"
    command = "python -m helpers.edge_of_chaos " + arguments[0]
    stored = {
        "source": f"{datetime.date.today()}, {machine}: {command}",
        "depths": _DEPTHS,
        "sigma_w": scales,
        "sigma_b": _SIGMA_B,
        "rates": _RATES,
        "accuracy": np.round(found, 4).tolist(),
    }
    Path(arguments[0]).write_text(json.dumps(stored) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
