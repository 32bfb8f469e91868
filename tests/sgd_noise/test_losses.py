"""The clipped loss, and what it does to gradients and curvature."""

import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import CLASSES, N, X, errors, net_of

from helpers import networks
from helpers import sgd_noise as sn


def test_the_clipped_loss():
    loss = sn.clipped_square(0.1)
    outputs = torch.tensor([[-1.0], [0.3], [2.0]])
    value = loss(outputs, torch.tensor([0.0, 1.0, 1.0]))
    assert float(value) == pytest.approx((0.01 + 0.49 + 0.01) / 3)


def test_the_sandwich_of_one_hidden_layer():
    """2 delta^2 H <= E g g' <= 2 (1 - delta)^2 H wherever the network is."""
    delta, targets = 0.1, (X[:, 0] > X[:, 1]).double()
    net = networks.mlp([5, 20, 1], seed=1)
    net[2].requires_grad_(False)
    loss = sn.clipped_square(delta)
    h = sn.hessian(net, X, targets, loss=loss)
    rows = sn.per_sample_gradients(net, X, targets, loss=loss)
    second = rows.T @ rows / N
    assert np.linalg.eigvalsh(second - 2 * delta**2 * h)[0] > -1e-10
    assert np.linalg.eigvalsh(2 * (1 - delta) ** 2 * h - second)[0] > -1e-10
    assert np.trace(h) > 0


@errors(
    [
        (lambda: sn.clipped_square(0.5), "delta must lie in (0, 1/2), got 0.5"),
        (
            lambda: sn.per_sample_gradients(net_of(), X, CLASSES, loss="hinge"),
            "loss must be 'cross_entropy' or 'mse' or a callable, got 'hinge'",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
