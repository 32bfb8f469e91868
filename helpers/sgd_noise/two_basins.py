"""The paper's landscape in the plane: a sharp and a flat basin, and noisy descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Shape = Literal["gd", "constant", "diagonal", "leading", "hessian", "first"]

SHAPES: tuple[str, ...] = get_args(Shape)
"""The noises that `TwoBasins.escape` accepts."""

_TURN = np.array([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)  # (w1, w2) -> (p, q)
_DATA = np.sqrt([1e-3, 1e-4])  # deviation of the data along p and q
_FLAT = np.array([0.0, -2 * math.sqrt(2)])  # the flat minimum, seen from the sharp one
_ESCAPED = -0.5  # both coordinates below this: out for good, as in the paper's code


@dataclass(frozen=True, eq=False)
class Escape:
    """Many particles that start in the sharp minimum; made by `TwoBasins.escape`.

    Attributes:
        paths: positions (w1, w2), [runs, steps + 1, 2].
        exit_step: first step after which most samples see the particle in the flat
            basin, [runs]; 0 if there is none.
    """

    paths: Array
    exit_step: NDArray[np.int64]

    @property
    def escaped(self) -> NDArray[np.bool_]:
        """Whether a particle ends around the flat minimum, [runs]."""
        return (self.paths[:, -1] < _ESCAPED).all(axis=1)

    @property
    def exit_rate(self) -> tuple[float, float]:
        """Exits a step spent inside the sharp basin, and its standard error."""
        steps = self.paths.shape[1] - 1
        exits = np.count_nonzero(self.exit_step)
        inside = np.where(self.exit_step > 0, self.exit_step, steps).sum()
        return exits / inside, math.sqrt(max(exits, 1)) / inside


@dataclass(frozen=True)
class TwoBasins:
    """Mean over data x of min(sharp, flat) in the plane; Zhu et al. 2019, figure 2.

    With p = (a - b) / sqrt 2 and q = (a + b) / sqrt 2 of (a, b) = w - x - (1, 1), a
    sample's loss is min(c_p p^2 + c_q q^2, |w - x + (1, 1)|^2): a sharp minimum at
    (1, 1), Hessian eigenvalues 2 c_p and 2 c_q, and a flat one at (-1, -1), Hessian
    2 I. The data are centred Gaussians of variance 1e-3 along p and 1e-4 along q.

    Attributes:
        curvature: (c_p, c_q), both > 1; the paper's are (10, 100).

    Raises:
        ValueError: curvature is not two numbers > 1.
    """

    curvature: tuple[float, float] = (10.0, 100.0)

    def __post_init__(self) -> None:
        if not (len(self.curvature) == 2 and min(self.curvature) > 1):
            raise ValueError(f"curvature must be two numbers > 1, got {self.curvature}")

    @property
    def hessian(self) -> Array:
        """Hessian at the sharp minimum in the coordinates (w1, w2), [2, 2]."""
        return 2 * _TURN.T @ np.diag(self.curvature) @ _TURN

    def loss(self, w: ArrayLike) -> Array:
        """Loss at points w, [..., 2], with all data at the origin."""
        u = (np.asarray(w, float) - 1) @ _TURN.T
        return np.minimum(u**2 @ self._c, ((u - _FLAT) ** 2).sum(-1))

    def escape(
        self,
        noise: Shape,
        *,
        trace: float = 0.01,
        lr: float = 0.005,
        steps: int = 500,
        runs: int = 100,
        samples: int = 100,
        seed: int,
    ) -> Escape:
        """Descend from the sharp minimum: w -> w - lr grad L(w) + noise.

        The noise is Gaussian with E|noise|^2 = trace in every step, and shaped as

            gd         no noise
            constant   I
            diagonal   diagonal of the samples' gradient covariance at w
            leading    that covariance (the paper keeps 20 eigenvectors, here all 2)
            hessian    Hessian at w
            first      its first eigenvector; the axis w2 where both are as good

        As in the authors' code the noise is added to w: lr does not scale it.

        Args:
            noise: one of `SHAPES`.
            trace: E|noise|^2, >= 0; the paper's is 0.01.
            lr: learning rate, > 0.
            steps: >= 1.
            runs: particles, each with its own data and noise.
            samples: data points of a particle, >= 2.
            seed: integer; one seed gives all noises the same data and random numbers.

        Raises:
            ValueError: unknown noise, or a number out of range.

        Cost: about 0.3 s for 2000 runs of 500 steps. Samples are looked at one by one
        only where a particle is so near the ridge that they may disagree.
        """
        if noise not in SHAPES:
            raise ValueError(f"noise must be one of {SHAPES}, got {noise!r}")
        checks = {"trace": trace >= 0, "lr": lr > 0, "steps": steps >= 1}
        checks |= {"runs": runs >= 1, "samples": samples >= 2}
        for name, fine in checks.items():
            if not fine:
                raise ValueError(f"{name} is out of range, got {locals()[name]!r}")
        rng = np.random.default_rng(seed)
        basin = _Samples(self._c, rng.normal(size=(runs, samples, 2)) * _DATA)
        u, path = np.zeros((runs, 2)), np.zeros((steps + 1, runs, 2))
        exit_step = np.zeros(runs, int)
        for step in range(1, steps + 1):
            share, slope, cov = basin.at(u)
            z = rng.normal(size=(runs, 2))
            kick = _kick(noise, self._c, share, cov, z) * math.sqrt(trace)
            path[step] = u = u - lr * slope + kick
            out = (basin.at(u)[0] < 0.5) & (exit_step == 0)
            exit_step[out] = step
        return Escape((path @ _TURN).swapaxes(0, 1) + 1, exit_step)

    def exit_rate(
        self, noise: Shape, *, trace: float = 0.01, lr: float = 0.005
    ) -> float:
        """Chance that a particle is found outside the sharp basin after a step (ours).

        With all data at the origin the basin is an ellipse. Inside it p and q are
        independent Gaussian chains, and for lr = 1 / (2 c_q), the paper's, each step
        draws q anew; this is the chance of their stationary law outside the ellipse.

        Args:
            noise: "constant", "hessian" or "first", whose shape is fixed inside.
            trace: E|noise|^2, > 0.
            lr: learning rate, below 1 / c.

        Raises:
            ValueError: another noise, trace or lr out of range.
        """
        shapes = {"constant": (1, 1), "hessian": self.curvature, "first": (0, 1)}
        if noise not in shapes:
            raise ValueError(f"noise must be one of {list(shapes)}, got {noise!r}")
        keep = 1 - 2 * lr * self._c
        if not (trace > 0 and (np.abs(keep) < 1).all()):
            raise ValueError(
                f"trace must be > 0 and lr below {1 / self._c.max():g}, "
                f"got {trace!r} and {lr!r}"
            )
        share = np.array(shapes[noise]) / np.sum(shapes[noise])
        p_deviation, q_deviation = np.sqrt(trace * share / (1 - keep**2))
        z, weights = np.polynomial.hermite_e.hermegauss(60)
        inside = [self._inside(p_deviation * at, q_deviation) for at in z]
        return float(1 - weights @ inside / weights.sum())

    @cached_property
    def _c(self) -> Array:
        return np.array(self.curvature, float)

    def _inside(self, p: float, deviation: float) -> float:
        """Chance that q, Gaussian, lies in the sharp basin at this p."""
        centre, radius = _ellipse(self._c)
        weight = self._c - 1
        square = radius**2 - weight[0] * p**2
        if square <= 0:
            return 0.0
        ends = centre[1] + np.array([-1, 1]) * math.sqrt(square / weight[1])
        low, high = ends / (deviation * math.sqrt(2))
        return (math.erf(high) - math.erf(low)) / 2


def _ellipse(c: Array) -> tuple[Array, float]:
    """The sharp basin: |sqrt(c - 1) (u - centre)| < radius."""
    centre = -_FLAT / (c - 1)
    return centre, math.sqrt(_FLAT @ _FLAT + (c - 1) @ centre**2)


class _Samples:
    """The data of every run, and what they say at a point."""

    def __init__(self, c: Array, x: Array) -> None:
        self._c, self._x = c, x
        self._mean = x.mean(1)
        centred = x - self._mean[:, None]
        self._cov = np.einsum("rni,rnj->rij", centred, centred) / x.shape[1]
        self._centre, self._radius = _ellipse(c)
        scaled = np.sqrt(c - 1) * centred
        self._reach = np.sqrt((scaled**2).sum(-1)).max(1)

    def at(self, u: Array) -> tuple[Array, Array, Array]:
        """Share of samples in the sharp basin [R], gradient [R, 2], covariance."""
        offset = u - self._mean
        scaled = np.sqrt(self._c - 1) * (offset - self._centre)
        distance = np.sqrt((scaled**2).sum(-1))
        sharp = distance < self._radius
        factor = np.where(sharp[:, None], 2 * self._c, 2.0)
        slope = factor * np.where(sharp[:, None], offset, offset - _FLAT)
        cov = factor[:, :, None] * self._cov * factor[:, None, :]
        share = sharp.astype(float)
        near = np.flatnonzero(np.abs(distance - self._radius) <= self._reach)
        if len(near):
            share[near], slope[near], cov[near] = self._one_by_one(u[near], near)
        return share, slope, cov

    def _one_by_one(self, u: Array, runs: NDArray) -> tuple[Array, Array, Array]:
        offset = u[:, None] - self._x[runs]
        sharp = offset**2 @ self._c < ((offset - _FLAT) ** 2).sum(-1)
        gradients = np.where(
            sharp[..., None], 2 * self._c * offset, 2 * (offset - _FLAT)
        )
        slope = gradients.mean(1)
        centred = gradients - slope[:, None]
        cov = np.einsum("rni,rnj->rij", centred, centred) / gradients.shape[1]
        return sharp.mean(1), slope, cov


def _kick(noise: Shape, c: Array, share: Array, cov: Array, z: Array) -> Array:
    """Noise of E|noise|^2 = 1 in (p, q), from standard normal z, all [R, 2]."""
    if noise == "gd":
        return np.zeros_like(z)
    if noise == "constant":
        return z / math.sqrt(2)
    if noise == "leading":
        return _shaped(cov, z)
    if noise == "diagonal":
        turned = _TURN.T @ cov @ _TURN
        return _scaled(np.diagonal(turned, axis1=1, axis2=2), z) @ _TURN.T
    if noise == "hessian":
        return _scaled(share[:, None] * (c - 1) + 1, z)
    axis = np.array([[0.0, 1.0], _TURN[:, 1]])[(share == 0).astype(int)]
    if c[0] > c[1]:
        axis = np.where(share[:, None] > 0, axis[:, ::-1], axis)
    return z[:, :1] * axis


def _scaled(variances: Array, z: Array) -> Array:
    return z * np.sqrt(variances / variances.sum(1, keepdims=True))


def _shaped(cov: Array, z: Array) -> Array:
    """Noise of covariance cov / trace, through its Cholesky factor."""
    cov = cov / np.trace(cov, axis1=1, axis2=2)[:, None, None]
    first = np.sqrt(cov[:, 0, 0])
    slant = cov[:, 0, 1] / first
    rest = np.sqrt(np.maximum(cov[:, 1, 1] - slant**2, 0))
    return np.stack([first * z[:, 0], slant * z[:, 0] + rest * z[:, 1]], 1)
