from fractions import Fraction
from functools import partial

import numpy as np
import torch
from checks.cases import solution

from helpers import checks

chapter = partial(solution, "03_well_behaved")


def frozen(y, dy):
    z, _ = chapter("batch_norm")(y, dy)
    return z, dy / y.std(axis=0)


def without_mean(y, dy):
    """The mean of the noise is taken off, its part along the signal is not."""
    z, dz = frozen(y, dy)
    return z, dz - dz.mean(axis=0)


def differences(y, dy):
    """A shortcut: no derivative, but two batches close to each other."""
    first, second = ((x - x.mean(0)) / x.std(0) for x in (y, y + 1e-7 * dy))
    return first, (second - first) / 1e-7


def by_torch(y, dy):
    """The derivative by automatic differentiation, as tensors."""

    def normalized(x):
        return (x - x.mean(0)) / x.std(0, correction=0)

    jvp = torch.autograd.functional.jvp
    return jvp(normalized, torch.tensor(y), torch.tensor(dy))


def by_covariance(y, dy):
    """The same with the derivative of the variance written out."""
    z = (y - y.mean(0)) / y.std(0)
    half = ((y - y.mean(0)) * (dy - dy.mean(0))).mean(0) / y.var(0)
    return z, (dy - dy.mean(0)) / y.std(0) - z * half


def rounded_chi(c, k):
    """With the constant as the chapter prints it."""
    return round((1 + c) ** ((1.2112 ** (2 * k) - 1) / 2), 4)


RIGHT = [
    (checks.full_tangent, lambda: chapter("batch_norm")),
    (checks.full_tangent, lambda: by_torch),
    (checks.full_tangent, lambda: by_covariance),
    (checks.batch_norm_growth, lambda: chapter("rank_growth")),
    (checks.batch_norm_growth, lambda: lambda m: round((m / (m - 2)) ** 0.5, 4)),
    (checks.batch_norm_growth, lambda: lambda m: Fraction(m, m - 2) ** 0.5),
    (checks.scaled_branch, lambda: chapter("bounded_chi")),
    (checks.scaled_branch, lambda: rounded_chi),
    (checks.scaled_branch, lambda: lambda c, k: np.float32(rounded_chi(c, k))),
]
WRONG = [
    (checks.full_tangent, frozen, "batch 0: dz is off by up to"),
    (checks.full_tangent, without_mean, "batch 0: dz is off by up to"),
    (checks.full_tangent, differences, "dz is off by up to"),
    (checks.full_tangent, lambda y, dy: (y, dy), "z is not centred with variance 1"),
    (checks.full_tangent, lambda y, dy: (y[0], dy), "z and dz need shape (16, 3)"),
    (checks.full_tangent, lambda y, dy: 3.0, "expected a pair of arrays (z, dz)"),
    (checks.batch_norm_growth, lambda m: 1.0, "for m = 3 you say 1, the right"),
    (checks.batch_norm_growth, lambda m: m / (m - 2), "for m = 3 you say 3, the right"),
    (checks.batch_norm_growth, lambda m: "m", "for m = 3 expected a number, got 'm'"),
    (checks.scaled_branch, lambda c, k: 1 + c, "for c = 0.1, k = 1 you say 1.1"),
    (checks.scaled_branch, lambda c, k: np.exp(0.2335 * c * k), "for c = 0.1, k = 1"),
    (checks.scaled_branch, lambda c, k: rounded_chi(c, 1), "for c = 1, k = 2 you say"),
]
FUNCTIONS = [checks.full_tangent, checks.batch_norm_growth, checks.scaled_branch]
VALUES = []
