"""Symmetric matrices known by their products, and their leading eigenpairs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, eigsh

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
        tol: relative accuracy of the eigenvalues; 0 is machine precision.
        seed: of the starting vector.

    Returns:
        Eigenvalues, descending, [k], and unit eigenvectors, [D, k].

    Raises:
        ValueError: not square, or k out of range.

    Cost: about 3 k products; small or nearly whole problems are solved densely.
    """
    matrix = _read(operator)
    n = matrix.shape[0]
    if matrix.shape != (n, n):
        raise ValueError(f"operator must be square, got shape {matrix.shape}")
    if not 1 <= k <= n:
        raise ValueError(f"k must be in 1..{n}, got {k!r}")
    if n <= _DENSE or k > n // 2:
        full = matrix @ np.eye(n)
        values, vectors = eigh((full + full.T) / 2, subset_by_index=[n - k, n - 1])
    else:
        start = np.random.default_rng(seed).normal(size=(n,))
        values, vectors = eigsh(matrix, k, which="LA", v0=start, tol=tol)
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]


def _read(operator: LinearOperator | ArrayLike) -> LinearOperator | Array:
    if isinstance(operator, LinearOperator):
        return operator
    return np.asarray(operator, float)
