"""Symmetric matrices known by their products, and their leading eigenpairs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from helpers.sgd_noise.arguments import read_count, read_seed, read_symmetric

Array = NDArray[np.float64]
_DENSE = 64  # matrices up to this size are diagonalised whole


class SymmetricOperator(LinearOperator, ABC):
    """A symmetric scipy LinearOperator [D, D] of real numbers that knows its trace."""

    def __init__(self, size: int) -> None:
        """Set the shape, [size, size]."""
        # the stubs leave out __init__
        super().__init__(np.float64, (size, size))  # type: ignore[call-arg]

    @abstractmethod
    def trace(self) -> float:
        """The sum of the diagonal."""

    def _adjoint(self) -> SymmetricOperator:
        return self


def top_eigenpairs(
    operator: LinearOperator | ArrayLike, k: int, *, tol: float = 0.0, seed: int = 0
) -> tuple[Array, Array]:
    """The k algebraically largest eigenvalues and their eigenvectors, by Lanczos.

    Args:
        operator: symmetric [D, D]: an array or a scipy LinearOperator, such as
            `HessianOperator` and `GradientNoise`.
        k: 1..D.
        tol: relative accuracy of the eigenvalues, >= 0; 0 is machine precision.
        seed: integer >= 0, of the starting vector.

    Returns:
        Eigenvalues, descending, [k], and unit eigenvectors, [D, k].

    Raises:
        ValueError: not square, an array that is not symmetric or not finite, products
            that are not finite, k or tol out of range.
        ArithmeticError: the eigenvalues do not converge.

    Cost: about 3 k products; small or nearly whole problems are solved densely.
    """
    matrix = _read(operator)
    n = matrix.shape[0]
    if matrix.shape != (n, n):
        raise ValueError(f"operator must be square, got shape {matrix.shape}")
    k = read_count("k", k, n)
    if not (math.isfinite(tol) and tol >= 0):
        raise ValueError(f"tol must be finite and >= 0, got {tol!r}")
    start = np.random.default_rng(read_seed(seed, least=0)).normal(size=(n,))
    image = matrix @ start
    if not np.isfinite(image).all():
        raise ValueError(
            "operator must be finite, a product with it is NaN or infinite"
        )
    if not image.any():
        # zero, but for a set of starts of measure zero; Lanczos cannot begin there
        return np.zeros(k), np.eye(n, k)
    if n <= _DENSE or k > n // 2:
        full = matrix @ np.eye(n)
        values, vectors = eigh((full + full.T) / 2, subset_by_index=[n - k, n - 1])
    else:
        values, vectors = _lanczos(matrix, k, start, tol)
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]


def _lanczos(
    matrix: LinearOperator | Array, k: int, start: Array, tol: float
) -> tuple[Array, Array]:
    try:
        values, vectors = eigsh(matrix, k, which="LA", v0=start, tol=tol)
    except ArpackError as error:
        raise ArithmeticError(
            f"the {k} largest eigenvalues of operator did not converge: {error}"
        ) from error
    return values, vectors


def _read(operator: LinearOperator | ArrayLike) -> LinearOperator | Array:
    if isinstance(operator, LinearOperator):
        if np.issubdtype(operator.dtype, np.complexfloating):
            raise ValueError(f"operator must be real, got {operator.dtype}")
        return operator
    array = np.asarray(operator)
    if np.iscomplexobj(array):
        raise ValueError(f"operator must be real, got {array.dtype}")
    if array.ndim == 2 and array.shape[0] != array.shape[1]:
        raise ValueError(f"operator must be square, got shape {array.shape}")
    return read_symmetric("operator", array)
