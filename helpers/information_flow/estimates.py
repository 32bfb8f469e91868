"""An estimate with its error and its ceiling, and the draws it is made from."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.information_flow.arguments import check_count


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo estimate in nats.

    Attributes:
        value: the estimate.
        standard_error: of the integration by random draws; not of the bias.
        cap: what the method cannot exceed, whatever the truth.
    """

    value: float
    standard_error: float
    cap: float

    @property
    def saturated(self) -> bool:
        """Whether the value is within ln 2 of the cap.

        Then fewer than two of the samples are confused on average: they hardly overlap,
        and the value tells how many there are, not how they lie.
        """
        return self.value > self.cap - math.log(2)


def two_stage(values: Tensor, population: float) -> tuple[float, float]:
    """Mean and standard error of draws [c, m]: m at each of c centres.

    The c centres are drawn without replacement from `population`, perhaps infinite.
    Sampling in two stages has variance
    (1 - c/population) between / c + (c/population) within / (c m); a single draw a
    centre does not show the variance within, and all of it is taken to be between.
    """
    c, m = values.shape
    centres = values.mean(1)
    between = centres.var().item() if c > 1 else 0.0
    if m == 1:
        return centres.mean().item(), math.sqrt(between / c)
    share = c / population
    within = values.var(1).mean().item()
    variance = (1 - share) * between / c + share * within / (c * m)
    return centres.mean().item(), math.sqrt(variance)


def chosen_centres(population: int, draws: int, generator: torch.Generator) -> Tensor:
    """Indices [c, m] of the centres that get a draw: all, or one each for a few."""
    if draws >= 2 * population:
        every = torch.arange(population, device=generator.device)
        return every[:, None].expand(-1, draws // population)
    order = torch.randperm(population, generator=generator, device=generator.device)
    return order[: min(draws, population), None]


def seeded(seed: int, device: torch.device) -> torch.Generator:
    """A generator of its own."""
    check_count("seed", seed, 0)
    return torch.Generator(device).manual_seed(int(seed))


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard Gaussian numbers in float64."""
    return torch.randn(
        shape, generator=generator, dtype=torch.float64, device=generator.device
    )
