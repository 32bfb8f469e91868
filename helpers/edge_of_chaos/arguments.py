"""The numbers that the functions of this chapter take, checked in one way."""

import math
import operator

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Array


def variances(q: ArrayLike) -> Array:
    """Return the variances as an array, or raise."""
    given = np.asarray(q, dtype=np.float64)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(f"q must be finite and >= 0, got {q!r}")
    return given


def positive(name: str, value: float) -> float:
    """Return the number, or raise unless it is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return float(value)


def check_scales(**scales: float) -> None:
    """Raise unless each is finite and >= 0."""
    for name, value in scales.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and >= 0, got {value!r}")


def check_count(**counts: int) -> None:
    """Raise unless each is an integer >= 1."""
    for name, value in counts.items():
        if operator.index(value) < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
