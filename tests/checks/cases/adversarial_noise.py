from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "10_adversarial_noise")


def plain_rate(wrong, nearest, rng):
    return np.mean(wrong(rng.normal(size=(20_000, len(nearest)))))


def unweighted(wrong, nearest, rng):
    return np.mean(wrong(nearest + rng.normal(size=(20_000, len(nearest)))))


RIGHT = [
    (checks.farthest_quantile, lambda: chapter("farthest_quantile")),
    (checks.shell_ratio, lambda: chapter("shell_ratio")),
    (checks.importance_rate, lambda: chapter("importance_rate")),
]
WRONG = [
    (checks.farthest_quantile, lambda mu, alpha: 2.0, "for mu = 0.01, alpha = 0.5 you"),
    (checks.shell_ratio, lambda n, mu: n**0.5, "for n = 1, mu = 0.01 you say 1.0"),
    (checks.importance_rate, plain_rate, "expected a rate above 0, you return 0.0"),
    (checks.importance_rate, unweighted, "a half-space at 5 in 64 dimensions: you say"),
    (checks.importance_rate, lambda *a: "rare", "expected a rate above 0, you return"),
]
FUNCTIONS = [checks.farthest_quantile, checks.shell_ratio, checks.importance_rate]
VALUES = []
