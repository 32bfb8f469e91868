"""How few entries carry an eigenvector (chapter 9)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import Array, as_real, scale_of


@dataclass(frozen=True, eq=False)
class Localization:
    """How few entries carry a vector; made by `localization`. Smaller is fewer.

    Attributes:
        ratio: ||v||_1 / ||v||_inf, from 1 to M.
        participation: ||v||_2 / ||v||_4, from 1 to M^(1/4).
        entropy: of a histogram of the entries, 100 bins between the extremes, in nats.
    """

    ratio: Array
    participation: Array
    entropy: Array


def localization(vectors: ArrayLike) -> Localization:
    """Return three measures of how few entries carry each vector.

    Those of Martin & Mahoney's code. A random direction in M dimensions has
    participation near ((M + 2) / 3)^(1/4).

    Args:
        vectors: the columns of an array [M, k]; M >= 2, none of them 0.

    Returns:
        Three arrays [k].

    Raises:
        ValueError: not such an array.
    """
    v = as_real(vectors, "vectors").astype(np.float64)
    if v.ndim != 2 or len(v) < 2 or not np.isfinite(v).all():
        raise ValueError(f"vectors must be finite, [M >= 2, k], got {list(v.shape)}")
    if not v.any(axis=0).all():
        raise ValueError("vectors must not be 0")
    v = v / [scale_of(column) for column in v.T]
    size = np.abs(v)
    return Localization(
        ratio=size.sum(axis=0) / size.max(axis=0),
        participation=np.sqrt((v**2).sum(axis=0)) / (v**4).sum(axis=0) ** 0.25,
        entropy=np.array([_histogram_entropy(column) for column in v.T]),
    )


def _histogram_entropy(values: Array) -> float:
    share = np.histogram(values, 100)[0] / len(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
