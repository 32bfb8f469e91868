"""Gradients of single samples against torch.func."""

import re

import numpy as np
import pytest
from sgd_noise.cases import CASES, CLASSES, UNTRAINED, X, errors, net_of, rows_of
from torch import nn

from helpers import sgd_noise as sn
from helpers.sgd_noise.stack import Stack


@pytest.mark.parametrize(("make", "y", "loss", "function"), CASES)
def test_gradients_of_single_samples(make, y, loss, function):
    net = make()
    rows = sn.per_sample_gradients(net, X, y, loss=loss)
    np.testing.assert_allclose(rows, rows_of(net, function, y), atol=1e-12)


def test_stacks_are_of_one_architecture():
    with pytest.raises(ValueError, match="same architecture"):
        Stack([net_of(), net_of(widths=(5, 7, 5, 3))])


@pytest.mark.parametrize(
    ("net", "told"),
    [
        (nn.Linear(5, 3).double(), "must be a torch.nn.Sequential of Linear layers"),
        (nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3)), "got BatchNorm1d"),
    ],
)
def test_stacks_of_other_networks_are_told_what_is_allowed(net, told):
    with pytest.raises(TypeError, match=told):
        Stack([net])


@errors(
    [
        (
            lambda: sn.per_sample_gradients(UNTRAINED, X, CLASSES),
            "net has no parameter with requires_grad",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
