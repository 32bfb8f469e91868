"""What is refused as a network."""

import math

import pytest
import torch
from sublevel_sets.cases import RELU, A, B, X, Y, nets
from torch import nn
from torch.nn.utils import prune

from helpers import sublevel_sets as ss
from helpers.sublevel_sets.matrices import read_network


def not_finite():
    net, _ = nets((4, 24, 3))
    with torch.no_grad():
        net[0].bias[0] = math.nan
    return net


def no_bias():
    return nn.Sequential(nn.Linear(4, 24, bias=False), nn.ReLU(), nn.Linear(24, 3))


def test_other_modules_are_refused_by_kind():
    with pytest.raises(TypeError, match=r"net must be a torch\.nn\.Sequential"):
        ss.swapped(nn.Linear(3, 2), 0, 1)
    with pytest.raises(TypeError, match="with a hidden layer or more"):
        ss.linear_path(nn.Sequential(nn.Linear(4, 3)), A, X, Y)


BAD = [
    (
        lambda: ss.linear_path(A, nets((4, 23, 3))[0], X, Y),
        "a and b must have the same",
    ),
    (lambda: ss.linear_path(A, nets((4, 24, 3), RELU)[0], X, Y), "and slopes, got"),
    (lambda: ss.linear_path(no_bias(), B, X, Y), "a: every Linear needs a bias"),
    (lambda: ss.linear_path(A, not_finite(), X, Y), "b must have finite parameters"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


class Doubled(nn.Linear):
    """A Linear that computes something else than its class says."""

    def forward(self, x):
        return 2 * super().forward(x)


class Negated(nn.Sequential):
    """A Sequential that computes something else than its layers say."""

    def forward(self, x):
        return -super().forward(x)


def layers(*first):
    return *first, nn.ReLU(), nn.Linear(4, 2)


def pruned():
    net = nn.Sequential(*layers(nn.Linear(3, 4)))
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        (nn.Sequential(*layers(Doubled(3, 4))), "a must be a torch.nn.Sequential of"),
        (pruned(), "a[0] has hooks"),
        (Negated(*layers(nn.Linear(3, 4))), "a does not compute what its layers say"),
    ],
)
def test_layers_that_do_not_compute_what_they_store_are_refused(net, sentence):
    with pytest.raises((TypeError, ValueError)) as raised:
        read_network("a", net)
    assert str(raised.value).startswith(sentence)
