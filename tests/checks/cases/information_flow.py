from functools import partial

from checks.cases import solution

from helpers import checks

chapter = partial(solution, "08_information_flow")


def without_the_noise(w, b, beta):
    return 1.3863


RIGHT = [
    (checks.relu_information, lambda: chapter("relu_information")),
    (checks.samples_needed, lambda: chapter("samples_needed")),
]
WRONG = [
    (checks.relu_information, without_the_noise, "for w = 1.0, b = 0.5, beta = 0.1"),
    (
        checks.relu_information,
        lambda *case: chapter("relu_information")(*case) + 2e-4,
        "the right value is",
    ),
    (checks.relu_information, lambda *_: "much", "you say much, the right value is"),
    (
        checks.samples_needed,
        lambda d, c, epsilon: ((1 + c) ** d - 1) / epsilon,
        "for d = 1, c = 0.5504, epsilon = 0.01 you say",
    ),
    (checks.samples_needed, lambda *_: 10, "the right value is 28"),
]
FUNCTIONS = [checks.relu_information, checks.samples_needed]
VALUES = []
