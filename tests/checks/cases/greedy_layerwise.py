from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "07_greedy_layerwise")


def forgets_epsilon(n, m, v, eps):
    kernel, _, shift = chapter("identity")(n, m, v, eps)
    return kernel, np.sqrt(v), shift


def averages(n, m, v, eps):
    return np.full((n, n, 3, 3), 1 / 9), np.sqrt(v + eps), m


RIGHT = [
    (checks.identity_block, lambda: chapter("identity")),
    (checks.unstable_error, lambda: chapter("unstable")),
    (checks.receptive_reach, lambda: chapter("reach")),
]
WRONG = [
    (checks.identity_block, forgets_epsilon, "for n = 1, batch norm changes its input"),
    (
        checks.identity_block,
        averages,
        "for n = 1, the convolution changes its input by",
    ),
    (checks.identity_block, lambda n, m, v, eps: 1.0, "expected three arrays (kernel,"),
    (
        checks.identity_block,
        lambda n, m, v, eps: (np.eye(n), m, v),
        "the shapes must be (1, 1, 3, 3), (1,) and (1,), got (1, 1), (1,) and (1,)",
    ),
    (
        checks.unstable_error,
        lambda L, epsilon, norm, kappa: epsilon * (1 + norm) * kappa**L,
        "kappa = 1.5 you say 0.045, the right value is 0.030000",
    ),
    (
        checks.receptive_reach,
        lambda layer, k, m: 2 * (layer + k - 1),
        "for layer 1, k = 1, m = 1 you say 2, the right value is 5",
    ),
]
FUNCTIONS = [checks.identity_block, checks.unstable_error, checks.receptive_reach]
VALUES = []
