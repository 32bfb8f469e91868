"""Eigenvalues of a weight matrix (chapter 9)."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Convolution = Literal["flatten", "slices"]

_SQUARED = 1e-8  # eigenvalues this small, unit: the largest, ask for singular values


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


def _squares(w: Array) -> Array:
    """Return the squared singular values of one matrix, ascending."""
    values = np.asarray(np.linalg.eigvalsh(w.T @ w), dtype=np.float64)
    if values[0] > _SQUARED * values[-1]:
        return values
    singular = np.asarray(np.linalg.svd(w, compute_uv=False), dtype=np.float64)
    return singular[::-1] ** 2
