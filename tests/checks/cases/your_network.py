from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "your_network")


def all_lengths(c, s):
    """Regions counted per unit of length."""
    return c, 1 / c, 1, 1


def gains(c, s):
    """A sensitivity that is not normalised."""
    return c, 1, s / c, 1


RIGHT = [
    (checks.report_factors, lambda: chapter("report_factors")),
    (checks.report_factors, lambda: lambda c, s: np.array([c, 1, 1, 1])),
    (checks.report_factors, lambda: lambda c, s: [np.float32(c), 1, s / s, c / c]),
]
WRONG = [
    (
        checks.report_factors,
        lambda c, s: (1, 1, 1, 1),
        "for c = 255, s = 1 you say the distance to the nearest error is 1 times as "
        "large, the right factor is 255",
    ),
    (checks.report_factors, all_lengths, "the number of regions on a line is 0.00392"),
    (checks.report_factors, gains, "the sensitivity of the output is 0.00392"),
    (checks.report_factors, lambda c, s: (c, 1, 1, s), "the exponent alpha is 4 times"),
    (
        checks.report_factors,
        lambda c, s: (c, 1, 1),
        "expected four factors, got (2",
    ),
    (checks.report_factors, lambda c, s: c, "expected four factors, got 255.0"),
    (checks.report_factors, lambda c, s: (c, 1, 1, "one"), "alpha is nan times"),
]
FUNCTIONS = [checks.report_factors]
VALUES = []
