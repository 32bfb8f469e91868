"""The data and numbers that paths are made from, checked in one way."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from helpers.sublevel_sets.losses import LOSSES, Targets
from helpers.sublevel_sets.matrices import Array, Shape


def read_array(name: str, values: ArrayLike) -> Array:
    """Return real numbers as an array of float64, or raise."""
    read = np.asarray(values)
    if read.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got {read.dtype}")
    return read.astype(np.float64)


def read_inputs(x: ArrayLike, shape: Shape) -> Array:
    """Return x [N, n_0] as an array, or raise."""
    x, n_in = read_array("x", x), shape.widths[0]
    if x.ndim != 2 or len(x) == 0 or x.shape[1] != n_in or not np.isfinite(x).all():
        raise ValueError(f"x must be finite, [N, {n_in}], got shape {list(x.shape)}")
    return x


def read_data(
    x: ArrayLike, y: ArrayLike, shape: Shape, loss: str, name: str = "y"
) -> tuple[Array, Targets]:
    """Return x [N, n_0] and y ([N, m], or [N] classes) as arrays, or raise.

    `name` is what the caller calls y.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {sorted(LOSSES)}, got {loss!r}")
    x, y, n_out = read_inputs(x, shape), np.asarray(y), shape.widths[-1]
    if loss == "squared":
        y = read_array(name, y)
        if y.shape != (len(x), n_out) or not np.isfinite(y).all():
            allowed = f"[{len(x)}, {n_out}] for loss 'squared'"
            raise ValueError(
                f"{name} must be finite, {allowed}, got shape {list(y.shape)}"
            )
    elif not (
        np.issubdtype(y.dtype, np.integer)
        and y.shape == (len(x),)
        and 0 <= y.min() <= y.max() < n_out
    ):
        raise ValueError(
            f"y must hold {len(x)} classes 0..{n_out - 1} for loss 'cross_entropy', "
            f"got {y.dtype} of shape {list(y.shape)}"
        )
    return x, y


def random_generator(seed: int) -> np.random.Generator:
    """Return numpy's generator of that seed, or raise."""
    check_count("seed", seed, 0)
    return np.random.default_rng(seed)


def check_count(name: str, value: int, least: int) -> None:
    """Raise unless the value is an integer of that size or more."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
