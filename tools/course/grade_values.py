"""What may come back from a submission: numbers, text, arrays, and lists of these.

A value crosses as JSON. Nothing that the submission has made is unpickled or run here:
an array is its type, its shape and its bytes; of anything else comes what it shows.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

MOST = 1_000_000  # values of an iterator
_DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}")
_SHOWN = 200  # characters


@dataclass(frozen=True)
class Shown:
    """A value of a kind that does not cross: only how it is shown does."""

    text: str

    def __repr__(self) -> str:
        return self.text


def encode(value: Any) -> dict[str, Any]:
    """A value as what JSON can hold; runs beside the submission's own code."""
    if value is ...:
        return {"is": "ellipsis"}
    if value is None or isinstance(value, bool | int | str):
        return {"is": "plain", "value": _plain(value)}
    if isinstance(value, torch.Tensor):
        return {**encode(value.detach().cpu().numpy()), "is": "tensor"}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        return _array(value)
    if isinstance(value, complex):
        return {"is": "complex", "value": [value.real.hex(), value.imag.hex()]}
    if isinstance(value, dict):
        return {"is": "dict", "value": [encode(list(pair)) for pair in value.items()]}
    if isinstance(value, list | tuple | set | frozenset | range | Iterator):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"is": kind, "value": [encode(one) for one in islice(value, MOST)]}
    if hasattr(value, "__float__") and not isinstance(value, np.ndarray):
        return {"is": "float", "value": float(value).hex()}
    return {"is": "shown", "value": repr(value)[:_SHOWN]}


def decode(coded: Any) -> Any:
    """The value that `encode` was given; runs beside the checks.

    Raises:
        ValueError: it is no work of `encode`.
    """
    try:
        return _decoded(coded["is"], coded.get("value"), coded)
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError("the answer cannot be read") from error


def _decoded(kind: str, value: Any, coded: dict[str, Any]) -> Any:
    if kind in ("array", "scalar", "tensor"):
        found = _bytes(coded)
        if kind == "tensor":
            return torch.from_numpy(found)
        return found if kind == "array" else found[()]
    if kind in ("list", "tuple"):
        parts = [decode(one) for one in value]
        return parts if kind == "list" else tuple(parts)
    readers: dict[str, Callable[[Any], Any]] = {
        "ellipsis": lambda _: ...,
        "plain": _checked,
        "float": float.fromhex,
        "complex": lambda parts: complex(*map(float.fromhex, parts)),
        "dict": lambda pairs: dict(map(decode, pairs)),
        "shown": lambda text: Shown(str(text)[:_SHOWN]),
    }
    return readers[kind](value)


def _plain(value: Any) -> Any:
    """An own class of a number or text crosses as the number or text that it is."""
    for kind in (bool, int, str):
        if isinstance(value, kind):
            return kind(value)
    return None


def _checked(value: Any) -> Any:
    if not (value is None or isinstance(value, bool | int | str)):
        raise ValueError(f"{type(value).__name__} is not plain")
    return value


def _array(value: np.ndarray | np.generic) -> dict[str, Any]:
    array = np.asarray(value)
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"is": kind, "type": array.dtype.str, "shape": array.shape, "value": data}


def _bytes(coded: dict[str, Any]) -> np.ndarray:
    """The array of these bytes; never larger than what came."""
    if not _DTYPE.fullmatch(coded["type"]):
        raise ValueError(f"type {coded['type']!r} does not cross")
    shape = tuple(map(int, coded["shape"]))
    data = base64.b64decode(coded["value"], validate=True)
    dtype = np.dtype(coded["type"])
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{len(data)} bytes are no array of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape).copy()
