"""Confidence intervals of a probability from a count."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from helpers.adversarial_noise.arguments import read_count

Array = NDArray[np.float64]


def clopper_pearson(errors: ArrayLike, n: int, level: float) -> tuple[Array, Array]:
    """Return the Clopper-Pearson interval of a probability.

    Args:
        errors: successes among `n` trials, integers in 0..n, of any shape.
        n: number of trials, >= 1.
        level: two-sided confidence; each side errs with probability (1 - level) / 2.

    Raises:
        ValueError: an argument out of its range.
    """
    k, n = np.asarray(errors), read_count("n", n)
    if k.dtype.kind not in "iu" or not ((k >= 0) & (k <= n)).all():
        raise ValueError(f"errors must be integers in 0..{n}, got {k}")
    tail = (1 - level) / 2
    low = np.where(k > 0, beta.ppf(tail, np.maximum(k, 1), n - k + 1), 0.0)
    high = np.where(k < n, beta.isf(tail, k + 1, np.maximum(n - k, 1)), 1.0)
    return low, high
