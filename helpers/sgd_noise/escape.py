"""The covariance of SGD's noise, the curvature it meets, and how it escapes.

The helper of chapter 6, on Zhu, Wu, Yu, Wu & Ma, "The Anisotropic Noise in Stochastic
Gradient Descent" (ICML 2019). Noisy descent is theta -> theta - eta (grad L + noise),
E noise = 0, Cov noise = Sigma; H is the Hessian of L, lam_1 >= ... >= lam_D its
eigenvalues and u_1, ..., u_D their eigenvectors. Tr(H Sigma) says how fast the noise
leaves a minimum; the isotropic noise of the same size has Sbar = (Tr Sigma / D) I.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.sgd_noise.covariance import GradientNoise
from helpers.sgd_noise.curvature import (
    Symmetric,
    top_eigenpairs,
)
from helpers.sgd_noise.laws import (
    ratio_bound,
    read_symmetric,
)
from helpers.sgd_noise.per_sample import Stack, read_data, read_loss
from helpers.sgd_noise.two_basins import TwoBasins
from helpers.training import Loss

Array = NDArray[np.float64]
_NETWORKS_AT_ONCE = 32
_ROWS_AT_ONCE = 2**24  # numbers of centred gradients held at once


@dataclass(frozen=True)
class EscapeIndicator:
    """Curvature met by noise; made by `escape_indicator`.

    Attributes:
        indicator: Tr(H Sigma).
        isotropic: Tr(H Sbar) = Tr H Tr Sigma / D.
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
        """R = Tr(H Sigma) / Tr(H Sbar)."""
        return self.indicator / self.isotropic

    @property
    def ceiling(self) -> float:
        """D lam_1 / Tr H, the largest r there is; that of noise along u_1."""
        return self.dimension * self.sharpest / self.curvature

    @property
    def floor(self) -> float:
        """A D / (k + D^(1-p))^2, what the two conditions promise of r."""
        return float(ratio_bound(self.dimension, self.k, self.gap, self.alignment))


def escape_indicator(
    hessian: Symmetric | ArrayLike, noise: GradientNoise | ArrayLike, *, k: int = 20
) -> EscapeIndicator:
    """Tr(H Sigma), its ratio to isotropic noise, and the paper's two conditions.

    Zhu et al. 2019: the expected loss leaves a minimum at the rate (1/2) Tr(H Sigma);
    their proposition bounds its ratio to Tr(H Sbar) when H is ill-conditioned and Sigma
    aligned with it (both PSD).

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
    h = hessian if hasattr(hessian, "matvec") else read_symmetric("hessian", hessian)
    s = noise if hasattr(noise, "matvec") else read_symmetric("noise", noise)
    if h.shape != s.shape:
        raise ValueError(
            f"hessian and noise must have one shape, got {h.shape} and {s.shape}"
        )
    size = h.shape[0]
    if not 1 <= k < size:
        raise ValueError(f"k must be in 1..{size - 1}, got {k!r}")
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


def _trace_of_product(h: Symmetric | Array, s: GradientNoise | Array) -> float:
    """Tr(H S) with as few products as there are."""
    if not isinstance(s, GradientNoise):
        return float(np.sum((h @ s) * np.eye(len(s))))
    rows = s.rows()
    step = max(1, _ROWS_AT_ONCE // h.shape[0])
    blocks = (rows[i : i + step] for i in range(0, len(rows), step))
    return float(sum(np.sum((h @ block.T).T * block) for block in blocks))


def displaced_losses(
    net: nn.Sequential,
    x: Tensor,
    y: Tensor,
    steps: ArrayLike,
    *,
    loss: str | Loss = "cross_entropy",
) -> Array:
    """Loss of the network at theta + step, for many steps.

    Args:
        net: as in `per_sample_gradients`, left unchanged.
        x: inputs, [n, n_in].
        y: targets, [n, ...].
        steps: displacements of the trained parameters, [K, D].
        loss: as in `per_sample_gradients`.

    Returns:
        [K]. Cost: K forward passes, a few dozen networks at a time.

    Raises:
        ValueError: steps not [K, D].
    """
    moves = torch.as_tensor(np.asarray(steps))
    here = Stack([net]).theta
    if moves.ndim != 2 or moves.shape[1] != here.shape[1]:
        raise ValueError(
            f"steps must be [K, {here.shape[1]}], got shape {list(moves.shape)}"
        )
    x, y = read_data(x, y, here)
    criterion = read_loss(loss)
    found = []
    for part in moves.split(_NETWORKS_AT_ONCE):
        stack = Stack([net] * len(part))
        stack.theta += part.to(here)
        found.append(stack.losses(x, y, criterion).double())
    return torch.cat(found).numpy()


def expected_sharpness(
    net: nn.Sequential,
    x: Tensor,
    y: Tensor,
    *,
    scale: float,
    draws: int = 100,
    loss: str | Loss = "cross_entropy",
    seed: int,
) -> tuple[float, float]:
    """E[L(theta + nu)] - L(theta) for nu Gaussian of deviation `scale`.

    The paper's measure of sharpness, (scale^2 / 2) Tr H to second order. Each draw is
    taken with both signs, which removes the slope.

    Args:
        net: as in `per_sample_gradients`.
        x: inputs, [n, n_in].
        y: targets, [n, ...].
        scale: > 0; the paper's code uses 0.01.
        draws: pairs nu, -nu; >= 2.
        loss: as in `per_sample_gradients`.
        seed: integer.

    Returns:
        The mean and its standard error. Cost: 2 draws forward passes.

    Raises:
        ValueError: an argument out of range.
    """
    if not (math.isfinite(scale) and scale > 0 and draws >= 2):
        raise ValueError(
            f"scale must be > 0 and draws >= 2, got {scale!r} and {draws!r}"
        )
    generator = torch.Generator().manual_seed(seed)
    dimension = Stack([net]).dimension
    nu = scale * torch.randn(draws, dimension, generator=generator, dtype=torch.float64)
    options = {"loss": loss}
    here = displaced_losses(net, x, y, np.zeros((1, dimension)), **options)
    both = [displaced_losses(net, x, y, sign * nu, **options) for sign in (1, -1)]
    rise = (both[0] + both[1]) / 2 - here
    return float(rise.mean()), float(rise.std(ddof=1) / math.sqrt(draws))


def clipped_square(delta: float) -> Loss:
    """The loss of the paper's network with one hidden layer.

    Mean of (fbar - y)^2 with fbar = min(max(f, delta), 1 - delta), for outputs f
    [n, 1] and targets y in {0, 1}, [n], floating point.

    Raises:
        ValueError: delta not in (0, 1/2).
    """
    if not 0 < delta < 0.5:
        raise ValueError(f"delta must lie in (0, 1/2), got {delta!r}")

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs[:, 0].clamp(delta, 1 - delta) - targets).square().mean()

    return loss


def plot_basins(ax: Axes, basins: TwoBasins) -> None:
    """Draw contours of the landscape and its two minima."""
    grid = np.linspace(-1.7, 1.7, 201)
    points = np.stack(np.meshgrid(grid, grid), -1)
    levels = np.linspace(0.5, 8, 9)
    ax.contour(grid, grid, basins.loss(points), levels, colors="0.75", linewidths=0.7)
    ax.plot([1, -1], [1, -1], "k+", markersize=9)
    ax.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
