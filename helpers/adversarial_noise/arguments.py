"""What the functions of the chapter accept: images, counts, numbers in range."""

import operator
from numbers import Real

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.arrays import read_numbers

_LARGEST = 1e30  # of a noise: its draws are finite in float32


def read_floating(name: str, x: Tensor) -> Tensor:
    """Return images [n, ...] of finite floating-point numbers, n >= 1, or raise."""
    try:
        x = torch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be a tensor of numbers: {error}") from None
    if x.ndim < 2 or not x.is_floating_point() or 0 in x.shape:
        raise ValueError(
            f"{name} must be floating point of shape [images, ...], got "
            f"{x.dtype} of shape {list(x.shape)}"
        )
    if not torch.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return x


def read_images(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return images and integer labels that belong together, or raise."""
    x = read_floating("x", x)
    try:
        y = torch.as_tensor(y)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"y must be a tensor of integers: {error}") from None
    whole = not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool)
    if y.shape != (len(x),) or not whole:
        raise ValueError(
            f"y must hold one integer label for each of the {len(x)} images (at least "
            f"1), got {y.dtype} of shape {list(y.shape)}"
        )
    return x, y.to(x.device)


def read_per_image(name: str, value: ArrayLike | Tensor, x: Tensor) -> np.ndarray:
    """Return a positive number for each image, [images], or raise."""
    numbers = read_numbers(name, value)
    if numbers.shape not in ((), (len(x),)):
        raise ValueError(
            f"{name} must be a number or one for each of the {len(x)} images, "
            f"got shape {numbers.shape}"
        )
    if not (np.isfinite(numbers) & (numbers > 0)).all():
        raise ValueError(f"{name} must be finite and > 0, got {value!r:.80}")
    if (numbers > _LARGEST).any():
        raise ValueError(f"{name} must be at most {_LARGEST:g}, got {value!r:.80}")
    return np.broadcast_to(numbers, (len(x),))


def read_count(name: str, value: int, low: int = 1) -> int:
    """Return an integer >= low, or raise."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if number < low:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
    return number


def read_open_unit(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1, or raise."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value!r}")
    return float(value)
