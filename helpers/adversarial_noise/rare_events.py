"""Error rates too small to count, by multilevel splitting."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from helpers.adversarial_noise.arguments import (
    read_count,
    read_images,
    read_open_unit,
    read_per_image,
)
from helpers.adversarial_noise.classifiers import classifier
from helpers.adversarial_noise.decisions import Model, logits, scores
from helpers.adversarial_noise.draws import gaussian, generator

Array = NDArray[np.float64]

_WANTED = 0.4  # share of moves that are accepted


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
        model: [n, ...] -> logits [n, C] or [n, 1], in eval mode; see `labels`.
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
        TypeError: an argument of another kind.
        ValueError: an argument out of its range, a model as refused by `labels`.

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
    with classifier(model, x, y, counted=True) as (read, x, y):
        for i, (image, label) in enumerate(zip(x, y, strict=True)):
            particles = _Particles(
                read, image, int(label), sigmas[i], n, generator(seed, i, x.device)
            )
            found.append(particles.split(keep, moves, math.log(floor)))
    log_rate, variance, calls = map(np.array, zip(*found, strict=True))
    log10 = math.log(10)
    return RareRate(log_rate / log10, np.sqrt(variance) / log10, calls)


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
        return gaussian(self.image, n, self.made)

    def _score(self, z: Tensor) -> Tensor:
        self.calls += len(z)
        return scores(logits(self.model, self.image + self.sigma * z), self.label)
