"""What is said of data, matrices and numbers out of range."""

import math
import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import ASYMMETRIC, CLASSES, H2, S2, X, errors, net_of

from helpers import sgd_noise as sn

WORDS = np.array([["cat"] * 5] * 30)


@errors(
    [
        (
            lambda: sn.ou_escape(np.ones(3), S2, 1, 1),
            "hessian must be [D, D] with D >= 1, got shape [3]",
        ),
        (
            lambda: sn.descent_escape(H2, np.zeros((0, 0)), 1, 1),
            "covariance must be [D, D] with D >= 1, got shape [0, 0]",
        ),
        (lambda: sn.ou_escape(H2, S2, 1, 1j), "t must be real numbers, got dtype"),
        (lambda: sn.escape_indicator(1j * H2, S2), "hessian must be real numbers"),
        (lambda: sn.ratio_bound(1j, 1, 1.0), "dimension must be real numbers"),
        (lambda: sn.ratio_bound(5, 1, math.nan), "gap must be a number, got nan"),
        (lambda: sn.ratio_bound(math.inf, 1, 1.0), "dimension must be finite"),
        (lambda: sn.ou_escape(ASYMMETRIC, S2, 1, 1), "hessian must be symmetric"),
        (
            lambda: sn.ou_escape(H2 * np.nan, S2, 1, 1),
            "hessian must be finite, got NaN",
        ),
        (lambda: sn.ou_escape(H2, S2, 0, 1), "eta must be finite and > 0, got 0"),
        (lambda: sn.descent_escape(H2, S2, math.nan, 1), "eta must be finite and > 0"),
        (lambda: sn.escape_indicator(H2, ASYMMETRIC), "noise must be symmetric"),
        (
            lambda: sn.per_sample_gradients(net_of(), X, CLASSES[:3]),
            "x must be [n, ...] and y start with the same n >= 1, got [30, 5] and [3]",
        ),
        (
            lambda: sn.per_sample_gradients(net_of(), X * torch.nan, CLASSES),
            "x must be real and finite, got NaN or infinity",
        ),
        (
            lambda: sn.per_sample_gradients(net_of(), None, CLASSES),
            "x must be a tensor of numbers: ",
        ),
        (
            lambda: sn.per_sample_gradients(net_of(), WORDS, CLASSES),
            "x must be a tensor of numbers: ",
        ),
        (
            lambda: sn.dynamics(net_of(), X, WORDS, "gd", lr=1, steps=1, seed=0),
            "y must be a tensor of numbers: ",
        ),
        (
            lambda: sn.GradientNoise(net_of(), X, CLASSES, 0),
            "batch_size must be in 1..30, got 0",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises((ValueError, TypeError), match=re.escape(told)):
        call()
