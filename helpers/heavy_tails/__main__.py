"""The command of chapter 9: the layers of the networks inside installed packages."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from helpers import stored_runs
from helpers.heavy_tails import pretrained
from helpers.heavy_tails.phases import phase
from helpers.heavy_tails.power_law import bootstrap_power_law
from helpers.heavy_tails.random_layers import shuffled
from helpers.heavy_tails.reports import report_of
from helpers.heavy_tails.spectra import layer_matrices, spectrum

_LEAST = 100  # eigenvalues a spectrum must have to be worth a row
_DRAWS = 100  # of the bootstraps behind the error of alpha and behind p


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of the layers of packages; with --store keep it."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.heavy_tails",
        description="Spectra of the trained networks inside installed packages.",
    )
    parser.add_argument("--package", action="append", required=True, metavar="NAME")
    parser.add_argument("--spectrum", action="append", default=[], metavar="LAYER",
                        help="a layer whose eigenvalues are stored too")  # fmt: skip
    parser.add_argument("--store", action="store_true", help="write the stored table")
    options = parser.parse_args(arguments)
    since = time.perf_counter()
    rows, spectra = [], {}
    for package in options.package:
        for row, eigenvalues in _rows(package):
            rows.append(row)
            tqdm.write(_line(row))
            if row["layer"] in options.spectrum:
                spectra[row["layer"]] = [float(f"{x:.8g}") for x in eigenvalues]
    missing = set(options.spectrum) - set(spectra)
    if missing:
        parser.error(f"no layer {', '.join(sorted(missing))}")
    if options.store:
        run = stored_runs.record(
            _command(options),
            seed=0,
            since=since,
        )
        made = {"layers": rows, "spectra": spectra}
        path = Path(str(pretrained.STORED))
        stored_runs.write(path, run, made, partial(json.dumps, indent=1))


def _rows(package: str) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
    """Yield a row and the spectrum of every matrix that is large enough."""
    weights = pretrained.pretrained_weights(package)
    version = distribution(package).version
    layers = {name: layer_matrices(weight)[0] for name, weight in weights.items()}
    large = {name: w for name, w in layers.items() if w.shape[1] >= _LEAST}
    for name, w in tqdm(large.items(), package, leave=False):
        x = spectrum(w)
        report = report_of(x, *w.shape, n_draws=_DRAWS)
        yield (
            {
                "package": package,
                "version": version,
                "layer": name,
                "phase": phase(report).name,
                **asdict(report),
                "alpha_error": float(
                    bootstrap_power_law(x, n_draws=_DRAWS, seed=0).std(ddof=1)
                ),
                "entry_sigma": float(w.std() * w.shape[0] ** 0.5),
                "mean_outlier": float(w.size * w.mean() ** 2),
                "shuffled_max": float(spectrum(shuffled(w, centre=False, seed=0))[-1]),
                "centred_max": float(spectrum(shuffled(w, seed=0))[-1]),
            },
            x,
        )


def _line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['layer']:60} {row['n']:>6} x {row['m']:<5} "
        f"alpha {row['alpha']:.4f} +- {row['alpha_error']:.2f}  D {row['ks']:.4f}  "
        f"p {row['p']:.2f}  n_tail {row['n_tail']:<4} "
        f"soft rank {row['soft_rank']:.4f}  {row['phase']}"
    )


def _command(options: argparse.Namespace) -> list[str]:
    command = ["python", "-m", "helpers.heavy_tails"]
    for name in options.package:
        command += ["--package", name]
    for name in options.spectrum:
        command += ["--spectrum", name]
    return [*command, "--store"]


if __name__ == "__main__":
    main()
