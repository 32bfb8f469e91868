from functools import partial

import numpy as np
from checks.cases import solution
from scipy.stats import chi, norm

from helpers import checks

chapter = partial(solution, "10_adversarial_noise")


def plain_rate(wrong, nearest, rng):
    return np.mean(wrong(rng.normal(size=(20_000, len(nearest)))))


def unweighted(wrong, nearest, rng):
    return np.mean(wrong(nearest + rng.normal(size=(20_000, len(nearest)))))


def nearest_only(wrong, nearest, rng):
    """The linear law, without a draw."""
    return norm.sf(np.linalg.norm(nearest))


def along_one_line(wrong, nearest, rng):
    """Draws on the line through the nearest error alone."""
    t = np.linalg.norm(nearest)
    along = t + rng.normal(size=20_000)
    points = along[:, None] * nearest / t
    return np.mean(wrong(points) * np.exp(t * t / 2 - t * along))


def by_densities(wrong, nearest, rng):
    z = rng.normal(loc=nearest, size=(20_000, len(nearest)))
    logs = ((z - nearest) ** 2 - z**2).sum(axis=1) / 2
    return float(np.where(wrong(z), np.exp(logs), 0).mean())


def with_mirrors(wrong, nearest, rng):
    """Antithetic draws, in an array of no dimensions."""
    half = rng.normal(size=(10_000, len(nearest)))
    z = nearest + np.concatenate([half, -half])
    weight = np.exp(-z @ nearest + nearest @ nearest / 2)
    return np.array((wrong(z) * weight).mean())


def quantile(mu, p):
    return np.maximum(norm.isf(mu) - norm.isf(p), 0)


RIGHT = [
    (checks.farthest_quantile, lambda: chapter("farthest_quantile")),
    (checks.farthest_quantile, lambda: quantile),
    (checks.farthest_quantile, lambda: lambda *a: np.array(quantile(*a))),
    (checks.shell_ratio, lambda: chapter("shell_ratio")),
    (checks.shell_ratio, lambda: lambda n, mu: -chi.ppf(1 - mu, n) / norm.ppf(mu)),
    (
        checks.shell_ratio,
        lambda: lambda *a: np.array([chi.isf(a[1], a[0])])[0] / norm.isf(a[1]),
    ),
    (checks.importance_rate, lambda: chapter("importance_rate")),
    (checks.importance_rate, lambda: by_densities),
    (checks.importance_rate, lambda: with_mirrors),
]
WRONG = [
    (checks.farthest_quantile, lambda mu, p: 2.0, "for mu = 0.01, p = 0.5 you say 2"),
    (
        checks.farthest_quantile,
        lambda mu, p: norm.isf(mu) - norm.isf(p),
        "for mu = 0.4, p = 0.1 you say -1.028",
    ),
    (checks.farthest_quantile, lambda mu, p: norm.isf(mu), "for mu = 0.2, p = 0.9"),
    (checks.shell_ratio, lambda n, mu: n**0.5, "for n = 1, mu = 0.01 you say 1,"),
    (checks.shell_ratio, lambda n, mu: chi.isf(mu, n), "for n = 1, mu = 0.01 you"),
    (
        checks.shell_ratio,
        lambda n, mu: (n**0.5 + norm.isf(mu) / 2**0.5) / norm.isf(mu),
        "for n = 1, mu = 0.01 you say 1.137",
    ),
    (checks.importance_rate, plain_rate, "expected a rate above 0, you return 0.0"),
    (checks.importance_rate, unweighted, "a half-space at 5 in 64 dimensions: you say"),
    (checks.importance_rate, nearest_only, "a quarter-space at 5 in 16 dimensions"),
    (checks.importance_rate, along_one_line, "a quarter-space at 5 in 16 dimensions"),
    (checks.importance_rate, lambda *a: "rare", "expected a rate above 0, you return"),
]
FUNCTIONS = [checks.farthest_quantile, checks.shell_ratio, checks.importance_rate]
VALUES = []
