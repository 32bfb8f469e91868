from functools import partial

import numpy as np
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


RIGHT = [
    (checks.edge_point, lambda: chapter("eoc")),
    (checks.leaky_like_residual, lambda: (3 - 5**0.5) / 2),
]
WRONG = [
    (checks.edge_point, lambda *_: (1.0, 1.0), "for tanh at sigma_b = 0.05 you say"),
    (checks.edge_point, lambda *_: 1.0, "expected a pair (sigma_w, q), got 1.0"),
    (checks.edge_point, iterated, "the right values are 1.1225390 and"),
    (checks.leaky_like_residual, 0.5, "with slope 0.5 the map bends 0.200 times"),
    (checks.leaky_like_residual, 2.0, "a number between 0 and 1, got 2.0"),
    (checks.leaky_like_residual, "third", "a number between 0 and 1, got 'third'"),
]
FUNCTIONS = [checks.edge_point]
VALUES = [checks.leaky_like_residual]
