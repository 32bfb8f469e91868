"""Growth laws of the normalized sensitivity, fitted to each draw."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from helpers.well_behaved.arguments import check_level
from helpers.well_behaved.trajectory import MomentTrajectory

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """A growth law fitted to each draw by least squares.

    Attributes:
        draws: the fitted number of each draw, [draws].
        residual: sum of squared residuals of log chi of each draw, [draws].
    """

    draws: Array
    residual: Array

    @property
    def value(self) -> float:
        """Mean over draws."""
        return float(self.draws.mean())

    @property
    def stderr(self) -> float:
        """Standard error of that mean; infinite for a single draw."""
        n = len(self.draws)
        return float(self.draws.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Student confidence interval of the mean.

        Raises:
            ValueError: `level` not between 0 and 1.
        """
        check_level(level)
        if len(self.draws) < 2:
            return -math.inf, math.inf
        half = student.ppf((1 + level) / 2, len(self.draws) - 1) * self.stderr
        return self.value - half, self.value + half


def growth_rate(
    trajectory: MomentTrajectory, first: int = 10, last: int | None = None
) -> Fit:
    """Fit chi_l = c g^l: the factor g by which chi grows a layer.

    Exponential growth, g > 1, is the paper's exploding sensitivity. Each draw gets its
    own least-squares slope of log chi against l; draws are never averaged before the
    logarithm, since chi is close to log-normal.

    Args:
        trajectory: from `propagate`.
        first: first layer of the fit.
        last: last layer of the fit; None for the last there is.

    Raises:
        ValueError: not 0 <= first < last <= depth with 3 layers or more.
    """
    layers = _layers(trajectory, first, last)
    slope, residual = _fit(layers.astype(float), trajectory.log_chi[:, layers])
    return Fit(np.exp(slope), residual)


def growth_exponent(
    trajectory: MomentTrajectory, first: int = 10, last: int | None = None
) -> Fit:
    """Fit chi_l = c (l + 1)^tau: the exponent of a power law.

    Labatie 2019 proves such bounds for batch-normalized residual networks. Otherwise as
    `growth_rate`.

    Args:
        trajectory: from `propagate`.
        first: first unit of the fit.
        last: last unit of the fit; None for the last there is.

    Raises:
        ValueError: as in `growth_rate`.
    """
    layers = _layers(trajectory, first, last)
    return Fit(*_fit(np.log(layers + 1.0), trajectory.log_chi[:, layers]))


def _layers(
    trajectory: MomentTrajectory, first: int, last: int | None
) -> NDArray[np.int64]:
    """Return the layers first..last of a fit."""
    end = trajectory.depth if last is None else last
    if not (first >= 0 and first + 2 <= end <= trajectory.depth):
        raise ValueError(
            "a fit needs 0 <= first, first + 2 <= last <= depth, "
            f"got first={first}, last={end}, depth={trajectory.depth}"
        )
    return np.arange(first, end + 1)


def _fit(abscissa: Array, values: Array) -> tuple[Array, Array]:
    """Return the least-squares slope and squared residual of each row."""
    a = abscissa - abscissa.mean()
    v = values - values.mean(axis=1, keepdims=True)
    slope = v @ a / (a @ a)
    return slope, ((v - slope[:, None] * a) ** 2).sum(axis=1)
