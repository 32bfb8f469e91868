from functools import partial

import numpy as np
import torch
from checks.cases import solution
from scipy import integrate, stats

from helpers import checks

chapter = partial(solution, "08_information_flow")


def without_the_noise(w, b, beta):
    return 1.3863


def by_quadrature(w, b, beta, activation=lambda z: np.maximum(z, 0)):
    """The entropy of T less that of the noise, by SciPy's quadrature."""
    s = activation(w * np.array([-3.0, -1.0, 1.0, 3.0]) + b)

    def surprise(t):
        p = stats.norm.pdf(t, s, beta).mean()
        return -p * np.log(p) if p > 0 else 0.0

    ends = s.min() - 9 * beta, s.max() + 9 * beta
    h, _ = integrate.quad(surprise, *ends, points=sorted(set(s)), limit=500)
    return h - stats.norm.entropy(scale=beta)


def too_short_a_grid(w, b, beta):
    """The grid of the tanh neuron, which ends at 1."""
    s = np.maximum(w * np.array([-3.0, -1.0, 1.0, 3.0]) + b, 0)
    t = np.linspace(-1 - 9 * beta, 1 + 9 * beta, 4000)
    p = stats.norm.pdf(t[:, None], s, beta).mean(axis=1)
    h = -(p * np.log(np.maximum(p, 1e-300))).sum() * (t[1] - t[0])
    return h - stats.norm.entropy(scale=beta)


RIGHT = [
    (checks.relu_information, lambda: chapter("relu_information")),
    (checks.relu_information, lambda: by_quadrature),
    (checks.relu_information, lambda: lambda *case: round(by_quadrature(*case), 4)),
    (
        checks.relu_information,
        lambda: lambda *case: torch.tensor(by_quadrature(*case)),
    ),
    (checks.samples_needed, lambda: chapter("samples_needed")),
    (
        checks.samples_needed,
        lambda: (
            lambda d, c, epsilon: np.ceil(np.expm1(d * np.log1p(c)) / (2 * epsilon))
        ),
    ),
    (
        checks.samples_needed,
        lambda: (
            lambda d, c, epsilon: torch.tensor(
                1 + int(((1 + c) ** d - 1) / 2 / epsilon)
            )
        ),
    ),
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
        checks.relu_information,
        lambda *case: by_quadrature(*case) / np.log(2),
        "the right value is",
    ),
    (
        checks.relu_information,
        lambda *case: by_quadrature(*case, np.tanh),
        "the right value is",
    ),
    (checks.relu_information, too_short_a_grid, "for w = 1.0, b = 0.5, beta = 0.1"),
    (
        checks.samples_needed,
        lambda d, c, epsilon: ((1 + c) ** d - 1) / epsilon,
        "for d = 1, c = 0.5504, epsilon = 0.01 you say 55.04, the right value is 28",
    ),
    (checks.samples_needed, lambda *_: 10, "the right value is 28"),
    (
        checks.samples_needed,
        lambda d, c, epsilon: round(((1 + c) ** d - 1) / (2 * epsilon)),
        "for d = 4, c = 0.9314, epsilon = 0.15 you say 43, the right value is 44",
    ),
    (
        checks.samples_needed,
        lambda d, c, epsilon: np.ceil(d * c / (2 * epsilon)),
        "the right value is 44",
    ),
]
FUNCTIONS = [checks.relu_information, checks.samples_needed]
VALUES = []
