"""The two losses of a path, on outputs with any leading axes."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from helpers.sublevel_sets.matrices import Array

LossName = Literal["squared", "cross_entropy"]
Targets = NDArray[Any]  # float64 [N, m], or integers [N] for classes
Loss = Callable[[Array, Targets], Array]


def squared(outputs: Array, y: Array) -> Array:
    """Return ||outputs - y||^2 / (2 N), [...] for outputs [..., N, m]."""
    total: Array = ((outputs - y) ** 2).sum(axis=(-2, -1))
    return total / (2 * len(y))


def cross_entropy(outputs: Array, y: NDArray[np.int64]) -> Array:
    """Return the mean over samples of log sum exp(outputs) - outputs[y]."""
    top = outputs.max(axis=-1, keepdims=True)
    total = np.log(np.exp(outputs - top).sum(axis=-1)) + top[..., 0]
    mean: Array = (total - outputs[..., np.arange(len(y)), y]).mean(axis=-1)
    return mean


LOSSES: dict[str, Loss] = {"squared": squared, "cross_entropy": cross_entropy}
