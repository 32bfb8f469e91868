"""Whether the tail of a spectrum is a power law at all (chapter 9)."""

import numpy as np
from numpy.typing import ArrayLike

from helpers.heavy_tails.arguments import (
    Array,
    as_eigenvalues,
    check_count,
    scale_of,
)
from helpers.heavy_tails.power_law import PowerLawFit, fit_a_draw, fit_sorted

_LEAST_ALPHA = 1.08  # a draw is at most 1e200 times xmin: u^(-1 / 0.08), u > 1e-16


def power_law_p_value(
    eigenvalues: ArrayLike, *, n_draws: int = 100, seed: int
) -> float:
    """Return how often a sample that is a power law fits one worse than the spectrum.

    The goodness-of-fit test of Clauset, Shalizi & Newman 2009. Fit the spectrum; draw
    samples of its size that follow the fitted law above xmin and are drawn from the
    spectrum itself below; fit each anew, xmin included; p is the share of them whose
    distance D is at least that of the spectrum. They rule the power law out where
    p <= 0.1. A large p does not show that the law is right: a tail of few values is
    hard to reject. Eigenvalues repel each other and so lie closer to any smooth law
    than independent values do, which makes p too large rather than too small.

    Args:
        eigenvalues: [M], as in `fit_power_law`.
        n_draws: samples, 2 or more; the standard error of p is
            sqrt(p (1 - p) / n_draws).
        seed: integer >= 0.

    Returns:
        p, from 0 to 1.

    Raises:
        ValueError: an argument out of its range.

    Cost: n_draws fits; 40 ms for M = 256.
    """
    check_count("n_draws", n_draws, 2)
    check_count("seed", seed, 0)
    x, rng = as_eigenvalues(eigenvalues), np.random.default_rng(seed)
    x = x[x > 0] / scale_of(x)
    fit = fit_sorted(x)
    if fit.alpha < _LEAST_ALPHA:
        # a power of x is a power law too, with the same D
        x = x ** (fit.alpha - 1)
        fit = fit_sorted(x)
    distances = [fit_a_draw(lambda: _drawn(x, fit, rng)).ks for _ in range(n_draws)]
    return float(np.mean(np.array(distances) >= fit.ks))


def _drawn(x: Array, fit: PowerLawFit, rng: np.random.Generator) -> Array:
    """Return a sample of the fitted law: resampled below xmin, Pareto above."""
    n = int(rng.binomial(len(x), fit.n_tail / len(x)))
    tail: Array = fit.xmin * (1 - rng.random(n)) ** (-1 / (fit.alpha - 1))
    body = x[x < fit.xmin]
    return np.concatenate([rng.choice(body, len(x) - n), tail]) if n < len(x) else tail
