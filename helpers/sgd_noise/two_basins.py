"""The paper's landscape in the plane: a sharp and a flat basin, and noisy descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from helpers.sgd_noise.arguments import (
    check_positive,
    read_count,
    read_real,
    read_seed,
)
from helpers.sgd_noise.particles import DATA, FLAT, TURN, Samples, Shape, ellipse, kick

Array = NDArray[np.float64]

SHAPES: tuple[str, ...] = get_args(Shape)
"""The noises that `TwoBasins.escape` accepts."""

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
        ends: Array = self.paths[:, -1].max(axis=1)
        return ends < _ESCAPED

    @property
    def exit_rate(self) -> tuple[float, float]:
        """Exits a step spent inside the sharp basin, and its standard error."""
        steps = self.paths.shape[1] - 1
        exits = int(np.count_nonzero(self.exit_step))
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
        turned: Array = 2 * TURN.T @ np.diag(self._c) @ TURN
        return turned

    def loss(self, w: ArrayLike) -> Array:
        """Loss at points w, [..., 2], with all data at the origin."""
        u = (read_real("w", w) - 1) @ TURN.T
        sharp, flat = u**2 @ self._c, ((u - FLAT) ** 2).sum(-1)
        lower: Array = np.minimum(sharp, flat)
        return lower

    def in_sharp_basin(self, w: ArrayLike) -> NDArray[np.bool_]:
        """Whether points w, [..., 2], lie in the sharp basin, with data at the origin.

        Not the same as not having left it: particles leave, and some come back.
        """
        u = (read_real("w", w) - 1) @ TURN.T
        lower: NDArray[np.bool_] = u**2 @ self._c < ((u - FLAT) ** 2).sum(-1)
        return lower

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
            seed: integer >= 0; one gives all noises the same data and random numbers.

        Raises:
            ValueError: unknown noise, or a number out of range.

        Cost: about 0.3 s for 2000 runs of 500 steps. Samples are looked at one by one
        only where a particle is so near the ridge that they may disagree.
        """
        if noise not in SHAPES:
            raise ValueError(f"noise must be one of {SHAPES}, got {noise!r}")
        if not 0 <= trace < math.inf:
            raise ValueError(f"trace must be finite and >= 0, got {trace!r}")
        check_positive("lr", lr)
        steps, runs = read_count("steps", steps), read_count("runs", runs)
        samples = read_count("samples", samples, least=2)
        rng = np.random.default_rng(read_seed(seed, least=0))
        basin = Samples(self._c, rng.normal(size=(runs, samples, 2)) * DATA)
        u, path = np.zeros((runs, 2)), np.zeros((steps + 1, runs, 2))
        exit_step = np.zeros(runs, int)
        share, slope, cov = basin.at(u)
        for step in range(1, steps + 1):
            z = rng.normal(size=(runs, 2))
            push = kick(noise, self._c, share, cov, z) * math.sqrt(trace)
            path[step] = u = u - lr * slope + push
            share, slope, cov = basin.at(u)
            exit_step[(share < 0.5) & (exit_step == 0)] = step
        return Escape((path @ TURN).swapaxes(0, 1) + 1, exit_step)

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
            lr: learning rate, below 1 / c_p and 1 / c_q.

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
        centre, radius = ellipse(self._c)
        weight = self._c - 1
        square = radius**2 - weight[0] * p**2
        if square <= 0:
            return 0.0
        ends = centre[1] + np.array([-1, 1]) * math.sqrt(square / weight[1])
        low, high = ends / (deviation * math.sqrt(2))
        return (math.erf(high) - math.erf(low)) / 2


def plot_basins(ax: Axes, basins: TwoBasins) -> None:
    """Draw contours of the landscape and its two minima."""
    grid = np.linspace(-1.7, 1.7, 201)
    points = np.stack(np.meshgrid(grid, grid), -1)
    levels = np.linspace(0.5, 8, 9)
    ax.contour(grid, grid, basins.loss(points), levels, colors="0.75", linewidths=0.7)
    ax.plot([1, -1], [1, -1], "k+", markersize=9)
    ax.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
