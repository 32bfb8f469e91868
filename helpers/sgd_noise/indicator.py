"""The escape indicator Tr(H Sigma), and the paper's bounds of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.sgd_noise.arguments import read_count, read_real, read_symmetric
from helpers.sgd_noise.covariance import GradientNoise
from helpers.sgd_noise.operators import SymmetricOperator, top_eigenpairs

Array = NDArray[np.float64]
_ROWS_AT_ONCE = 2**24  # numbers of centred gradients held at once


@dataclass(frozen=True)
class EscapeIndicator:
    """Curvature met by noise; made by `escape_indicator`.

    Attributes:
        indicator: Tr(H Sigma).
        isotropic: Tr(H Sigmabar) = Tr H Tr Sigma / D.
        alignment: a = u_1' Sigma u_1 Tr H / (lam_1 Tr Sigma), the paper's second
            condition asks for a > 0; 1 for Sigma = H.
        sharpest: lam_1.
        curvature: Tr H.
        noise: Tr Sigma.
        k: large eigenvalues set apart.
        gap: p with lam_(k+1) = lam_1 D^-p, the paper's first condition asks for
            p > 1/2; inf if lam_(k+1) <= 0.
        dimension: D.
    """

    indicator: float
    isotropic: float
    alignment: float
    sharpest: float
    curvature: float
    noise: float
    k: int
    gap: float
    dimension: int

    @property
    def ratio(self) -> float:
        """The ratio r = Tr(H Sigma) / Tr(H Sigmabar)."""
        return self.indicator / self.isotropic

    @property
    def ceiling(self) -> float:
        """D lam_1 / Tr H, the largest r there is; that of noise along u_1."""
        return self.dimension * self.sharpest / self.curvature

    @property
    def floor(self) -> float:
        """The bound a D / (k + D^(1-p))^2, which the two conditions promise of r."""
        return float(ratio_bound(self.dimension, self.k, self.gap, self.alignment))


def escape_indicator(
    hessian: SymmetricOperator | ArrayLike,
    noise: GradientNoise | ArrayLike,
    *,
    k: int = 20,
) -> EscapeIndicator:
    """Tr(H Sigma), its ratio to isotropic noise, and the paper's two conditions.

    Zhu et al. 2019: the expected loss leaves a minimum at the rate (1/2) Tr(H Sigma);
    their proposition bounds its ratio to Tr(H Sigmabar) when H is ill-conditioned and
    Sigma aligned with it (both PSD).

    Args:
        hessian: H, an array [D, D] or a `HessianOperator`.
        noise: a `GradientNoise` or a covariance [D, D].
        k: number of large eigenvalues in the first condition, 1..D - 1.

    Raises:
        ValueError: shapes that differ, k out of range, Tr H or Tr Sigma not > 0, or an
            array that is not symmetric.

    Cost: the first k + 1 eigenpairs of H, its trace, and one product of H with each of
    the N centred gradients (none for arrays).
    """
    h, s = _read(hessian, noise)
    size = h.shape[0]
    k = read_count("k", k, size - 1)
    curvature, power = float(h.trace()), float(s.trace())
    if not (curvature > 0 and power > 0):
        raise ValueError(
            f"Tr H and Tr Sigma must be > 0, got {curvature:g} and {power:g}"
        )
    values, vectors = top_eigenpairs(h, k + 1)
    first = vectors[:, 0]
    share = float(first @ (s @ first)) / power
    gap = -math.log(values[k] / values[0]) if values[k] > 0 else math.inf
    return EscapeIndicator(
        indicator=_trace_of_product(h, s),
        isotropic=curvature * power / size,
        alignment=share * curvature / float(values[0]),
        sharpest=float(values[0]),
        curvature=curvature,
        noise=power,
        k=k,
        gap=gap / math.log(size),
        dimension=size,
    )


def ratio_bound(
    dimension: ArrayLike, k: int, gap: float, alignment: float = 1.0
) -> Array:
    """Lower bound of r = Tr(H Sigma) / Tr(H Sigmabar) from the paper's two conditions.

    If lam_(k+1) <= lam_1 D^-p and the alignment is at least a, then
    r >= a D / (k + D^(1-p))^2. Zhu et al. 2019 give the order a D^(2p-1), which this
    sharpens (ours): the order holds for 1/2 < p <= 1; beyond, the bound is a D / k^2.

    Args:
        dimension: D >= 1, finite, any shape.
        k: number of large eigenvalues, >= 1.
        gap: p, the exponent; inf for no other eigenvalue above 0.
        alignment: a >= 0, finite.

    Raises:
        ValueError: an argument out of range.
    """
    size = read_real("dimension", dimension)
    if not ((size >= 1) & (size < math.inf)).all():
        raise ValueError(f"dimension must be finite and >= 1, got {dimension!r}")
    k = read_count("k", k)
    if math.isnan(gap):
        raise ValueError(f"gap must be a number, got {gap!r}")
    if not 0 <= alignment < math.inf:
        raise ValueError(f"alignment must be finite and >= 0, got {alignment!r}")
    with np.errstate(over="ignore", under="ignore"):
        large = k + size ** (1 - gap)  # where it overflows the bound is 0
        bound: Array = (alignment / large) * (size / large)
    return bound


def _read(
    hessian: SymmetricOperator | ArrayLike, noise: GradientNoise | ArrayLike
) -> tuple[SymmetricOperator | Array, GradientNoise | Array]:
    """Return both, arrays checked, or raise unless they have one shape."""
    h: SymmetricOperator | Array
    s: GradientNoise | Array
    if isinstance(hessian, SymmetricOperator):
        h = hessian
    else:
        h = read_symmetric("hessian", hessian)
    s = noise if isinstance(noise, GradientNoise) else read_symmetric("noise", noise)
    if h.shape != s.shape:
        raise ValueError(
            f"hessian and noise must have one shape, got {h.shape} and {s.shape}"
        )
    return h, s


def _trace_of_product(h: SymmetricOperator | Array, s: GradientNoise | Array) -> float:
    """Tr(H S) with as few products as there are."""
    if not isinstance(s, GradientNoise):
        return float(np.sum((h @ s) * np.eye(len(s))))
    blocks = s.row_blocks(max(1, _ROWS_AT_ONCE // h.shape[0]))
    return float(sum(np.sum((h @ block.T).T * block) for block in blocks))
