"""What one number says of a spectrum: its ranks and its entropy (chapter 9)."""

import math

import numpy as np
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import as_eigenvalues, scale_of


def stable_rank(eigenvalues: ArrayLike) -> float:
    """Return ||W||_F^2 / ||W||_2^2 = sum of the eigenvalues over the largest.

    Args:
        eigenvalues: of W^T W, [M].

    Raises:
        ValueError: not finite, negative, or all 0.
    """
    x = as_eigenvalues(eigenvalues)
    x = x / scale_of(x)
    return float(x.sum() / x[-1])


def soft_rank(eigenvalues: ArrayLike, edge: float) -> float:
    """Return Martin & Mahoney's MP soft rank: lambda^+ over the largest eigenvalue.

    Args:
        eigenvalues: of W^T W, [M].
        edge: lambda^+ > 0, such as `fit_marchenko_pastur(...).law.edges[1]`.

    Returns:
        A number in (0, 1]; 1 where no eigenvalue lies above the edge.

    Raises:
        ValueError: an argument out of its range.
    """
    x = as_eigenvalues(eigenvalues)
    if not 0 < edge < math.inf:
        raise ValueError(f"edge must be finite and > 0, got {edge!r}")
    return min(1.0, float(edge) / float(x[-1]))


def matrix_entropy(eigenvalues: ArrayLike) -> float:
    """Return -sum p ln p / ln(rank), p = eigenvalues over their sum.

    The rank counts eigenvalues above rounding, (16 eps)^2 of the largest. 1 for equal
    eigenvalues; 0 for rank 1.

    Args:
        eigenvalues: of W^T W, [M].

    Raises:
        ValueError: not finite, negative, or all 0.
    """
    x = as_eigenvalues(eigenvalues)
    p = x[x > 0] / scale_of(x)
    if len(p) == 1:
        return 0.0
    p = p / p.sum()
    return float(-(p * np.log(p)).sum() / math.log(len(p)))
