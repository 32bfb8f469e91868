"""The clipped loss, and what it does to gradients and curvature."""

import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import CLASSES, N, X, errors, net_of
from torch.nn import functional

from helpers import networks
from helpers import sgd_noise as sn
from helpers.sgd_noise.losses import read_loss


def test_cross_entropy_is_that_of_torch_with_its_gradient():
    """To rounding of float64, a few 1e-16 times outputs of size 10."""
    outputs = (10 * X[:, :3]).requires_grad_()
    values = read_loss("cross_entropy"), functional.cross_entropy
    ours, theirs = (loss(outputs, CLASSES) for loss in values)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-14)
    slopes = [torch.autograd.grad(value, outputs)[0] for value in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-15)


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
