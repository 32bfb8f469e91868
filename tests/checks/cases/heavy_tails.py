from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks, heavy_tails

chapter = partial(solution, "09_heavy_tails")


def first_tail(values):
    """The exponent with the smallest value as xmin."""
    return 1 + len(values) / np.log(values / values.min()).sum(), values.min()


def by_bisection(top, q):
    """theta from the forward formula alone."""
    low, high = q**-0.25, 100.0
    for _ in range(100):
        middle = (low + high) / 2
        below = heavy_tails.bbp(middle, q).position < top
        low, high = (middle, high) if below else (low, middle)
    return low


def scan(distance):
    """A scan of all starts, by a distance of law and tail at its values."""

    def answer(values):
        x = np.sort(np.asarray(values))
        fits = []
        for i in range(len(x) - 1):
            n = len(x) - i
            alpha = 1 + n / np.log(x[i:] / x[i]).sum()
            law = 1 - (x[i:] / x[i]) ** (1 - alpha)
            fits.append((distance(law, np.arange(n) / n), alpha, x[i]))
        return min(fits)[1:]

    return answer


def one_sided(law, share):
    return np.abs(law - share).max()


def two_sided(law, share):
    return max((share + 1 / len(share) - law).max(), (law - share).max())


def longest(law, share):
    """All but a few values, wherever the law fits worst."""
    return -len(law)


RIGHT = [
    (checks.untouched_sigma, lambda: 0.87963 * (2 * 4096 / 4480) ** 0.5),
    (checks.untouched_sigma, lambda: 1.19),
    (checks.untouched_sigma, lambda: np.float32(1.1895)),
    (checks.untouched_sigma, lambda: np.array(1.1895)),
    (checks.power_law_scan, lambda: chapter("power_law_scan")),
    (checks.power_law_scan, lambda: scan(one_sided)),
    (checks.power_law_scan, lambda: scan(two_sided)),
    (checks.spike_strength, lambda: chapter("spike_strength")),
    (checks.spike_strength, lambda: by_bisection),
    (checks.spike_strength, lambda: lambda x, q: np.array(by_bisection(x, q))),
]
WRONG = [
    (checks.untouched_sigma, 1.3522, "that is the sigma before the values were cut"),
    (checks.untouched_sigma, 1.0, "with 1 the bulk would end at 1.706, the untouched"),
    (checks.untouched_sigma, 1.18, "with 1.18 the bulk would end at 2.376, the unto"),
    (checks.untouched_sigma, -1.0, "sigma is a number above 0, got -1.0"),
    (checks.untouched_sigma, "one", "sigma is a number above 0, got 'one'"),
    (checks.power_law_scan, first_tail, "; right are 4.718"),
    (checks.power_law_scan, scan(longest), "; right are 4.718"),
    (checks.power_law_scan, lambda x: 2.0, "expected a pair (alpha, lambda_min), got"),
    (
        checks.power_law_scan,
        lambda x: (heavy_tails.fit_power_law(x).alpha, x[0]),
        "for efficientnet-lite0-57934424/_fc.weight you say alpha = 4.717",
    ),
    (checks.spike_strength, lambda x, q: x**0.5, "the right value is 1.05"),
    (checks.spike_strength, lambda x, q: 1.05, "the right value is 1.5"),
    (
        checks.spike_strength,
        lambda x, q: (by_bisection(x, q) ** 2 * q) ** -0.5,
        "for top = 4.009529, Q = 1 you say",
    ),
]
FUNCTIONS = [checks.power_law_scan, checks.spike_strength]
VALUES = [checks.untouched_sigma]
