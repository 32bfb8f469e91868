"""Eigenvalues of a weight matrix and what one number says of them (chapter 9)."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from helpers.heavy_tails.marchenko_pastur import as_eigenvalues

Array = NDArray[np.float64]
Convolution = Literal["flatten", "slices"]

_SQUARED = 1e-8  # eigenvalues this small, unit: the largest, ask for singular values
_ZERO = 1e-12  # an eigenvalue this small, unit: the largest, counts as 0


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


def layer_matrices(
    weight: ArrayLike | torch.Tensor, *, convolution: Convolution = "flatten"
) -> list[Array]:
    """Return the matrices of a layer in float64, each [N, M] with N >= M.

    Args:
        weight: [out, in], or a convolution [out, in, *kernel].
        convolution: "flatten" makes one matrix [out, in * kernel size] of a
            convolution, "slices" a matrix [out, in] of each place of the kernel.

    Raises:
        ValueError: fewer than 2 dimensions, an empty or non-finite weight, unknown
            convolution.
    """
    if convolution not in ("flatten", "slices"):
        raise ValueError(
            f"convolution must be 'flatten' or 'slices', got {convolution!r}"
        )
    if isinstance(weight, torch.Tensor):
        weight = weight.detach().cpu().double()
    w = np.asarray(weight, dtype=np.float64)
    if w.ndim < 2 or 0 in w.shape:
        raise ValueError(
            f"weight must be [out, in] or [out, in, *kernel], got shape {list(w.shape)}"
        )
    if not np.isfinite(w).all():
        raise ValueError("weight must be finite, got NaN or infinity")
    if convolution == "flatten":
        parts = [w.reshape(len(w), -1)]
    else:
        parts = list(np.moveaxis(w.reshape(*w.shape[:2], -1), 2, 0))
    return [part if part.shape[0] >= part.shape[1] else part.T for part in parts]


def spectrum(
    weight: ArrayLike | torch.Tensor, *, convolution: Convolution = "flatten"
) -> Array:
    """Return the eigenvalues of W^T W, ascending: the squared singular values.

    Martin & Mahoney write X = W^T W / N; like their code, this leaves out 1 / N.

    From the M x M Gram matrix in float64, whose eigenvalues are right to 1e-16 of the
    largest one; should the least be below 1e-8 of that, from a singular value
    decomposition, which is slower and right to 1e-16 in the singular values.

    Args:
        weight: as in `layer_matrices`; transposed if needed so that N >= M.
        convolution: as in `layer_matrices`.

    Returns:
        [M]; with "slices" [kernel size, M].

    Raises:
        ValueError: as in `layer_matrices`.

    Cost: O(N M^2); 0.15 s for 1280 x 1000 on one core.
    """
    found = [_squares(w) for w in layer_matrices(weight, convolution=convolution)]
    return np.array(found) if convolution == "slices" else found[0]


def stable_rank(eigenvalues: ArrayLike) -> float:
    """Return ||W||_F^2 / ||W||_2^2 = sum of the eigenvalues over the largest.

    Args:
        eigenvalues: of W^T W, [M].

    Raises:
        ValueError: not finite, negative, or all 0.
    """
    x = as_eigenvalues(eigenvalues)
    return float(x.sum() / x[-1])


def soft_rank(eigenvalues: ArrayLike, edge: float) -> float:
    """Return Martin & Mahoney's MP soft rank: lambda+ over the largest eigenvalue.

    Args:
        eigenvalues: of W^T W, [M].
        edge: lambda+ > 0, such as `fit_marchenko_pastur(...).law.edges[1]`.

    Returns:
        A number in (0, 1]; 1 where no eigenvalue lies above the edge.

    Raises:
        ValueError: an argument out of its range.
    """
    x = as_eigenvalues(eigenvalues)
    if not 0 < edge < math.inf:
        raise ValueError(f"edge must be finite and > 0, got {edge!r}")
    return min(1.0, float(edge / x[-1]))


def matrix_entropy(eigenvalues: ArrayLike) -> float:
    """Return -sum p ln p / ln(rank), p = eigenvalues over their sum.

    The rank counts eigenvalues above 1e-12 of the largest. 1 for equal eigenvalues; 0
    for rank 1.

    Args:
        eigenvalues: of W^T W, [M].

    Raises:
        ValueError: not finite, negative, or all 0.
    """
    x = as_eigenvalues(eigenvalues)
    p = x[x > _ZERO * x[-1]]
    if len(p) == 1:
        return 0.0
    p = p / p.sum()
    return float(-(p * np.log(p)).sum() / math.log(len(p)))


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
    v = np.asarray(vectors, dtype=np.float64)
    if v.ndim != 2 or len(v) < 2 or not np.isfinite(v).all():
        raise ValueError(f"vectors must be finite, [M >= 2, k], got {list(v.shape)}")
    if not v.any(axis=0).all():
        raise ValueError("vectors must not be 0")
    size = np.abs(v)
    return Localization(
        ratio=size.sum(axis=0) / size.max(axis=0),
        participation=np.sqrt((v**2).sum(axis=0)) / (v**4).sum(axis=0) ** 0.25,
        entropy=np.array([_histogram_entropy(column) for column in v.T]),
    )


def _squares(w: Array) -> Array:
    """Return the squared singular values of one matrix, ascending."""
    values = np.linalg.eigvalsh(w.T @ w)
    if values[0] > _SQUARED * values[-1]:
        return values
    return np.linalg.svd(w, compute_uv=False)[::-1] ** 2


def _histogram_entropy(values: Array) -> float:
    share = np.histogram(values, 100)[0] / len(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
