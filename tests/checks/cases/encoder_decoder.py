from functools import partial
from math import comb

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "04_encoder_decoder")


def without_skip(psi, alpha, skip):
    return chapter("dual_filters")(psi, alpha, False)


def infinite(psi, alpha, skip):
    return np.full(psi.shape, np.inf)


def general_position(normals):
    n, d = normals.shape
    return 2 * sum(comb(n - 1, j) for j in range(d))


RIGHT = [
    (checks.dual_filters, lambda: chapter("dual_filters")),
    (checks.cone_count, lambda: chapter("cones_between")),
    (checks.threshold_sure, lambda: chapter("soft_sure")),
]
WRONG = [
    (checks.dual_filters, without_skip, "for alpha = 2, skip True the error is"),
    (checks.dual_filters, infinite, "for alpha = 1, skip False the error is inf"),
    (checks.dual_filters, lambda *_: np.eye(2), "an array of shape (8, 2, 3), got (2"),
    (checks.dual_filters, lambda *_: "psi", "(8, 2, 3), got something else"),
    (checks.cone_count, general_position, "for x_i = x_j in four dimensions you say"),
    (checks.cone_count, lambda normals: "many", "you say many, there are 8"),
    (checks.threshold_sure, lambda *_: 0.0, "for threshold 0.5, sigma 0.5 you say 0.0"),
]
FUNCTIONS = [checks.dual_filters, checks.cone_count, checks.threshold_sure]
VALUES = []
