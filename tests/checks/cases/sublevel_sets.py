from functools import partial

import numpy as np
import torch
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "05_sublevel_sets")


def nearly(a, b, x, phi):
    """The right path, with a last corner that is off."""
    path = chapter("corners")(a, b, x, phi)
    return [*path[:-1], (b[0] + 1e-3, b[1])]


def backwards(a, b, x, phi):
    """The path from b to a, walked back."""
    return chapter("corners")(b, a, x, phi)[::-1]


def in_tensors(a, b, x, phi):
    """Corners as torch tensors, each twice: a side of no length does not climb."""
    path = chapter("corners")(a, b, x, phi)
    return [tuple(map(torch.tensor, net)) for net in path for _ in range(2)]


def without_room(a, b, x, phi):
    """Only the upper layer slides, to b's, and then the lower one moves."""
    return [a, (a[0], b[1]), b]


def weakest(y):
    """The height from the eigenvalues of Y Y^T, rounded."""
    return round(np.linalg.eigvalsh(y @ y.T)[0] / (2 * len(y)), 6)


RIGHT = [
    (checks.level_path, lambda: chapter("corners")),
    (checks.level_path, lambda: backwards),
    (checks.level_path, lambda: in_tensors),
    (checks.pass_level, lambda: chapter("height")),
    (checks.pass_level, lambda: weakest),
    (checks.pass_level, lambda: lambda y: np.float32(weakest(y))),
]
WRONG = [
    (checks.level_path, lambda a, b, x, phi: [a, b], "pair 0: side 1 climbs"),
    (checks.level_path, lambda a, b, x, phi: [a], "pair 0: the last corner is off by"),
    (checks.level_path, lambda a, b, x, phi: [b, b], "the first corner is off by"),
    (checks.level_path, without_room, "pair 0: side 1 climbs"),
    (checks.level_path, nearly, "pair 0: the last corner is off by 0.001"),
    (checks.level_path, lambda a, b, x, phi: [], "every U needs shape (4, 10)"),
    (checks.level_path, lambda a, b, x, phi: [(a[0], b[0])], "every V (11, 2)"),
    (checks.level_path, lambda a, b, x, phi: 3.0, "expected a list of pairs (U, V)"),
    (checks.level_path, lambda a, b, x, phi: [(np.nan * a[0], a[1])], "is off by nan"),
    (checks.pass_level, lambda y: 1 / (2 * len(y)), "for a random matrix [3, 3] you"),
    (checks.pass_level, lambda y: 1.0, "for I of size 4 you say 1, the right value"),
    (checks.pass_level, lambda y: weakest(y) ** 0.5, "for I of size 4 you say 0.3536"),
    (checks.pass_level, lambda y: abs(np.prod(y.shape)) / 128, "for a random matrix"),
    (checks.pass_level, lambda y: "c", "for I of size 4 expected a number, got 'c'"),
]
FUNCTIONS = [checks.level_path, checks.pass_level]
VALUES = []
