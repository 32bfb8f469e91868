"""Weights in files: one file, a folder, the shards of an index (chapter 9)."""

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from helpers.heavy_tails.safetensors_file import safetensors_weights
from helpers.heavy_tails.weights import (
    Weight,
    flat_tensors,
    nothing,
    tensor_weights,
)

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
"""How the names of files with weights end."""

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how torch's files begin


def torch_weights(path: Path) -> list[Weight]:
    """Return the weights of a file that torch saved, mapped from disk where it can be.

    Nothing in the file is run: `weights_only=True`.

    Raises:
        ValueError: no such file, or one that holds more than tensors and plain objects.
    """
    start = _start(path)
    if not start.startswith((_ZIP, _PICKLE)):
        raise ValueError(f"{path} is no file of torch: it begins with {start!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(
                path, weights_only=True, map_location="cpu", mmap=start == _ZIP
            )
    except Exception as error:  # a broken file may fail anywhere
        told = str(error).strip().partition("\n")[0][:200]
        raise ValueError(
            f"{path} cannot be read with weights_only=True (a state dict can, a whole "
            f"module cannot): {type(error).__name__}: {told}"
        ) from None
    return tensor_weights(flat_tensors(state))


def file_weights(path: Path) -> list[Weight]:
    """Return the weights of one file; what is wrong with the file is one of them."""
    try:
        if path.suffix == ".safetensors":
            return safetensors_weights(path)
        return torch_weights(path)
    except (OSError, ValueError) as error:
        told = str(error).removeprefix(f"{path} ")
        return [nothing(path.name, f"file: {told}")]


def is_path_file(path: Path) -> bool:
    """Whether a .pth file is one of Python's own, a list of folders to import from."""
    return path.suffix == ".pth" and not _start(path).startswith((_ZIP, _PICKLE))


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_ZIP))


def path_files(path: Path) -> list[Path]:
    """Return the weight files of a path: itself, those in a folder, or of an index.

    A folder is searched with all below it. Python's own .pth files are left out, and
    .bin files where .safetensors files lie beside them: those hold the same again.

    Raises:
        FileNotFoundError: no such path.
        ValueError: a file of another kind, or an index that cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(f"path must be a file or folder, got {path}")
    if path.suffix == ".json":
        return sorted(path.parent / name for name in set(read_index(path).values()))
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise ValueError(
                f"path must end in {', '.join(SUFFIXES)} or .json, got {path}"
            )
        return [path]
    found = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
    safe = {one.parent for one in found if one.suffix == ".safetensors"}
    twice = [one for one in found if one.suffix == ".bin" and one.parent in safe]
    return [
        one
        for one in found
        if one.is_file() and one not in twice and not is_path_file(one)
    ]


def path_weights(path: Path) -> Iterator[Weight]:
    """Yield the weights of all files of a path, file by file.

    Names are those in the file; where several files do not belong to one index, each
    has its file before it, as `file_keys` says. A shard that an index names and that
    is missing is a problem.

    Raises:
        FileNotFoundError: as in `path_files`.
        ValueError: as in `path_files`.
    """
    files = path_files(path)
    folder = path if path.is_dir() else path.parent
    indexes = sorted(folder.rglob("*.index.json")) if path.is_dir() else []
    indexes += [path] if path.suffix == ".json" else []
    mapped = dict[Path, str]()
    for index in indexes:
        try:
            yield from _missing(index, mapped)
        except ValueError as error:
            yield nothing(index.name, f"file: {error}")
    keys = file_keys([file.relative_to(folder) for file in files])
    for file, key in zip(files, keys, strict=True):
        whole = len(files) == 1 or (len(indexes) == 1 and file in mapped)
        for weight in file_weights(file) if file.exists() else []:
            yield weight if whole else replace(weight, name=f"{key}/{weight.name}")


def file_keys(paths: Sequence[Path]) -> list[str]:
    """Return a short key of each file: its name without ending.

    Where that comes twice, its path without ending; where that comes twice, its path.
    """
    tries = (lambda p: p.stem, lambda p: p.with_suffix("").as_posix(), Path.as_posix)
    made = [[key(path) for path in paths] for key in tries]
    return [
        next((key for key, all_ in zip(keys, made, strict=True)
              if all_.count(key) == 1), keys[-1])
        for keys in zip(*made, strict=True)
    ]  # fmt: skip


def read_index(path: Path) -> dict[str, str]:
    """Return which shard holds each weight, or raise ValueError."""
    try:
        index: Any = json.loads(path.read_text(encoding="utf-8"))
        shards = dict(index["weight_map"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no index with a weight_map: {error!r}") from None
    for name in shards.values():
        if not isinstance(name, str) or Path(name).name != name:
            raise ValueError(f"{path} names {name!r}, which is no file beside it")
        if not name.endswith(SUFFIXES):
            raise ValueError(f"{path} names {name!r}: not {', '.join(SUFFIXES)}")
    return shards


def _missing(index: Path, mapped: dict[Path, str]) -> Iterator[Weight]:
    """Yield what an index names and its shards do not hold; note the shards."""
    shards = read_index(index)
    for file in sorted(set(shards.values())):
        mapped[index.parent / file] = index.name
        if not (index.parent / file).exists():
            yield nothing(file, f"file: named by {index.name}, missing")
