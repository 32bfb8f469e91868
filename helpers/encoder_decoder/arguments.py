"""Checks of what is given to chapter 4's functions."""

import math
import operator
from collections.abc import Sequence
from numbers import Real


def check_count(name: str, value: int, least: int = 1) -> int:
    """Return an integer that is large enough, or raise."""
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not (whole and operator.index(value) >= least):
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
    return operator.index(value)


def check_name(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return one of the allowed names, or raise."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {tuple(allowed)}, got {value!r}")
    return value


def check_positive(name: str, value: float) -> float:
    """Return a finite number above 0, or raise."""
    if not (isinstance(value, Real) and math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return float(value)


def check_size(size: int | Sequence[int]) -> tuple[int, ...]:
    """Return the size of a signal or image as a tuple, or raise."""
    axes = tuple(size) if isinstance(size, Sequence) else (size,)
    if len(axes) not in (1, 2):
        raise ValueError(f"size must have one or two axes, got {size!r}")
    return tuple(check_count("size", n) for n in axes)


def check_channels(channels: Sequence[int]) -> tuple[int, ...]:
    """Return (q_0, .., q_kappa) as a tuple, or raise."""
    if len(channels) < 2:
        raise ValueError(f"channels must be (q_0, q_1, ..), got {tuple(channels)}")
    return tuple(check_count("channels", q) for q in channels)
