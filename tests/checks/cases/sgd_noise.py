from functools import partial

import numpy as np
import torch
from checks.cases import solution
from scipy.linalg import expm
from scipy.optimize import brentq

from helpers import checks

chapter = partial(solution, "06_sgd_noise")


def by_exponential(H, Sigma, eta, t):
    """No eigenvectors: the trace with a matrix exponential."""
    r = len(H) * np.trace(H @ Sigma) / np.trace(H) / np.trace(Sigma)
    return [r, eta / 4 * np.trace((np.eye(len(H)) - expm(-2 * H * t)) @ Sigma)]


def in_torch(H, Sigma, eta, t):
    return torch.tensor(by_exponential(H, Sigma, eta, t))


def by_brentq(lam):
    def head_start(t):
        rise = 1 - np.exp(-2 * lam * t)
        return (lam @ rise) / lam.sum() / rise.mean() - 1.1

    return np.array([brentq(head_start, 1e-3, 1e6)])[0]


def centred_rows(G, batch_size, w):
    return (G - G.mean(0)).T @ w / (len(G) * batch_size) ** 0.5


def as_a_list(G, batch_size, w):
    return [torch.tensor(part) for part in centred_rows(G, batch_size, w)]


def half_rate(H, Sigma, eta, t):
    r, _ = chapter("escape")(H, Sigma, eta, t)
    return r, eta / 4 * np.trace(Sigma)


def inverted(H, Sigma, eta, t):
    r, loss = chapter("escape")(H, Sigma, eta, t)
    return 1 / r, loss


def short_time(H, Sigma, eta, t):
    r, _ = chapter("escape")(H, Sigma, eta, t)
    return r, eta * t / 2 * np.trace(H @ Sigma)


def uncentred(G, batch_size, z):
    return G.T @ z / np.sqrt(len(G) * batch_size)


def without_batch(G, batch_size, w):
    return G.T @ (w - w.mean()) / len(G) ** 0.5


RIGHT = [
    (checks.quadratic_escape, lambda: chapter("escape")),
    (checks.quadratic_escape, lambda: by_exponential),
    (checks.quadratic_escape, lambda: in_torch),
    (checks.forgetting_time, lambda: chapter("forgotten")),
    (checks.forgetting_time, lambda: by_brentq),
    (checks.forgetting_time, lambda: lambda lam: torch.tensor(by_brentq(lam))),
    (checks.gaussian_noise, lambda: chapter("gaussian_noise")),
    (checks.gaussian_noise, lambda: centred_rows),
    (checks.gaussian_noise, lambda: as_a_list),
]
WRONG = [
    (checks.quadratic_escape, lambda *_: 1.0, "expected a pair (r, excess loss)"),
    (checks.quadratic_escape, lambda *_: ("r", 1), "expected a pair (r, excess loss)"),
    (checks.quadratic_escape, lambda *_: (1.0, 1.0), "you say that r is 1, the"),
    (checks.quadratic_escape, inverted, "you say that r is"),
    (checks.quadratic_escape, half_rate, "you say that the excess loss is"),
    (checks.quadratic_escape, short_time, "you say that the excess loss is"),
    (checks.forgetting_time, lambda lam: 1.0, "for lambda_i = i^-0.8 you say 1, the"),
    (checks.forgetting_time, lambda lam: 1 / lam[-1], "for lambda_i = i^-0.8 you say"),
    (
        checks.forgetting_time,
        lambda lam: by_brentq(lam) + 1e-3,
        "for lambda_i = i^-0.8 you say",
    ),
    (checks.forgetting_time, lambda lam: "late", "expected a number, got 'late'"),
    (
        checks.gaussian_noise,
        uncentred,
        "for N = 6, D = 3, batch size 1 the draw's trace is",
    ),
    (
        checks.gaussian_noise,
        without_batch,
        "for N = 5, D = 9, batch size 4 the draw's trace is",
    ),
    (checks.gaussian_noise, lambda G, m, z: 1.0, "expected 3 numbers, got shape ()"),
    (checks.gaussian_noise, lambda G, m, w: ["a"] * 3, "the draw's trace is nan"),
]
FUNCTIONS = [checks.quadratic_escape, checks.forgetting_time, checks.gaussian_noise]
VALUES = []
