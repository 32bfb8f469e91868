from functools import partial

import numpy as np
import torch
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "07_greedy_layerwise")


def in_single_precision(n, m, v, eps):
    kernel = torch.zeros(n, n, 3, 3)
    torch.nn.init.dirac_(kernel)
    return kernel, torch.tensor(v + eps).sqrt(), torch.tensor(m)


def as_lists(n, m, v, eps):
    return [np.asarray(part).tolist() for part in in_single_precision(n, m, v, eps)]


def by_recursion(L, epsilon, norm, a):
    error = 0.0
    for _ in range(L):
        error = a * error + epsilon * (1 + norm)
    return error


def by_sum(L, epsilon, norm, a):
    return torch.tensor(epsilon * (1 + norm) * sum(a**i for i in range(L)))


def by_pixels(layer, k, m):
    """The interval that one unit sees, from the head down."""
    seen = 1
    for number in range(layer + k - 1, 0, -1):
        seen += 2
        if number == m and layer >= m:
            seen *= 2
    return seen - 1


def shifts(n, m, v, eps):
    kernel, scale, _ = chapter("identity")(n, m, v, eps)
    return kernel, scale, np.zeros(n)


def forgets_epsilon(n, m, v, eps):
    kernel, _, shift = chapter("identity")(n, m, v, eps)
    return kernel, np.sqrt(v), shift


def averages(n, m, v, eps):
    return np.full((n, n, 3, 3), 1 / 9), np.sqrt(v + eps), m


RIGHT = [
    (checks.identity_block, lambda: chapter("identity")),
    (checks.identity_block, lambda: in_single_precision),
    (checks.identity_block, lambda: as_lists),
    (checks.unstable_error, lambda: chapter("unstable")),
    (checks.unstable_error, lambda: by_recursion),
    (checks.unstable_error, lambda: by_sum),
    (checks.receptive_reach, lambda: chapter("reach")),
    (checks.receptive_reach, lambda: by_pixels),
    (checks.receptive_reach, lambda: lambda *sizes: np.float64(by_pixels(*sizes))),
]
WRONG = [
    (checks.identity_block, shifts, "for n = 1, batch norm changes its input"),
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
        "a = 1.5 you say 0.045, the right value is 0.03",
    ),
    (
        checks.unstable_error,
        lambda L, epsilon, norm, a: L * epsilon * (1 + norm),
        "for L = 50, epsilon = 0.01, norm = 2, a = 1.1 you say 1.5, the right",
    ),
    (
        checks.unstable_error,
        lambda L, epsilon, norm, a: by_recursion(L, epsilon, norm - 1, a),
        "you say 0.02, the right value is 0.03",
    ),
    (checks.unstable_error, lambda *_: "grows", "expected a number, got 'grows'"),
    (
        checks.receptive_reach,
        lambda layer, k, m: 2 * (layer + k - 1),
        "for layer 1, k = 1, m = 1 you say 2, the right value is 5",
    ),
    (
        checks.receptive_reach,
        lambda layer, k, m: by_pixels(layer, k, m) + 1,
        "for layer 1, k = 1, m = 2 you say 3, the right value is 2",
    ),
    (
        checks.receptive_reach,
        lambda layer, k, m: 2 * by_pixels(layer, k, layer + 1),
        "for layer 1, k = 1, m = 2 you say 4, the right value is 2",
    ),
    (checks.receptive_reach, lambda *_: [2, 5], "expected a number, got [2, 5]"),
]
FUNCTIONS = [checks.identity_block, checks.unstable_error, checks.receptive_reach]
VALUES = []
