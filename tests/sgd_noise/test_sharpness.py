"""Losses at displaced parameters against torch.func, sharpness against the trace."""

import math
import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import CLASSES, X, errors, frozen, net_of, twin
from torch.nn import functional

from helpers import sgd_noise as sn


def test_losses_at_displaced_parameters(monkeypatch):
    monkeypatch.setattr("helpers.sgd_noise.sharpness._NETWORKS_AT_ONCE", 2)
    for net in (net_of("tanh"), frozen()):
        theta, value = twin(net, functional.cross_entropy)
        steps = np.random.default_rng(1).normal(size=(5, len(theta)))
        right = [float(value(theta + torch.as_tensor(s), X, CLASSES)) for s in steps]
        found = sn.displaced_losses(net, X, CLASSES, steps)
        np.testing.assert_allclose(found, right)


def test_sharpness_is_half_the_trace():
    """To second order; the next is of order scale^2 and a thousandth here."""
    net = net_of("tanh")
    h = sn.HessianOperator(net, X, CLASSES)
    options = {"scale": 0.003, "draws": 2000, "seed": 0}
    mean, error = sn.expected_sharpness(net, X, CLASSES, **options)
    right = 0.003**2 / 2 * h.trace()
    assert abs(mean - right) < 5 * error + 2e-3 * right
    spread = 0.003**2 / 2 * math.sqrt(2 * np.sum(h.dense() ** 2) / 2000)
    assert error == pytest.approx(spread, rel=0.2)
    assert sn.expected_sharpness(net, X, CLASSES, **options)[0] == mean
    other = sn.expected_sharpness(net, X, CLASSES, **options | {"seed": 1})
    assert other[0] != mean


@errors(
    [
        (
            lambda: sn.displaced_losses(net_of(), X, CLASSES, np.zeros((2, 3))),
            "steps must be [K, 111], got shape [2, 3]",
        ),
        (
            lambda: sn.displaced_losses(net_of(), X, CLASSES, np.full((1, 111), 1e300)),
            "steps must lead to finite losses",
        ),
        (
            lambda: sn.expected_sharpness(net_of(), X, CLASSES, scale=1e77, seed=0),
            "scale must leave losses and their squares finite, got 1e+77",
        ),
        (
            lambda: sn.expected_sharpness(
                net_of(), X, CLASSES, scale=0.1, draws=2.0, seed=0
            ),
            "draws must be an integer >= 2, got 2.0",
        ),
        (
            lambda: sn.expected_sharpness(net_of(), X, CLASSES, scale=0.1, seed=0.0),
            "seed must be an integer from -2^63 to 2^64 - 1, got 0.0",
        ),
        (
            lambda: sn.expected_sharpness(net_of(), X, CLASSES, scale=0, seed=0),
            "scale must be finite and > 0, got 0",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
