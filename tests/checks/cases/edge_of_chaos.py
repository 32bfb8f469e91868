from fractions import Fraction
from functools import partial

import numpy as np
import torch
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "02_edge_of_chaos")


def iterated(phi, dphi, sigma_b):
    """The recipe of the paper, cut off after 200 steps."""
    z = np.linspace(-9, 9, 2001)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    q = 0.0
    for _ in range(200):
        x = np.sqrt(q) * z
        slope = weight @ dphi(x) ** 2
        q = sigma_b**2 + weight @ phi(x) ** 2 / slope
    return slope**-0.5, q


def as_array(*case):
    return np.array(chapter("eoc")(*case))


def as_tensors(*case):
    return [torch.tensor(value) for value in chapter("eoc")(*case)]


def swapped(*case):
    return chapter("eoc")(*case)[::-1]


RIGHT = [
    (checks.edge_point, lambda: chapter("eoc")),
    (checks.edge_point, lambda: as_array),
    (checks.edge_point, lambda: as_tensors),
    (checks.leaky_like_residual, lambda: (3 - 5**0.5) / 2),
    (checks.leaky_like_residual, lambda: 0.382),
    (checks.leaky_like_residual, lambda: np.float32(0.381966)),
    (checks.leaky_like_residual, lambda: Fraction(191, 500)),
]
WRONG = [
    (
        checks.edge_point,
        lambda *_: (1.0, 1.0),
        "for tanh at sigma_b = 0.05 you say sigma_w = 1, the right value is 1.123",
    ),
    (checks.edge_point, lambda *_: 1.0, "expected a pair (sigma_w, q), got 1.0"),
    (
        checks.edge_point,
        lambda *_: np.array(1.0),
        "expected a pair (sigma_w, q), got array(1.)",
    ),
    (checks.edge_point, iterated, "for tanh at sigma_b = 0.05 you say"),
    (checks.edge_point, swapped, "for tanh at sigma_b = 0.05 you say sigma_w = 0.1537"),
    (checks.edge_point, lambda *_: "ab", "you say sigma_w = nan"),
    (
        checks.leaky_like_residual,
        0.5,
        "with a = 0.5 the leaky ReLU has p = 0.2, the residual network p = 0.3333",
    ),
    (checks.leaky_like_residual, 0.38, "p = 0.3359, the residual network p = 0.3333"),
    (checks.leaky_like_residual, 2.0, "a number between 0 and 1, got 2.0"),
    (checks.leaky_like_residual, "third", "a number between 0 and 1, got 'third'"),
]
FUNCTIONS = [checks.edge_point]
VALUES = [checks.leaky_like_residual]
