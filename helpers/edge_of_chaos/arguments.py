"""The numbers that the functions of this chapter take, checked in one way."""

import math
import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Array
from helpers.arrays import read_numbers

LARGEST = 1e100
"""The most that a number may be: products of a few and their squares are finite."""

_ROUNDINGS = 16  # by which a correlation that was computed may leave [-1, 1]


def variances(q: ArrayLike, name: str = "q") -> Array:
    """Return the variances as an array, or raise."""
    given = read_numbers(name, q)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(f"{name} must be finite and >= 0, got {q!r}")
    _check_largest(name, given)
    return given


def within(name: str, values: ArrayLike, low: float, high: float) -> Array:
    """Return numbers of an interval, those outside by rounding put on its end.

    Rounding is 16 roundings of what they are given in, float32 or float64.
    """
    given = read_numbers(name, values)
    dtype = np.asarray(values).dtype
    rounding = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    slack = _ROUNDINGS * rounding * max(abs(low), abs(high))
    if not ((given >= low - slack) & (given <= high + slack)).all():
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {values!r}")
    return given.clip(low, high)


def positive(name: str, value: float) -> float:
    """Return the number, or raise unless it is > 0, in [1e-100, 1e100]."""
    number = _number(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    if not 1 / LARGEST <= number <= LARGEST:
        raise ValueError(
            f"{name} must lie in [{1 / LARGEST:g}, {LARGEST:g}], got {value!r}"
        )
    return number


def check_scales(**scales: float) -> None:
    """Raise unless each is finite, >= 0 and at most 1e100."""
    for name, value in scales.items():
        number = _number(name, value)
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"{name} must be finite and >= 0, got {value!r}")
        _check_largest(name, number)


def check_count(**counts: int) -> None:
    """Raise unless each is an integer >= 1."""
    for name, value in counts.items():
        if whole(name, value) < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {value!r}")


def check_seed(seed: int, name: str = "seed") -> int:
    """Return the seed, or raise unless it is an integer >= 0."""
    if whole(name, seed) < 0:
        raise ValueError(f"{name} must be an integer >= 0, got {seed!r}")
    return operator.index(seed)


def whole(name: str, value: Any) -> int:
    """Return the value as an integer, or raise."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return operator.index(value)


def _check_largest(name: str, given: Array | float) -> None:
    """Raise if a number is too large to compute with."""
    if np.any(given > LARGEST):
        raise ValueError(f"{name} must be at most {LARGEST:g}, got {given!r}")


def _number(name: str, value: Any) -> float:
    """Return one real number, or raise."""
    found = read_numbers(name, value)
    if found.ndim:
        raise TypeError(f"{name} must be one number, got shape {list(found.shape)}")
    return float(found)
