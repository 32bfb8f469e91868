from functools import partial

from checks.cases import solution

from helpers import checks

chapter = partial(solution, "01_linear_regions")


def only_one_kink(layers, start, end):
    right = chapter("hard_tanh_breakpoints")(layers, start, end)
    return right[::2]


RIGHT = [
    (checks.hard_tanh_breakpoints, lambda: chapter("hard_tanh_breakpoints")),
    (checks.angle_law, lambda: chapter("one_neuron")),
    (checks.half_of_layer_three, lambda: 2 / 3),
]
WRONG = [
    (checks.hard_tanh_breakpoints, only_one_kink, "breakpoints found, there are"),
    (checks.hard_tanh_breakpoints, lambda *_: "many", "expected an array of numbers"),
    (
        checks.hard_tanh_breakpoints,
        lambda *case: chapter("hard_tanh_breakpoints")(*case) + 1e-6,
        "you say",
    ),
    (checks.angle_law, lambda p, q, sigma_b: 0.5, "the right value is"),
    (checks.angle_law, lambda p, q, sigma_b: "half", "the right value is"),
    (checks.half_of_layer_three, 1.0, "with 1 the segment holds"),
    (checks.half_of_layer_three, -1.0, "a variance is a number above 0, got -1.0"),
    (checks.half_of_layer_three, "a half", "a variance is a number above 0"),
]
FUNCTIONS = [checks.hard_tanh_breakpoints, checks.angle_law]
VALUES = [checks.half_of_layer_three]
