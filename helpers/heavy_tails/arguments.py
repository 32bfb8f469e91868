"""What the arguments of chapter 9 have to satisfy."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def as_eigenvalues(eigenvalues: ArrayLike) -> Array:
    """Return the eigenvalues in ascending order, or raise.

    Negative values of rounding size become 0.
    """
    x = np.asarray(eigenvalues, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"eigenvalues must be [M >= 2], got shape {list(x.shape)}")
    if not np.isfinite(x).all() or x.max() <= 0 or x.min() < -1e-9 * x.max():
        raise ValueError(
            "eigenvalues must be finite, >= 0 and not all 0, "
            f"got values from {x.min()} to {x.max()}"
        )
    return np.sort(np.maximum(x, 0))


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_number(name: str, value: float, low: float, *, above: bool = False) -> None:
    """Raise unless the value is a finite number of at least, or above, `low`."""
    real = isinstance(value, int | float | np.floating | np.integer)
    if real and math.isfinite(value) and low <= value and (value > low or not above):
        return
    least = f"{'>' if above else '>='} {low}"
    raise ValueError(f"{name} must be a finite number {least}, got {value!r}")
