"""What arguments have to satisfy."""

import math
from numbers import Integral, Real

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.arrays import read_numbers


def read_rows(name: str, rows: ArrayLike, columns: int | None = None) -> Tensor:
    """Return finite float64 rows [n, columns] on their own device, or raise."""
    given = rows if isinstance(rows, Tensor) else read_numbers(name, rows)
    if isinstance(given, Tensor) and given.is_complex():
        raise TypeError(f"{name} must be numbers [n, d], real, got {given.dtype}")
    read = torch.as_tensor(given, dtype=torch.float64).detach()
    if read.ndim != 2 or 0 in read.shape or columns not in (None, read.shape[1]):
        raise ValueError(
            f"{name} must be [n, {columns or 'd'}] with n >= 1, "
            f"got shape {list(read.shape)}"
        )
    if not torch.isfinite(read).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return read


def read_labels(name: str, labels: ArrayLike, n: int, device: torch.device) -> Tensor:
    """Return n integer labels, or raise; any integers, as many as there are classes."""
    try:
        read = torch.as_tensor(labels, device=device).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be integers [{n}]: {error}") from None
    if read.shape != (n,):
        raise ValueError(f"{name} must be [{n}], got shape {list(read.shape)}")
    if read.is_floating_point() or read.is_complex():
        raise ValueError(
            f"{name} must be integers, one label for each input, got {read.dtype}"
        )
    return read


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer >= least."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_positive(name: str, value: float) -> None:
    """Raise unless the value is a finite number > 0."""
    if not isinstance(value, Real) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a finite number > 0, got {value!r}")
