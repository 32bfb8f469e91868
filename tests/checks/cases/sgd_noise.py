from functools import partial

import numpy as np
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "06_sgd_noise")


def half_rate(H, Sigma, eta, t):
    r, _ = chapter("escape")(H, Sigma, eta, t)
    return r, eta / 4 * np.trace(Sigma)


def uncentred(G, batch_size, z):
    return G.T @ z / np.sqrt(len(G) * batch_size)


RIGHT = [
    (checks.quadratic_escape, lambda: chapter("escape")),
    (checks.forgetting_time, lambda: chapter("forgotten")),
    (checks.gaussian_noise, lambda: chapter("gaussian_noise")),
]
WRONG = [
    (checks.quadratic_escape, lambda *_: 1.0, "expected a pair (r, excess loss)"),
    (checks.quadratic_escape, lambda *_: (1.0, 1.0), "you say that r is 1.0, the"),
    (checks.quadratic_escape, half_rate, "you say that the excess loss is"),
    (checks.forgetting_time, lambda lam: 1.0, "for lambda_i = i^-0.8 you say 1.0"),
    (checks.gaussian_noise, uncentred, "for N = 6, D = 3, m = 1 the draw's trace is"),
    (checks.gaussian_noise, lambda G, m, z: 1.0, "expected 3 numbers, got shape ()"),
]
FUNCTIONS = [checks.quadratic_escape, checks.forgetting_time, checks.gaussian_noise]
VALUES = []
