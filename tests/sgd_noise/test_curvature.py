"""The Hessian, its products and its trace against torch.func."""

import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import CASES, CLASSES, UNTRAINED, VALUES, X, errors, net_of, twin
from torch import nn
from torch.func import jacrev

from helpers import sgd_noise as sn


@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_the_hessian_and_its_products(make, y, loss, function):
    net = make()
    theta, value = twin(net, function)
    exact = jacrev(jacrev(lambda t: value(t, X, y)))(theta).numpy()
    h = sn.HessianOperator(net, X, y, loss=loss)
    close = {"atol": 1e-10}
    np.testing.assert_allclose(sn.hessian(net, X, y, loss=loss), exact, **close)
    block = np.random.default_rng(1).normal(size=(len(exact), 3))
    np.testing.assert_allclose(h @ block, exact @ block, **close)
    np.testing.assert_allclose(h @ block[:, 0], exact @ block[:, 0], **close)
    np.testing.assert_allclose(h.T @ block, exact @ block, **close)
    assert h.trace() == pytest.approx(np.trace(exact))


def test_the_cheap_trace_is_used_for_straight_pieces_only(monkeypatch):
    def no_dense(self):
        raise AssertionError("dense")

    monkeypatch.setattr(sn.HessianOperator, "dense", no_dense)
    for name in ("relu", "leaky_relu", "abs", "identity", "hard_tanh"):
        sn.HessianOperator(net_of(name), X, CLASSES).trace()
    for name in ("tanh", "softplus", "elu"):
        with pytest.raises(AssertionError, match="dense"):
            sn.HessianOperator(net_of(name), X, CLASSES).trace()


def test_the_cheap_trace_of_a_loss_that_is_not_convex_in_the_outputs():
    """cos curves both ways: eigenvalues of the inner Hessians of both signs count."""

    def loss(outputs, y):
        return (outputs + y).cos().sum(1).mean()

    net = net_of()
    h = sn.HessianOperator(net, X, VALUES, loss=loss)
    assert h.trace() == pytest.approx(np.trace(h.dense()))


def test_products_are_made_in_blocks(monkeypatch):
    whole = sn.hessian(net_of(), X, CLASSES)
    monkeypatch.setattr("helpers.sgd_noise.curvature._ELEMENTS_AT_ONCE", 1)
    np.testing.assert_allclose(sn.hessian(net_of(), X, CLASSES), whole, atol=1e-14)


def test_the_hessian_keeps_the_parameters_it_was_given():
    net = net_of()
    h = sn.HessianOperator(net, X, CLASSES)
    v = np.random.default_rng(1).normal(size=h.shape[0])
    before = h @ v
    with torch.no_grad():
        net[0].weight.add_(1.0)
    np.testing.assert_array_equal(h @ v, before)
    assert all(p.grad is None for p in net.parameters())


def test_a_network_of_another_kind_has_a_hessian():
    net = nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.Linear(4, 3)).double()
    h = sn.HessianOperator(net, X, CLASSES)
    assert h.trace() == pytest.approx(np.trace(h.dense()))


@errors(
    [
        (
            lambda: sn.HessianOperator(UNTRAINED, X, CLASSES),
            "net has no parameter with requires_grad",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
