"""What the functions of the chapter accept: data, matrices, numbers in range."""

from __future__ import annotations

import math
import operator

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.models import read_inputs

Array = NDArray[np.float64]


def read_sample(x: Tensor, y: Tensor, net: nn.Module) -> tuple[Tensor, Tensor]:
    """Return copies of inputs [n, ...] and targets [n, ...] of any network, or raise.

    Floating-point targets come in the dtype of the network.
    """
    read = read_inputs(x, net).clone()
    try:
        targets = torch.as_tensor(y).detach().clone()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"y must be a tensor of numbers: {error}") from None
    if targets.ndim == 0 or len(targets) != len(read):
        raise ValueError(
            "x must be [n, ...] and y start with the same n >= 1, "
            f"got {list(read.shape)} and {list(targets.shape)}"
        )
    if targets.is_floating_point():
        targets = targets.to(next(p for p in net.parameters() if p.requires_grad))
        if not targets.isfinite().all():
            raise ValueError("y must be finite, got NaN or infinity")
    return read, targets.to(read.device)


def read_data(x: Tensor, y: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the data of one network or of R, [n, n_in] or [R, n, n_in], or raise.

    Both come in the dtype of `like`; integer targets stay what they are.
    """
    x, y = (_read_numbers(*named) for named in (("x", x), ("y", y)))
    x = x.to(like)
    y = y.to(like) if y.is_floating_point() else y
    if x.ndim < 2 or x.shape[-2] == 0 or y.shape[: x.ndim - 1] != x.shape[:-1]:
        raise ValueError(
            "x must be [n, n_in] and y start with the same n >= 1, "
            f"got {list(x.shape)} and {list(y.shape)}"
        )
    for name, part in (("x", x), ("y", y)):
        if part.is_floating_point() and not part.isfinite().all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
    return x, y


def read_real(name: str, value: ArrayLike) -> Array:
    """Return real numbers as float64, or raise; a complex dtype is not cast."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got dtype {array.dtype}")
    return array.astype(np.float64)


def read_symmetric(name: str, matrix: ArrayLike) -> Array:
    """Return a finite symmetric matrix [D, D], D >= 1, or raise."""
    array = read_real(name, matrix)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(
            f"{name} must be [D, D] with D >= 1, got shape {list(array.shape)}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if not np.allclose(array, array.T, rtol=0, atol=1e-8 * np.abs(array).max()):
        raise ValueError(f"{name} must be symmetric")
    return array


def _read_numbers(name: str, value: Tensor) -> Tensor:
    try:
        read = torch.as_tensor(value).detach().clone()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be a tensor of numbers: {error}") from None
    if read.is_complex():
        raise TypeError(f"{name} must be real, got {read.dtype}")
    return read


def read_seed(seed: int, *, least: int = -(2**63)) -> int:
    """Return an integer that a generator takes, or raise.

    Args:
        seed: from -2^63 to 2^64 - 1 for those of torch.
        least: 0 for those of numpy.
    """
    if not hasattr(seed, "__index__") or not least <= operator.index(seed) < 2**64:
        lowest = "-2^63" if least else "0"
        raise ValueError(
            f"seed must be an integer from {lowest} to 2^64 - 1, got {seed!r}"
        )
    return operator.index(seed)


def check_batch(batch_size: int, n: int) -> None:
    """Raise unless the batch size is in 1..n."""
    read_count("batch_size", batch_size, n)


def read_count(
    name: str, value: int, most: int | None = None, *, least: int = 1
) -> int:
    """Return an integer in least..most, or raise."""
    try:
        count = operator.index(value)
    except TypeError:
        count = least - 1
    if count < least or (most is not None and count > most) or isinstance(value, bool):
        allowed = f"an integer >= {least}" if most is None else f"in {least}..{most}"
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return count


def to_numpy(tensor: Tensor) -> Array:
    """The numbers of a tensor on any device as float64."""
    array: Array = tensor.detach().cpu().double().numpy()
    return array


def check_positive(name: str, value: float) -> None:
    """Raise unless the value is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
