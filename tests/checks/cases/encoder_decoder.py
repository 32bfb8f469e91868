import math
from functools import partial
from itertools import chain, combinations
from math import comb

import numpy as np
import torch
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "04_encoder_decoder")


def by_pseudo_inverse(psi, alpha, skip):
    """As a list, and with the skip branch counted in another way."""
    columns = psi.reshape(len(psi), -1)
    gain = alpha + 1 if skip else alpha
    dual = np.linalg.pinv(columns).T / (gain * psi.shape[-1])
    return dual.reshape(psi.shape).tolist()


def without_the_condition(psi, alpha, skip):
    """Psi~ Psi^T is no multiple of I, but its sums along the shifts are right."""
    columns = psi.reshape(len(psi), -1).T
    product = np.eye(len(columns))
    product[0, 0], product[1, 1] = 1.3, 0.7
    dual = product @ np.linalg.solve(columns @ columns.T, columns)
    return (dual / (psi.shape[2] * (alpha + skip))).T.reshape(psi.shape)


def without_skip(psi, alpha, skip):
    return chapter("dual_filters")(psi, alpha, False)


def right_for_one_gain(psi, alpha, skip):
    """1 / (3 m) with skips, which is right for alpha = 2 alone."""
    return chapter("dual_filters")(psi, 2.0 if skip else alpha, skip)


def without_taps(psi, alpha, skip):
    return chapter("dual_filters")(psi, alpha, skip) * psi.shape[2]


def infinite(psi, alpha, skip):
    return np.full(psi.shape, np.inf)


def by_subsets(normals):
    """Whitney's formula: (-1)^(size - rank) over all subsets of the hyperplanes."""
    rows = range(len(normals))
    subsets = chain.from_iterable(combinations(rows, k) for k in range(len(rows) + 1))
    return sum(
        (-1) ** (len(s) - (np.linalg.matrix_rank(normals[list(s)]) if s else 0))
        for s in subsets
    )


def as_a_tensor(normals):
    return torch.tensor(chapter("cones_between")(normals))


def general_position(normals):
    n, d = normals.shape
    return 2 * sum(comb(n - 1, j) for j in range(d))


def by_sampling(normals):
    points = np.random.default_rng(0).normal(size=(10_000, normals.shape[1]))
    return len(np.unique(points @ normals.T > 0, axis=0))


def by_differences(x, threshold, sigma):
    """The divergence as the slope of each coordinate."""

    def soft(v):
        return np.sign(v) * np.maximum(abs(v) - threshold, 0)

    slope = (soft(x + 1e-7) - soft(x - 1e-7)) / 2e-7
    return ((soft(x) - x) ** 2).mean() + sigma**2 * (2 * slope.mean() - 1)


def by_donoho(x, threshold, sigma):
    """Donoho & Johnstone's form: n - 2 #{|x| <= t} + sum min(|x|, t)^2, over n."""
    z, t = x / sigma, threshold / sigma
    closed = np.count_nonzero(abs(z) <= t)
    total = len(z) - 2 * closed + (np.minimum(abs(z), t) ** 2).sum()
    return torch.tensor(sigma**2 * total / len(z))


def without_divergence(x, threshold, sigma):
    return (np.minimum(abs(x), threshold) ** 2).mean() - sigma**2


def summed(x, threshold, sigma):
    return len(x) * chapter("soft_sure")(x, threshold, sigma)


RIGHT = [
    (checks.dual_filters, lambda: chapter("dual_filters")),
    (checks.dual_filters, lambda: by_pseudo_inverse),
    (checks.dual_filters, lambda: without_the_condition),
    (checks.cone_count, lambda: chapter("cones_between")),
    (checks.cone_count, lambda: by_subsets),
    (checks.cone_count, lambda: as_a_tensor),
    (checks.threshold_sure, lambda: chapter("soft_sure")),
    (checks.threshold_sure, lambda: by_differences),
    (checks.threshold_sure, lambda: by_donoho),
]
WRONG = [
    (checks.dual_filters, without_skip, "for alpha = 1, skip True the error is"),
    (checks.dual_filters, right_for_one_gain, "for alpha = 1, skip True the error is"),
    (checks.dual_filters, without_taps, "for alpha = 1, skip False the error is 2 of"),
    (checks.dual_filters, infinite, "for alpha = 1, skip False the error is inf"),
    (checks.dual_filters, lambda *_: np.eye(2), "an array of shape (8, 2, 3), got (2"),
    (checks.dual_filters, lambda *_: "psi", "(8, 2, 3), got something else"),
    (checks.cone_count, general_position, "for x_i = x_j in four dimensions you say"),
    (checks.cone_count, lambda normals: 2 ** len(normals), "you say 16, there are 8"),
    (checks.cone_count, by_sampling, "for two planes at an angle of 1e-4 and one more"),
    (checks.cone_count, lambda normals: "many", "you say many, there are 8"),
    (
        checks.threshold_sure,
        lambda *_: 0.0,
        "for t = 0.5, sigma = 0.5 you say 0, right",
    ),
    (checks.threshold_sure, lambda *_: math.nan, "you say nan, right is"),
    (checks.threshold_sure, without_divergence, "for t = 0.5, sigma = 0.5 you say -0"),
    (checks.threshold_sure, summed, "for t = 0.5, sigma = 0.5 you say 1"),
]
FUNCTIONS = [checks.dual_filters, checks.cone_count, checks.threshold_sure]
VALUES = []
