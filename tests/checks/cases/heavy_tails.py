from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks, heavy_tails

chapter = partial(solution, "09_heavy_tails")


def first_tail(values):
    """The exponent with the smallest value as xmin."""
    return 1 + len(values) / np.log(values / values.min()).sum(), values.min()


RIGHT = [
    (checks.untouched_sigma, lambda: 0.87963 * (2 * 4096 / 4480) ** 0.5),
    (checks.power_law_scan, lambda: chapter("power_law_scan")),
    (checks.spike_strength, lambda: chapter("spike_strength")),
]
WRONG = [
    (checks.untouched_sigma, 1.3522, "that is the sigma before the values were cut"),
    (checks.untouched_sigma, 1.0, "with 1 the bulk would end at 1.706, the untouched"),
    (checks.untouched_sigma, -1.0, "sigma is a number above 0, got -1.0"),
    (checks.untouched_sigma, "one", "sigma is a number above 0, got 'one'"),
    (checks.power_law_scan, first_tail, "; right are 4.717"),
    (checks.power_law_scan, lambda x: 2.0, "expected a pair (alpha, xmin), got 2.0"),
    (
        checks.power_law_scan,
        lambda x: (heavy_tails.fit_power_law(x).alpha, x[0]),
        "for efficientnet-lite0-57934424/_fc.weight you say alpha = 4.717",
    ),
    (checks.spike_strength, lambda x, q: x**0.5, "the right value is 1.05"),
]
FUNCTIONS = [checks.power_law_scan, checks.spike_strength]
VALUES = [checks.untouched_sigma]
