"""Many particles in the two basins: the data they see, and the noise they get.

Coordinates are u = (p, q), seen from the sharp minimum; see `TwoBasins`.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = Literal["gd", "constant", "diagonal", "leading", "hessian", "first"]

TURN = np.array([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)  # (w1, w2) -> (p, q)
DATA = np.sqrt([1e-3, 1e-4])  # deviation of the data along p and q
FLAT = np.array([0.0, -2 * math.sqrt(2)])  # the flat minimum, seen from the sharp one


def ellipse(c: Array) -> tuple[Array, float]:
    """The sharp basin: |sqrt(c - 1) (u - centre)| < radius."""
    centre = -FLAT / (c - 1)
    return centre, math.sqrt(FLAT @ FLAT + (c - 1) @ centre**2)


class Samples:
    """The data of every run, and what they say at a point."""

    def __init__(self, c: Array, x: Array) -> None:
        self._c, self._x = c, x
        self._mean = x.mean(1)
        centred = x - self._mean[:, None]
        self._cov = np.einsum("rni,rnj->rij", centred, centred) / x.shape[1]
        self._centre, self._radius = ellipse(c)
        scaled = np.sqrt(c - 1) * centred
        self._reach = np.sqrt((scaled**2).sum(-1)).max(1)

    def at(self, u: Array) -> tuple[Array, Array, Array]:
        """Share of samples in the sharp basin [R], gradient [R, 2], covariance."""
        offset = u - self._mean
        scaled = np.sqrt(self._c - 1) * (offset - self._centre)
        distance = np.sqrt((scaled**2).sum(-1))
        sharp = distance < self._radius
        factor = np.where(sharp[:, None], 2 * self._c, 2.0)
        slope = factor * np.where(sharp[:, None], offset, offset - FLAT)
        cov = factor[:, :, None] * self._cov * factor[:, None, :]
        share = sharp.astype(float)
        near = np.flatnonzero(np.abs(distance - self._radius) <= self._reach)
        if len(near):
            share[near], slope[near], cov[near] = self._one_by_one(u[near], near)
        return share, slope, cov

    def _one_by_one(
        self, u: Array, runs: NDArray[np.intp]
    ) -> tuple[Array, Array, Array]:
        offset = u[:, None] - self._x[runs]
        sharp = offset**2 @ self._c < ((offset - FLAT) ** 2).sum(-1)
        gradients = np.where(
            sharp[..., None], 2 * self._c * offset, 2 * (offset - FLAT)
        )
        slope = gradients.mean(1)
        centred = gradients - slope[:, None]
        cov = np.einsum("rni,rnj->rij", centred, centred) / gradients.shape[1]
        return sharp.mean(1), slope, cov


def kick(noise: Shape, c: Array, share: Array, cov: Array, z: Array) -> Array:
    """Noise of E|noise|^2 = 1 in (p, q), from standard normal z, all [R, 2]."""
    if noise == "gd":
        return np.zeros_like(z)
    if noise == "constant":
        return z / math.sqrt(2)
    if noise == "leading":
        return _shaped(cov, z)
    if noise == "diagonal":
        turned = TURN.T @ cov @ TURN
        return _scaled(np.diagonal(turned, axis1=1, axis2=2), z) @ TURN.T
    if noise == "hessian":
        return _scaled(share[:, None] * (c - 1) + 1, z)
    axis: Array = np.array([[0.0, 1.0], TURN[:, 1]])[(share == 0).astype(int)]
    if c[0] > c[1]:
        axis = np.where(share[:, None] > 0, axis[:, ::-1], axis)
    return z[:, :1] * axis


def _scaled(variances: Array, z: Array) -> Array:
    shares: Array = variances / variances.sum(1, keepdims=True)
    return z * np.sqrt(shares)


def _shaped(cov: Array, z: Array) -> Array:
    """Noise of covariance cov / trace, through its Cholesky factor."""
    cov = cov / np.trace(cov, axis1=1, axis2=2)[:, None, None]
    first = np.sqrt(cov[:, 0, 0])
    slant = cov[:, 0, 1] / first
    rest = np.sqrt(np.maximum(cov[:, 1, 1] - slant**2, 0))
    return np.stack([first * z[:, 0], slant * z[:, 0] + rest * z[:, 1]], 1)
