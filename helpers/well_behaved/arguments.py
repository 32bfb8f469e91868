"""Arguments checked: counts, numbers in an interval, confidence levels, arrays."""

import math

import numpy as np
from torch import Tensor

_LEAST = 1e-12  # a size whose square float32 has


def in_units(values: Tensor) -> Tensor:
    """Return finite numbers, in a unit of their size where squares would overflow.

    The unit is a power of two, so what depends on their ratios alone stays as it is.
    """
    largest = float(values.abs().max())
    if largest == 0 or _LEAST < largest < 1 / _LEAST:
        return values
    exponent = min(1000, -math.frexp(largest)[1])
    return values.double() * 2.0**exponent


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Raise unless the value is a number in [low, high]."""
    real = isinstance(value, int | float | np.floating | np.integer)
    if not (real and low <= value <= high):
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value!r}")


def check_level(level: float) -> None:
    """Raise unless the level of confidence lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level!r}")
