"""Weights in a .safetensors file, mapped from disk one by one.

Eight bytes hold the length of a JSON header, least first; the header names dtype, shape
and place of each tensor in the bytes that follow: the format of the public description
at github.com/huggingface/safetensors.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.heavy_tails.weights import Weight, scale_problem

_LENGTH = 8  # bytes of the length
_LONGEST = 100_000_000  # bytes of a header, by the description
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
}
_SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4,
    "I64": 8, "U64": 8, "C64": 8,
} | {name: dtype.itemsize for name, dtype in _DTYPES.items()}  # fmt: skip


def safetensors_weights(path: Path) -> list[Weight]:
    """Return the tensors of 2 dimensions or more, in the order of the header.

    What is wrong with one tensor (place beyond the end or overlapping, size, dtype) is
    its `problem`; the others can be read.

    Raises:
        ValueError: a file without a header that can be read.
    """
    header, start = _header(path)
    size = path.stat().st_size - start
    problems = {name: _problem(entry, size) for name, entry in header.items()}
    problems |= _overlaps({k: e for k, e in header.items() if not problems[k]})
    found = []
    for name, entry in header.items():
        shape, code = _said(entry)
        if shape is not None and len(shape) < 2 and not problems[name]:
            continue
        dtype = str(_DTYPES.get(code, code)).removeprefix("torch.")
        problem = problems[name] or scale_problem(name, dtype, header)
        read = _reader(path, start, entry)
        found.append(Weight(name, shape or (), dtype, read, problem))
    return found


def _said(entry: Any) -> tuple[tuple[int, ...] | None, str]:
    """Return shape and dtype as an entry has them, None and "" where it has none."""
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not isinstance(shape, list) or any(type(n) is not int for n in shape):
        return None, ""
    return tuple(shape), str(entry.get("dtype", ""))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the entries and where the tensors begin, or raise."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if size < _LENGTH or length > min(size - _LENGTH, _LONGEST):
            raise ValueError(
                f"{path} is not whole or no safetensors file: its header should take "
                f"{length} bytes of {size}"
            )
        text = file.read(length)
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} has a header that is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path} has a header that is no JSON object")
    header.pop("__metadata__", None)
    return header, _LENGTH + length


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _problem(entry: Any, size: int) -> str:
    """Return what is wrong with an entry of the header, or ""."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= {
        *entry
    }:
        return "header entry without dtype, shape and data_offsets"
    code, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    whole = [isinstance(part, list) and all(type(n) is int and n >= 0 for n in part)
             for part in (shape, place)]  # fmt: skip
    if not all(whole) or len(place) != 2 or place[0] > place[1]:
        return f"header entry with shape {shape} and data_offsets {place}"
    if not isinstance(code, str) or code not in _SIZES:
        return f"unknown dtype {code!r}"
    wanted = math.prod(shape) * _SIZES[code]
    if place[1] - place[0] != wanted:
        return f"{place[1] - place[0]} bytes where shape and dtype need {wanted}"
    if place[1] > size:
        return f"ends at byte {place[1]} of {size}: the file is not whole"
    if code not in _DTYPES and len(shape) >= 2:
        return f"holds {code}, codes without a scale; pass floating-point weights"
    return ""


def _overlaps(entries: dict[str, Any]) -> dict[str, str]:
    """Return a problem for every tensor that shares bytes with another."""
    places = sorted((*e["data_offsets"], name) for name, e in entries.items())
    places = [place for place in places if place[0] < place[1]]
    found, end, last = dict[str, str](), 0, ""
    for first, after, name in places:
        if first < end:
            found[name] = f"shares bytes with {last}"
            found.setdefault(last, f"shares bytes with {name}")
        if after > end:
            end, last = after, name
    return found


def _reader(path: Path, start: int, entry: Any) -> Callable[[], torch.Tensor]:
    def read() -> torch.Tensor:
        first, after = entry["data_offsets"]
        dtype = _DTYPES[entry["dtype"]]
        if first == after:
            return torch.empty(entry["shape"], dtype=dtype)
        # mode "c": torch wants memory that may be written, and the file stays as it is
        raw = np.memmap(path, np.uint8, "c", start + first, (after - first,))
        tensor = torch.frombuffer(raw, dtype=dtype)
        return tensor.reshape(entry["shape"])

    return read
