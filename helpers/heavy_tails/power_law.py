"""The tail of a spectrum as a power law: an exact, fast Clauset scan (chapter 9)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.heavy_tails.arguments import (
    SAME,
    Array,
    as_eigenvalues,
    check_count,
    count_different,
)

Index = int | slice | NDArray[np.intp]

_TIED = 1e-13  # neighbours this close, unit: the larger, count as one value twice
_TRIES = 100  # resamples drawn for one that a power law can be fitted to


@dataclass(frozen=True)
class PowerLawFit:
    """A density proportional to x^-alpha for x >= xmin; made by `fit_power_law`.

    Attributes:
        alpha: maximum-likelihood exponent, > 1.
        xmin: where the tail begins, one of the eigenvalues.
        ks: Kolmogorov-Smirnov distance D of tail and law.
        n_tail: number of eigenvalues >= xmin.
        sigma: (alpha - 1) / sqrt(n_tail), the standard error for independent values
            and a given xmin; too small here, see `bootstrap_power_law`.
    """

    alpha: float
    xmin: float
    ks: float
    n_tail: int
    sigma: float


def fit_power_law(eigenvalues: ArrayLike) -> PowerLawFit:
    """Fit a power law to the tail, choosing where the tail begins.

    Clauset, Shalizi & Newman 2009, continuous case. Each eigenvalue x_i but the largest
    is tried as xmin: with n_i values from there on,

        alpha_i = 1 + n_i / sum_(j >= i) ln(x_j / x_i)
        D_i = max_(j >= i) |(x_j / x_i)^(1 - alpha_i) - (number >= x_j) / n_i|,

    and the one of least D_i wins, the first of equals. All alpha_i come from one
    suffix sum. The D_i are searched, not all computed (ours): the candidate of least
    lower bound, at first 0, is computed in full; the place where its gap was largest
    is a good place to bound the others from below; those whose bound exceeds the best
    D are dropped, until none is left. The answer is that of trying all. The distance
    takes the empirical law from the left at each value, as the package `powerlaw` does.

    Values that rounding tells apart are ties: neighbours within 1e-13 of each other. A
    tail all within 1e-5 of the largest is none, and three values that differ by more
    than that are needed.

    Args:
        eigenvalues: [M], zeros are left out (up to rounding: (16 eps)^2 of the
            largest); 3 different positive ones or more.

    Raises:
        ValueError: not such an array.

    Cost: O(M log M) for sorting, then tens of passes, the more the closer the law fits:
    119 for M = 10,000 quantiles of a power law; 1 to 5 ms there.
    """
    x = as_eigenvalues(eigenvalues)
    return fit_sorted(x[x > 0])


def fit_sorted(x: Array) -> PowerLawFit:
    """Return the fit to sorted positive values of any range; see `fit_power_law`."""
    tail = _Tails(x)
    best, chosen = math.inf, 0
    bound = np.zeros(len(tail.alpha))
    left = np.arange(len(bound))
    while len(left):
        i = left[bound[left].argmin()]
        distance, place = tail.distance(i)
        if (distance, i) < (best, chosen):
            best, chosen = distance, int(i)
        left = left[(bound[left] <= best) & (left != i)]
        near = left[left < place]
        bound[near] = np.maximum(bound[near], tail.gap(near, place))
    alpha, n = float(tail.alpha[chosen]), int(tail.above[chosen])
    xmin = float(tail.values[chosen])
    return PowerLawFit(alpha, xmin, best, n, (alpha - 1) / math.sqrt(n))


def tail_exponents(eigenvalues: ArrayLike) -> tuple[Array, Array, Array]:
    """Return xmin, alpha and D of every candidate of `fit_power_law`, three arrays [k].

    The candidates are the different positive eigenvalues but the largest, ascending,
    and those within 1e-5 of the largest are left out too.

    Raises:
        ValueError: as in `fit_power_law`.

    Cost: O(M^2); 20 ms for M = 1000.
    """
    x = as_eigenvalues(eigenvalues)
    tail = _Tails(x[x > 0])
    distances = np.array([tail.distance(i)[0] for i in range(len(tail.alpha))])
    return tail.values[: len(tail.alpha)], tail.alpha, distances


def bootstrap_power_law(
    eigenvalues: ArrayLike, *, n_draws: int = 200, seed: int
) -> Array:
    """Return the exponents of resampled spectra, xmin chosen anew for each.

    Their standard deviation exceeds `PowerLawFit.sigma`, which takes xmin as given.
    Eigenvalues repel each other and are not independent, so read it as indicative.

    Args:
        eigenvalues: [M], as in `fit_power_law`.
        n_draws: resamples, 2 or more.
        seed: integer >= 0.

    Returns:
        alpha, [n_draws].

    Raises:
        ValueError: an argument out of its range, or hardly a resample with 3 different
            values.

    Cost: n_draws fits.
    """
    check_count("n_draws", n_draws, 2)
    check_count("seed", seed, 0)
    x, rng = as_eigenvalues(eigenvalues), np.random.default_rng(seed)
    fit_sorted(x[x > 0])
    draws = iter(rng.integers(len(x), size=(n_draws, len(x))))

    def resample() -> Array:
        draw = next(draws, None)
        return x[rng.integers(len(x), size=len(x)) if draw is None else draw]

    return np.array([fit_a_draw(resample).alpha for _ in range(n_draws)])


def fit_a_draw(draw: Callable[[], Array]) -> PowerLawFit:
    """Return the fit to the first of 100 draws that has 3 different positive values.

    Few eigenvalues, drawn with replacement, often leave fewer.
    """
    for _ in range(_TRIES):
        x = np.sort(draw())
        x = x[x > 0]
        if count_different(x) == 3:
            return fit_sorted(x)
    raise ValueError(
        f"eigenvalues must leave 3 different ones in a resample, got {_TRIES} "
        "resamples with fewer"
    )


class _Tails:
    """Every tail of a sorted sample of positive numbers at once.

    values [k] are the different ones, above [k] how many of the sample are >= each;
    alpha the exponents with xmin there, for those that stand off the largest.
    """

    def __init__(self, x: Array) -> None:
        different = count_different(x)
        if different < 3:
            raise ValueError(
                "a power law needs 3 different positive eigenvalues or more, got "
                f"{different} (those within {SAME:g} of each other count as one, those "
                f"below 1e-29 of the largest as 0)"
            )
        first = np.flatnonzero(np.append(True, x[1:] * (1 - _TIED) > x[:-1]))
        self.values = x[first]
        self.logs = np.log(self.values)
        self.above = (len(x) - first).astype(np.float64)
        counts = -np.diff(self.above, append=0)
        sums = np.cumsum((counts * self.logs)[::-1])[::-1]
        k = int(np.searchsorted(self.values, self.values[-1] / (1 + SAME), "left"))
        self.alpha = 1 + self.above[:k] / (sums - self.above * self.logs)[:k]

    def gap(self, i: Index, j: Index) -> Array:
        """Distance at value j of the law and the sample, the tail beginning at i."""
        model = np.exp((1 - self.alpha[i]) * (self.logs[j] - self.logs[i]))
        gap: Array = np.abs(model - self.above[j] / self.above[i])
        return gap

    def distance(self, i: int) -> tuple[float, int]:
        """D_i, exactly, and the value where it is reached."""
        gaps = self.gap(i, slice(i, None))
        place = int(gaps.argmax())
        return float(gaps[place]), i + place
