"""Error rates too small to count: multilevel splitting, and distances from them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from torch import Tensor

from helpers.adversarial_noise.decisions import (
    Model,
    generator,
    labels,
    logits,
    read_count,
    read_images,
    read_open_unit,
    read_per_image,
    scores,
)

Array = NDArray[np.float64]

_WANTED = 0.4  # share of moves that are accepted
_CORRELATED = 2.0  # standard error beside that of independent particles, at most


@dataclass(frozen=True, eq=False)
class RareRate:
    """Error rates found by splitting, [images] each.

    Attributes:
        log10: of the error rate; -inf where it is below the floor.
        stderr: of `log10`, as for independent particles; see `rare_error_rate`.
        calls: evaluations of the model.
    """

    log10: Array
    stderr: Array
    calls: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """Distances to the nearest error from rates of rare errors.

    Attributes:
        distance: at vanishing noise, [images].
        low, high: its confidence interval, [images].
        sigma: noise scales, [images, fractions].
        values: -sigma Phi^{-1}(mu) there, [images, fractions].
    """

    distance: Array
    low: Array
    high: Array
    sigma: Array
    values: Array


def rare_error_rate(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    n: int = 1000,
    *,
    keep: float = 0.2,
    moves: int = 5,
    floor: float = 1e-60,
    seed: int,
) -> RareRate:
    """Return error rates in noise far below 1 / n, without gradients.

    Adaptive multilevel splitting (Webb et al. 2019, for networks). n particles z start
    as standard Gaussian vectors. The level is the score max_j l_j - l_y that a share
    `keep` of them reaches at x + sigma z; the others are replaced by copies of
    these, and all make `moves` steps z -> sqrt(1 - b^2) z + b xi, accepted where the
    score stays above the level, which leaves the Gaussian law beyond it as it is; b
    adapts to 40 % acceptance. This is repeated until a share `keep` of the particles
    errs; the shares are multiplied.

    Args:
        model: [n, ...] -> logits [n, C], in eval mode.
        x: images [images, ...].
        y: right labels [images].
        sigma: standard deviation of the noise > 0, one number or one for each image.
        n: particles, >= 20.
        keep: share that survives a level, in (0, 1), n keep >= 2.
        moves: steps after each level, >= 1.
        floor: the search ends at rates below this, in (0, 1).
        seed: integer >= 0; an image's result depends on it and its place alone.

    Returns:
        log10 of the rates. The standard error is that of independent particles,
        sqrt(sum over levels of (1 - p) / (p n)) / ln 10. Correlated moves add to it:
        on networks for digits a tenth at rates of 1e-10, a factor of two at 1e-25.

    Raises:
        ValueError: an argument out of its range.

    Cost: n (1 + moves log(mu) / log(keep)) forward passes an image: 9e4 at 1e-12.
    """
    x, y = read_images(x, y)
    sigmas = read_per_image("sigma", sigma, x)
    read_count("n", n, 20)
    read_count("moves", moves)
    read_open_unit("keep", keep)
    read_open_unit("floor", floor)
    if n * keep < 2:
        raise ValueError(f"n keep must be at least 2, got {n} times {keep}")
    found = []
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        particles = _Particles(
            model, image, int(label), sigmas[i], n, generator(seed, i, x.device)
        )
        found.append(particles.split(keep, moves, math.log(floor)))
    log_rate, variance, calls = map(np.array, zip(*found, strict=True))
    log10 = math.log(10)
    return RareRate(log_rate / log10, np.sqrt(variance) / log10, calls)


def probit_distance(
    model: Model,
    x: Tensor,
    y: Tensor,
    sigma: ArrayLike,
    fractions: Sequence[float] = (0.6, 0.4),
    n: int = 1000,
    *,
    level: float = 0.95,
    seed: int,
) -> Extrapolation:
    """Return the distance to the nearest error from noise alone, without an attack.

    Ours. -s Phi^{-1}(mu(s)) tends to d(x_0, E) as the noise s vanishes, whatever the
    shape of E. Where the boundary is smooth at the nearest error, mu(s) is about
    K Phi(-d / s) with a constant K (curvature: Breitung 1984; several nearest errors),
    so that -s Phi^{-1}(mu(s)) = d - (log K / d) s^2 + O(s^4). The rates at two
    or more noise scales come from `rare_error_rate`; a line in s^2 gives d at s = 0.

    Args:
        model: [n, ...] -> logits [n, C], in eval mode; need not be differentiable.
        x: images [images, ...].
        y: right labels [images].
        sigma: noise scale > 0, one number or one for each image, such as
            sigma(x_0, 0.01) from `noise_scale`.
        fractions: of `sigma`, two or more distinct numbers > 0.
        n: particles.
        level: confidence of the interval, in (0, 1).
        seed: integer >= 0.

    Returns:
        The distance; its interval counts the spread of splitting (twice the standard
        error of `rare_error_rate`, to be safe), not the terms O(s^4). nan where the
        clean image is wrong, or a rate is below 1e-60.

    Raises:
        ValueError: an argument out of its range.

    Cost: that of `rare_error_rate` at each fraction.
    """
    shares = np.asarray(fractions, dtype=np.float64)
    if not (shares.ndim == 1 and (shares > 0).all() and len(set(shares)) >= 2):
        raise ValueError(
            f"fractions must be two or more distinct numbers > 0, got {fractions}"
        )
    read_open_unit("level", level)
    x, y = read_images(x, y)
    scales = read_per_image("sigma", sigma, x)[:, None] * shares
    rates = [rare_error_rate(model, x, y, s, n, seed=seed) for s in scales.T]
    mu = 10.0 ** np.stack([rate.log10 for rate in rates], axis=1)
    mu[(labels(model, x) != y).cpu().numpy()] = math.nan
    spread = _CORRELATED * np.stack([rate.stderr for rate in rates], axis=1)
    values = scales * norm.isf(mu)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = scales * mu * math.log(10) * spread / norm.pdf(norm.isf(mu))
        distance, stderr = _intercept(scales**2, values, error)
    half = norm.ppf((1 + level) / 2) * stderr
    return Extrapolation(distance, distance - half, distance + half, scales, values)


def _intercept(a: Array, values: Array, error: Array) -> tuple[Array, Array]:
    """Return the weighted least-squares line of each row at a = 0, and its error."""
    weight = error**-2.0
    total = weight.sum(axis=1)
    centre = (weight * a).sum(axis=1) / total
    spread = (weight * (a - centre[:, None]) ** 2).sum(axis=1)
    slope = (weight * (a - centre[:, None]) * values).sum(axis=1) / spread
    intercept = (weight * values).sum(axis=1) / total - slope * centre
    return intercept, np.sqrt(1 / total + centre**2 / spread)


class _Particles:
    """Standard Gaussian vectors z above a level of the score at image + sigma z."""

    def __init__(
        self,
        model: Model,
        image: Tensor,
        label: int,
        sigma: float,
        n: int,
        made: torch.Generator,
    ) -> None:
        self.model, self.image, self.label = model, image, label
        self.sigma, self.made, self.calls, self.step = sigma, made, 0, 0.5
        self.z = self._gaussian(n)
        self.score = self._score(self.z)

    def split(self, keep: float, moves: int, floor: float) -> tuple[float, float, int]:
        """Return log of the error rate, its variance and the number of calls."""
        n, log_rate, variance = len(self.z), 0.0, 0.0
        while True:
            order = self.score.argsort(descending=True)
            level = self.score[order[math.ceil(keep * n) - 1]].clamp(max=0)
            alive = self.score > 0 if level == 0 else self.score >= level
            if alive.all():  # all stand on one step of the score, or err
                alive = self.score > level if level < 0 else alive
            share = alive.double().mean().item()
            log_rate += math.log(share) if share else -math.inf
            if level == 0 or log_rate < floor:
                variance += (1 - share) / (n * share) if share else 0
                reached = level == 0 and log_rate >= floor
                return log_rate if reached else -math.inf, variance, self.calls
            variance += (1 - share) / (n * share)
            level = self.score[alive].min()
            survivors = order[: int(alive.sum())]
            chosen = self._copies(survivors, n)
            self.z, self.score = self.z[chosen], self.score[chosen]
            for _ in range(moves):
                self._move(level)

    def _move(self, level: Tensor) -> None:
        """Make one step of preconditioned Crank-Nicolson above the level."""
        b = self.step
        proposed = math.sqrt(1 - b * b) * self.z + b * self._gaussian(len(self.z))
        score = self._score(proposed)
        accepted = score >= level
        shape = (-1,) + (1,) * (self.z.ndim - 1)
        self.z = torch.where(accepted.view(shape), proposed, self.z)
        self.score = torch.where(accepted, score, self.score)
        rate = accepted.double().mean().item()
        self.step = min(0.99, b * math.exp(rate - _WANTED))

    def _copies(self, survivors: Tensor, n: int) -> Tensor:
        """Return n indices, each survivor equally often but for one, at random."""
        places = torch.arange(n, device=survivors.device) % len(survivors)
        shuffled = torch.randperm(
            len(survivors), generator=self.made, device=survivors.device
        )
        return survivors[shuffled[places]]

    def _gaussian(self, n: int) -> Tensor:
        like = {"dtype": self.image.dtype, "device": self.image.device}
        return torch.randn((n, *self.image.shape), generator=self.made, **like)

    def _score(self, z: Tensor) -> Tensor:
        self.calls += len(z)
        return scores(logits(self.model, self.image + self.sigma * z), self.label)
