"""What the functions of the chapter accept: data, matrices, numbers in range."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Array = NDArray[np.float64]


def read_data(x: Tensor, y: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in the dtype of `like`, or raise unless they are finite and match."""
    x = torch.as_tensor(x).to(like)
    y = torch.as_tensor(y)
    y = y.to(like) if y.is_floating_point() else y
    if x.ndim < 2 or x.shape[-2] == 0 or y.shape[: x.ndim - 1] != x.shape[:-1]:
        raise ValueError(
            "x must be [n, n_in] and y start with the same n >= 1, "
            f"got {list(x.shape)} and {list(y.shape)}"
        )
    if not all(map(math.isfinite, torch.aminmax(x))):
        raise ValueError("x must be finite, got NaN or infinity")
    return x, y


def read_symmetric(name: str, matrix: ArrayLike) -> Array:
    """Return a finite symmetric matrix, or raise."""
    array = np.asarray(matrix, float)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be [D, D], got shape {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if not np.allclose(array, array.T, rtol=0, atol=1e-8 * np.abs(array).max()):
        raise ValueError(f"{name} must be symmetric")
    return array


def check_batch(batch_size: int, n: int) -> None:
    """Raise unless the batch size is in 1..n."""
    if not (isinstance(batch_size, int) and 1 <= batch_size <= n):
        raise ValueError(f"batch_size must be in 1..{n}, got {batch_size!r}")


def check_positive(name: str, value: float) -> None:
    """Raise unless the value is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
