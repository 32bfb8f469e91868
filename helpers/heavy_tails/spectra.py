"""Eigenvalues of a weight matrix (chapter 9)."""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import ROUNDING, Array, as_real, scale_of

Convolution = Literal["flatten", "slices"]

_SQUARED = 1e-8  # eigenvalues this small, unit: the largest, ask for singular values
_TINY = 1e-300
_SHORT = 1e-6  # eps of dtypes shorter than float32 is above it
_PRODUCTS = 4  # rounding of a product, unit: that of its entries; measured: up to 1.4
_GAP = 3  # from rounding to what is more than that; measured for low rank: 15 or more


def layer_matrices(
    weight: ArrayLike | torch.Tensor, *, convolution: Convolution = "flatten"
) -> list[Array]:
    """Return the matrices of a layer in float64, each [N, M] with N >= M.

    Args:
        weight: [out, in], or a convolution [out, in, *kernel].
        convolution: "flatten" makes one matrix [out, in * kernel size] of a
            convolution, "slices" a matrix [out, in] of each place of the kernel.

    Raises:
        TypeError: a whole module.
        ValueError: fewer than 2 dimensions, an empty or non-finite weight; complex,
            integer, quantised, sparse, nested or meta tensors; unknown convolution.
    """
    if convolution not in ("flatten", "slices"):
        raise ValueError(
            f"convolution must be 'flatten' or 'slices', got {convolution!r}"
        )
    w = as_real(weight, "weight").astype(np.float64)
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

    A weight is known up to rounding of its dtype, which moves a singular value by no
    more than eps ||W||_F (N^(-1/2) + M^(-1/2)), or 4 times that where products in
    float32 or float64 were rounded; the decomposition moves it by no more than 16 eps
    of the largest in float64. Where a gap separates singular values below this from all
    others, as in a product of low rank, they are given as 0; where all of them are that
    close to each other, as in an orthogonal matrix, as equal.

    Args:
        weight: as in `layer_matrices`; transposed if needed so that N >= M.
        convolution: as in `layer_matrices`.

    Returns:
        [M]; with "slices" [kernel size, M].

    Raises:
        TypeError: as in `layer_matrices`.
        ValueError: as in `layer_matrices`, or entries so large that their squares
            overflow.

    Cost: O(N M^2); 0.15 s for 1280 x 1000 on one core.
    """
    matrices = layer_matrices(weight, convolution=convolution)
    eps = rounding_of(weight)
    found = [matrix_spectrum(w, eps) for w in matrices]
    return np.array(found) if convolution == "slices" else found[0]


def rounding_of(weight: ArrayLike | torch.Tensor) -> float:
    """Return how far apart neighbouring numbers near 1 are in a weight's dtype: eps."""
    if isinstance(weight, torch.Tensor):
        return float(torch.finfo(weight.dtype).eps)
    dtype = np.asarray(weight).dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)


def matrix_spectrum(w: Array, eps: float) -> Array:
    """Return the spectrum of one [N, M] that was known up to eps; see `spectrum`."""
    return _without_rounding(_squares(w), w, eps)


def _squares(w: Array) -> Array:
    """Return the squared singular values of one matrix, ascending."""
    scale = scale_of(w)
    if scale != 1:
        values = _squares(w / scale) * scale
        if not _TINY < float(values[-1]) * scale < math.inf:
            raise ValueError(
                "weight must have entries whose squares are finite and above 0 in "
                f"float64, got a largest one of {np.abs(w).max():.3g}"
            )
        return values * scale
    values = np.asarray(np.linalg.eigvalsh(w.T @ w), dtype=np.float64)
    if values[0] > _SQUARED * values[-1]:
        return values
    singular = np.asarray(np.linalg.svd(w, compute_uv=False), dtype=np.float64)
    return singular[::-1] ** 2


def _without_rounding(values: Array, w: Array, eps: float) -> Array:
    """Return eigenvalues with those that rounding of the weight tells apart made equal.

    Compared as singular values; see `spectrum`.
    """
    singular = np.sqrt(np.maximum(values, 0))
    norm = float(np.linalg.norm(singular / max(singular[-1], _TINY))) * singular[-1]
    sides: float = w.shape[0] ** -0.5 + w.shape[1] ** -0.5
    slack = _PRODUCTS if eps < _SHORT else 1
    level = max(slack * eps * norm * sides, ROUNDING * float(singular[-1]))
    if singular[-1] - singular[0] <= slack * level:
        return np.full_like(values, values.mean()) if len(values) > 1 else values
    gone = singular <= level
    if gone.any() and singular[~gone].min() >= _GAP * level:
        return np.where(gone, 0, values)
    return values
