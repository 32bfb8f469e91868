from fractions import Fraction
from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "01_linear_regions")


def only_one_kink(layers, start, end):
    right = chapter("hard_tanh_breakpoints")(layers, start, end)
    return right[::2]


def listed(layers, start, end):
    return list(map(float, chapter("hard_tanh_breakpoints")(layers, start, end)))


def rounded(layers, start, end):
    return np.round(chapter("hard_tanh_breakpoints")(layers, start, end), 10)


def without_bias(p, q, sigma_b):
    cosine = p @ q / max(np.linalg.norm(p) * np.linalg.norm(q), 1e-300)
    return np.arccos(np.clip(cosine, -1, 1)) / np.pi


def by_the_law(p, q, sigma_b):
    """The Cauchy law of the chapter, integrated along the segment."""
    u = (q - p) / np.linalg.norm(q - p)
    nearest = p - (p @ u) * u
    gamma = np.sqrt(nearest @ nearest + sigma_b**2 * len(p) / 2)
    return (np.arctan(q @ u / gamma) - np.arctan(p @ u / gamma)) / np.pi


RIGHT = [
    (checks.hard_tanh_breakpoints, lambda: chapter("hard_tanh_breakpoints")),
    (checks.hard_tanh_breakpoints, lambda: listed),
    (checks.hard_tanh_breakpoints, lambda: rounded),
    (checks.angle_law, lambda: chapter("one_neuron")),
    (checks.angle_law, lambda: by_the_law),
    (checks.angle_law, lambda: lambda *case: np.float32(by_the_law(*case))),
    (checks.half_of_layer_three, lambda: 2 / 3),
    (checks.half_of_layer_three, lambda: Fraction(2, 3)),
    (checks.half_of_layer_three, lambda: 0.6667),
    (checks.half_of_layer_three, lambda: np.float32(2 / 3)),
]
WRONG = [
    (checks.hard_tanh_breakpoints, only_one_kink, "breakpoints found, there are"),
    (checks.hard_tanh_breakpoints, lambda *_: "many", "expected an array of numbers"),
    (
        checks.hard_tanh_breakpoints,
        lambda *case: chapter("hard_tanh_breakpoints")(*case) + 1e-6,
        "you say",
    ),
    (
        checks.hard_tanh_breakpoints,
        lambda *case: chapter("hard_tanh_breakpoints")(*case)[:, None],
        "expected numbers in a row, got an array of shape",
    ),
    (
        checks.hard_tanh_breakpoints,
        lambda *case: chapter("hard_tanh_breakpoints")(*case) * np.nan,
        "you say nan",
    ),
    (checks.angle_law, lambda p, q, sigma_b: 0.5, "the right value is"),
    (checks.angle_law, lambda p, q, sigma_b: "half", "you say nan, the right value is"),
    (checks.angle_law, without_bias, "the right value is"),
    (
        checks.half_of_layer_three,
        1.0,
        "with sigma_b^2 = 1 the segment holds 0.4359 of the breakpoints of layer 3, "
        "not 0.5",
    ),
    (checks.half_of_layer_three, (2 / 3) ** 0.5, "with sigma_b^2 = 0.816497"),
    (checks.half_of_layer_three, 0.67, "holds 0.4992 of"),
    (checks.half_of_layer_three, -1.0, "a variance is a number above 0, got -1.0"),
    (checks.half_of_layer_three, "a half", "a variance is a number above 0"),
]
FUNCTIONS = [checks.hard_tanh_breakpoints, checks.angle_law]
VALUES = [checks.half_of_layer_three]
