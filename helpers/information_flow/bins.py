"""Entropy of samples put into bins: what passes for I(X;T) without noise."""

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.information_flow.arguments import check_count, read_rows


def binned_entropy(
    activations: ArrayLike,
    bins: int = 30,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> float:
    """Entropy of the activations after each coordinate is put into a bin, in nats.

    What is often reported as "I(X;T)" of a deterministic network: as Bin(T) is a
    function of X, I(X; Bin(T)) = H(Bin(T)).

    Args:
        activations: one row for each of n equally likely inputs, [n, d].
        bins: equal bins on `limits`, >= 1; outside, bins of that width go on.
        limits: (low, high); high itself belongs to the last bin.

    Raises:
        ValueError: NaN, wrong shape, bins below 1, limits not increasing.

    Cost: O(n d log n).
    """
    rows = read_rows("activations", activations).cpu().numpy()
    check_count("bins", bins)
    low, high = limits
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"limits must be finite and increase, got {limits!r}")
    with np.errstate(over="ignore"):
        cells = np.floor((rows - low) / (high - low) * bins)
    if not np.isfinite(cells).all():
        raise ValueError(
            "activations must be nearer to limits, their bins overflow, got up to "
            f"{np.abs(rows).max():g}"
        )
    cells[rows == high] = bins - 1
    counts = np.unique(cells, axis=0, return_counts=True)[1]
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())
