from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "05_sublevel_sets")


def nearly(a, b, x, phi):
    """The right path, with a last corner that is off."""
    path = chapter("corners")(a, b, x, phi)
    return [*path[:-1], (b[0] + 1e-3, b[1])]


RIGHT = [
    (checks.level_path, lambda: chapter("corners")),
    (checks.pass_level, lambda: chapter("height")),
]
WRONG = [
    (checks.level_path, lambda a, b, x, phi: [a, b], "pair 0: side 1 climbs"),
    (checks.level_path, lambda a, b, x, phi: [a], "pair 0: the last corner is off by"),
    (checks.level_path, lambda a, b, x, phi: [b, b], "the first corner is off by"),
    (checks.level_path, nearly, "pair 0: the last corner is off by 0.001"),
    (checks.level_path, lambda a, b, x, phi: [], "every U needs shape (4, 10)"),
    (checks.level_path, lambda a, b, x, phi: [(a[0], b[0])], "every V (11, 2)"),
    (checks.level_path, lambda a, b, x, phi: 3.0, "expected a list of pairs (U, V)"),
    (checks.level_path, lambda a, b, x, phi: [(np.nan * a[0], a[1])], "is off by nan"),
    (checks.pass_level, lambda y: 1 / (2 * len(y)), "for a random matrix [3, 3] you"),
    (checks.pass_level, lambda y: 1.0, "for I of size 4 you say 1.0, the right value"),
]
FUNCTIONS = [checks.level_path, checks.pass_level]
VALUES = []
